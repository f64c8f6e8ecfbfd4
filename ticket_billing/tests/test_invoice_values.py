from copy import deepcopy
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from .common import TODAY, TicketBillingCase

MINUTES = (20, 35, 1, 45, 3, 210, 7, 12, 50, 91)
PRICES = (0.0, 0.01, 0.015, 1.005, 33.33, 89.9)
# Differ from one creation to the next, or name the records themselves.
OWN = {"id", "move_id", "create_date", "write_date", "access_token",
       "billing_released_on", "matching_number"}  # fmt: skip
REVERSE_CHARGE = "Steuerschuldnerschaft des Leistungsempfängers"


@tagged("post_install", "-at_install")
class TestInvoiceValues(TicketBillingCase):
    """Invoices that come complete equal those that Odoo completes, to the column."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)
        cls.policy.rounding_mode = "none"
        cls.contract.write({"discount": 12.5, "purchase_order_ref": "4500012345"})
        cls.contract.rate_ids.value = 73.5
        cls.product = cls.env["product.product"].create({"name": "SSD 1 TB"})
        for ticket in (cls.ticket, cls._create_ticket("Printer jams")):
            for minutes in MINUTES:
                cls._log(minutes, ticket=ticket, work_type_id=cls.onsite.id)
            for number, price in enumerate(PRICES):
                cls._add_charge(ticket, price, 1.37 + number)
        cls.other = cls._create_customer("Zweigwerk AG")
        cls._create_contract(cls.other, price=0.07)
        cls._log(35, ticket=cls._create_ticket("Slow mail", partner=cls.other))
        cls.values = cls.env["ticket.billing.invoice.values"]

    @classmethod
    def _add_charge(cls, ticket, price, quantity=1.0):
        return cls.env["ticket.billing.charge"].create(
            {
                "ticket_id": ticket.id,
                "product_id": cls.product.id,
                "price_unit": price,
                "quantity": quantity,
                "date": "2026-10-12",
            }
        )

    @classmethod
    def _create_tax(cls, name, amount, **vals):
        """A copy of the German sales tax at another rate."""
        tax = cls.company.account_sale_tax_id
        return tax.copy({"name": name, "amount": amount, **vals})

    @classmethod
    def _create_term(cls, *days, **vals):
        parts = [{"value_amount": 100 / len(days), "nb_days": day} for day in days]
        return cls.env["account.payment.term"].create(
            {
                "name": "Terms",
                "line_ids": [
                    Command.create({"value": "percent", **part}) for part in parts
                ],
                **vals,
            }
        )

    def _get_drafts(self):
        run = self.env["ticket.billing.run"].create(
            {"date": TODAY, "company_id": self.company.id}
        )
        run._add_lines(run._get_manual_contracts())
        contracts = run.line_ids.contract_id
        rater = self.env["ticket.billing.rater"]
        ratings = rater._rate(contracts, run._get_work(run.line_ids), run.date)
        ratings = {contract: ratings[contract.id] for contract in contracts}
        return self.env["ticket.billing.invoicer"]._get_drafts(ratings), run

    def _get_stored(self, drafts, run) -> dict:
        """All that is stored of the invoices, as drafts and posted; then undone."""
        stored = {}
        with self.env.cr.savepoint() as savepoint:
            invoicer = self.env["ticket.billing.invoicer"]
            created = invoicer._create_invoices(drafts, run)
            moves = self.env["account.move"].concat(*(move for move, _d in created))
            stored["draft"] = self._read(moves)
            for move in moves.filtered(lambda m: m.move_type == "out_refund"):
                move.reversed_entry_id = self._get_earlier_invoice(move)
            moves._post(soft=False)
            stored["posted"] = self._read(moves)
            savepoint.rollback()
        return stored

    def _get_earlier_invoice(self, move):
        """What a credit note corrects: the law wants it named."""
        return self.env["account.move"].search(
            [
                ("partner_id", "=", move.partner_id.id),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
            ],
            limit=1,
        )

    def _read(self, moves) -> list:
        """Rows of each move with its lines, and what links to them."""
        self.env.flush_all()
        result = []
        for move in moves:
            rows = self._fetch("account_move", "id = %s", move.id)
            lines = self._fetch("account_move_line", "move_id = %s", move.id)
            for line, vals in zip(move.line_ids.sorted("id"), lines, strict=True):
                vals["taxes"], vals["tags"] = line.tax_ids.ids, line.tax_tag_ids.ids
                vals["parent"] = line.parent_id.name
            result.append((rows, lines))
        return result

    def _fetch(self, table: str, where: str, key: int) -> list[dict]:
        self.env.cr.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY id", [key])
        return [
            {name: value for name, value in row.items() if name not in OWN}
            for row in self.env.cr.dictfetchall()
        ]

    def _check(self, complete=True):
        """Both ways of creating the same drafts store the same.

        :param complete: whether the values can be completed, or are left to Odoo
        """
        self.maxDiff = None
        drafts, run = self._get_drafts()
        self.assertGreaterEqual(len(drafts), 2)
        invoicer = self.env["ticket.billing.invoicer"]
        given = [invoicer._prepare_invoice(draft, run) for draft in drafts]
        for vals in self.values._complete(deepcopy(given)):
            self.assertEqual("line_ids" in vals, complete)
        ours = self._get_stored(drafts, run)
        with patch.object(type(self.values), "_complete", lambda self, vals: vals):
            odoos = self._get_stored(drafts, run)
        for state, rows in odoos.items():
            for mine, theirs in zip(ours[state], rows, strict=True):
                self.assertEqual(mine, theirs)

    # ---------------------------------------------------------------- complete

    def test_round_globally(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self._check()

    def test_round_per_line(self):
        self.company.tax_calculation_rounding_method = "round_per_line"
        self._check()

    def test_mixed_rates(self):
        self.product.taxes_id = self._create_tax("7 %", 7)
        self._check()

    def test_exempt(self):
        self.product.taxes_id = self._create_tax(
            "0 %", 0, invoice_legal_notes="<p>Sec. 4 No. 11 UStG</p>"
        )
        self._check()

    def test_exempt_only(self):
        self._tax_everything(amount=0, invoice_legal_notes="<p>Sec. 19 UStG</p>")
        self._check()

    def test_two_taxes(self):
        self.product.taxes_id |= self._create_tax("Levy", 1.1)
        self._check()

    def test_two_taxes_round_per_line(self):
        self.company.tax_calculation_rounding_method = "round_per_line"
        self.product.taxes_id |= self._create_tax("Levy", 1.1)
        self._check()

    def test_inside_eu(self):
        self.partner.write(
            {"country_id": self.env.ref("base.fr").id, "vat": "FR23334175221"}
        )
        self._add_note(REVERSE_CHARGE)
        self._check()

    def test_outside_eu(self):
        self.partner.country_id = self.env.ref("base.us")
        self._add_note("Nicht steuerbar in Deutschland")
        self._check()

    def _add_note(self, text):
        """The reason why no tax is charged, on what the customer's country chooses."""
        self.env["account.fiscal.position"].search(
            [("company_id", "=", self.company.id)]
        ).note = text

    def test_delivery_address(self):
        self._create_customer(
            "Lager", type="delivery", parent_id=self.partner.id, is_company=False
        )
        self._check()

    def test_invoice_address(self):
        self._create_customer(
            "Rechnungen", type="invoice", parent_id=self.partner.id, is_company=False
        )
        self._check()

    def test_payment_term_of_contract(self):
        self.contract.payment_term_id = self._create_term(14)
        self._check()

    def test_payment_term_of_customer(self):
        self.partner.property_payment_term_id = self._create_term(30)
        self._check()

    def test_instalments(self):
        self.contract.payment_term_id = self._create_term(14, 45)
        self._check()

    def test_instalments_of_one_day(self):
        self.contract.payment_term_id = self._create_term(14, 45, 14, 45)
        self._check()

    def test_own_accounts(self):
        receivable = self.partner.property_account_receivable_id.copy()
        self.partner.property_account_receivable_id = receivable
        income = self.env["account.account"].search(
            [("account_type", "=", "income")], limit=1
        )
        self.product.property_account_income_id = income.copy()
        self._check()

    def test_product_with_tags(self):
        self.product.account_tag_ids = self.env["account.account.tag"].create(
            {"name": "Hardware", "applicability": "products"}
        )
        self._check()

    def test_tax_of_account(self):
        income = self.product._get_product_accounts()["income"].copy()
        income.tax_ids = self._create_tax("7 %", 7)
        self.product.write(
            {"property_account_income_id": income.id, "taxes_id": [Command.clear()]}
        )
        self._check()

    def test_product_without_tax(self):
        self.product.taxes_id = False
        self._check()

    def test_other_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        (self.partner | self.other).lang = "de_DE"
        self._check()

    # ------------------------------------------------------------ left to Odoo

    def _check_left(self):
        """What is out of the ordinary is given to Odoo as it is."""
        self._check(complete=False)

    def _tax_everything(self, **vals):
        self.company.account_sale_tax_id.write(vals)

    def test_foreign_currency(self):
        currency = self.env.ref("base.CHF")
        currency.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2026-10-01", "rate": 0.94}
        )
        self.env["ticket.billing.contract"].search([]).currency_id = currency
        self._check_left()

    def test_credit_note(self):
        run = self._run()
        run._post(run.line_ids)
        for partner in (self.partner, self.other):
            ticket = self._create_ticket("Returned", partner=partner)
            self._add_charge(ticket, -3333.33)
        self._check_left()

    def test_early_discount(self):
        term = self._create_term(
            30, early_discount=True, discount_days=8, discount_percentage=2
        )
        self.env["ticket.billing.contract"].search([]).payment_term_id = term
        self._check_left()

    def test_analytic_distribution_rules(self):
        plan = self.env["account.analytic.plan"].create({"name": "Branches"})
        account = self.env["account.analytic.account"].create(
            {"name": "Hamburg", "plan_id": plan.id}
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "product_id": self.product.id,
                "analytic_distribution": {str(account.id): 100},
            }
        )
        self._check_left()

    def test_discounts_booked_apart(self):
        accounts = self.env["account.account"].search(
            [("account_type", "=", "expense")], limit=1
        )
        self.company.account_discount_expense_allocation_id = accounts
        self._check_left()

    def test_price_included(self):
        self._tax_everything(price_include_override="tax_included")
        self._check_left()

    def test_tax_that_affects_the_base(self):
        self._tax_everything(include_base_amount=True)
        self._check_left()

    def test_fixed_tax(self):
        self._tax_everything(amount_type="fixed", amount=0.11)
        self._check_left()

    def test_tax_on_payment(self):
        self.company.tax_exigibility = True
        account = self.env["account.account"].create(
            {
                "name": "Tax not due yet",
                "code": "177999",
                "account_type": "liability_current",
                "reconcile": True,
            }
        )
        self._tax_everything(
            tax_exigibility="on_payment", cash_basis_transition_account_id=account.id
        )
        self._check_left()

    def test_user_without_all_rights(self):
        drafts, run = self._get_drafts()
        invoicer = self.env["ticket.billing.invoicer"]
        given = [invoicer._prepare_invoice(draft, run) for draft in drafts]
        user = self._create_user("biller", "account.group_account_invoice")
        self.assertEqual(self.values.with_user(user)._complete(given), given)

from collections import defaultdict
from typing import NamedTuple

from odoo import Command, api, models

# Where these are given with an invoice, Odoo does not look for them again.
HEADER = (
    "journal_id",
    "fiscal_position_id",
    "partner_shipping_id",
    "invoice_payment_term_id",
)


class LineDefaults(NamedTuple):
    """What Odoo finds for a product, by company and fiscal position."""

    account: models.BaseModel
    taxes: models.BaseModel
    unit: models.BaseModel


class TicketBillingInvoiceValues(models.AbstractModel):
    """Gives new invoices what Odoo would otherwise compute after creating them.

    Odoo leaves taxes, balances and terms alone that come with a new invoice; setting
    them line by line takes half of the time of creating one. The values are those of
    Odoo's own computes and tax engine. What is out of the ordinary is left to Odoo.
    What Odoo computes in any case is given too: a line whose stored values turn out
    to be right is not written a second time.
    """

    _name = "ticket.billing.invoice.values"
    _description = "Complete Values of New Invoices"

    @api.model
    def _create(self, vals_list: list[dict]):
        """Create the invoices, in the order of their values.

        Odoo adds no terms at all where one invoice of a batch comes with its own.
        """
        groups = defaultdict(dict)
        for number, vals in enumerate(self._complete(vals_list)):
            groups[self._has_terms(vals)][number] = vals
        model = self.env["account.move"].with_context(
            default_move_type="out_invoice",
            mail_create_nolog=True,
            skip_is_manually_modified=True,  # computed values are no changes
        )
        moves = {}
        for group in groups.values():
            created = model.create(list(group.values()))
            moves.update(zip(group, created, strict=True))
        ordered = model.concat(*(moves[number] for number in range(len(vals_list))))
        return ordered.with_env(self.env)

    @api.model
    def _has_terms(self, vals: dict) -> bool:
        lines = (line for _command, _id, line in vals.get("line_ids", ()))
        return any(line["display_type"] == "payment_term" for line in lines)

    @api.model
    def _complete(self, vals_list: list[dict]) -> list[dict]:
        """The same invoices, complete where they are simple."""
        if not self.env.su or self._has_distribution_rules():
            return vals_list
        self._read_partners(vals_list)
        known = {}
        return [self._complete_invoice(vals, known) or vals for vals in vals_list]

    @api.model
    def _read_partners(self, vals_list: list[dict]):
        """Read the customers at once, and not one by one."""
        ids = [vals["partner_id"] for vals in vals_list]
        self.env["res.partner"].browse(ids).mapped("property_payment_term_id")

    @api.model
    def _complete_invoice(self, vals: dict, known: dict) -> dict | None:
        """Complete values of one invoice; none if it is to be left to Odoo.

        :param known: the journals and :class:`LineDefaults` found so far
        """
        header = {k: v for k, v in vals.items() if k != "invoice_line_ids"}
        key = (vals["move_type"], vals["company_id"], vals["currency_id"])
        if key in known:
            header["journal_id"] = known[key]
        move = self.env["account.move"].new(header)
        known[key] = move.journal_id.id
        if not self._is_simple(move):
            return None
        lines = [
            self._prepare_line(move, line, known)
            for _command, _id, line in vals["invoice_line_ids"]
        ]
        base_lines = [
            self._prepare_base_line(move, line, known)
            for line in lines
            if line["display_type"] == "product"
        ]
        taxes = self.env["account.tax"].union(*(line["tax_ids"] for line in base_lines))
        if not all(self._is_simple_tax(tax) for tax in taxes):
            return None
        tax_lines = self._compute_taxes(move, base_lines)
        terms = self._prepare_terms(move, lines, tax_lines)
        if terms is None:
            return None
        lines += tax_lines + terms
        header.update({name: move[name].id for name in HEADER})
        return {**header, "line_ids": [Command.create(line) for line in lines]}

    # ------------------------------------------------------------------ simple

    @api.model
    def _has_distribution_rules(self) -> bool:
        """Whether lines may get an analytic distribution by rule."""
        return bool(self.env["account.analytic.distribution.model"].search([], limit=1))

    @api.model
    def _is_simple(self, move) -> bool:
        company = move.company_id
        return (
            move.move_type == "out_invoice"
            and move.currency_id == company.currency_id
            and not move.invoice_cash_rounding_id
            and not move.invoice_payment_term_id.early_discount
            and not company.account_storno
            and not move._get_discount_allocation_account()
        )

    @api.model
    def _is_simple_tax(self, tax) -> bool:
        """Whether it is a percentage of the net that nothing else depends on."""
        return (
            tax.amount_type == "percent"
            and not tax.price_include
            and not tax.include_base_amount
            and not tax.has_negative_factor
            and tax.tax_exigibility == "on_invoice"
        )

    # ------------------------------------------------------------------- lines

    @api.model
    def _get_defaults(self, move, product, known: dict) -> LineDefaults:
        key = (move.company_id, move.fiscal_position_id, product)
        if key not in known:
            line = self.env["account.move.line"].new(
                {"move_id": move, "display_type": "product", "product_id": product.id}
            )
            known[key] = LineDefaults(
                line.account_id, line.tax_ids._origin, line.product_uom_id
            )
        return known[key]

    @api.model
    def _prepare_common(self, move) -> dict:
        """What all lines of an invoice have in common."""
        return {
            "display_type": "product",
            "partner_id": move.commercial_partner_id.id,
            "currency_id": move.currency_id.id,
            "date": move.date,
            "parent_state": "draft",
            "is_storno": False,
        }

    @api.model
    def _prepare_unpriced(self, move) -> dict:
        """A line of an invoice without a product."""
        return {
            **self._prepare_common(move),
            "balance": 0.0,
            "amount_currency": 0.0,
            "price_subtotal": 0.0,
            "price_total": 0.0,
        }

    @api.model
    def _prepare_line(self, move, vals: dict, known: dict) -> dict:
        """A line as Odoo completes it before it computes taxes."""
        if vals.get("display_type", "product") != "product":
            return {**self._prepare_unpriced(move), **vals}
        product = self.env["product.product"].browse(vals["product_id"])
        defaults = self._get_defaults(move, product, known)
        return {
            **self._prepare_common(move),
            "account_id": defaults.account.id,
            "product_uom_id": defaults.unit.id,
            "tax_ids": [Command.set(defaults.taxes.ids)],
            "analytic_distribution": False,
            **vals,
        }

    # ------------------------------------------------------------------- taxes

    @api.model
    def _prepare_base_line(self, move, line: dict, known: dict) -> dict:
        """A line for Odoo's tax engine, with its numbers as they will be stored."""
        product = self.env["product.product"].browse(line["product_id"])
        defaults = self._get_defaults(move, product, known)
        model = self.env["account.move.line"]
        stored = {
            name: model._fields[name].convert_to_cache(line[name], model)
            for name in ("price_unit", "quantity", "discount")
        }
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            line,
            **stored,
            product_id=product,
            product_uom_id=self.env["uom.uom"].browse(line["product_uom_id"]),
            tax_ids=defaults.taxes,
            currency_id=move.currency_id,
            partner_id=move.commercial_partner_id,
            account_id=defaults.account,
            rate=move.invoice_currency_rate,
            sign=move.direction_sign,
            is_billed=True,
        )

    @api.model
    def _compute_taxes(self, move, base_lines: list[dict]) -> list[dict]:
        """Set balances and tags of the lines and return their tax lines."""
        engine, company = self.env["account.tax"], move.company_id
        engine._add_tax_details_in_base_lines(base_lines, company)
        engine._round_base_lines_tax_details(base_lines, company)
        engine._add_accounting_data_in_base_lines_tax_details(base_lines, company)
        result = engine._prepare_tax_lines(base_lines, company)
        for base_line, amounts in result["base_lines_to_update"]:
            details = base_line["tax_details"]
            base_line["record"].update(
                amounts,
                price_subtotal=details["total_excluded_currency"],
                price_total=details["total_included_currency"],
            )
        common = {**self._prepare_unpriced(move), "display_type": "tax"}
        return [{**common, **vals} for vals in result["tax_lines_to_add"]]

    # ------------------------------------------------------------------- terms

    @api.model
    def _prepare_terms(self, move, lines: list[dict], taxes: list[dict]):
        """Lines of what is to be paid when; none if there is nothing to pay."""
        rounded = move.currency_id.round
        tax = -sum(rounded(line["balance"]) for line in taxes)
        untaxed = -sum(rounded(line["balance"]) for line in lines)
        if move.currency_id.is_zero(tax + untaxed):
            return None
        balances = defaultdict(float)
        for day, balance in self._get_terms(move, tax, untaxed):
            balances[day] += balance
        return [self._prepare_term(move, *balance) for balance in balances.items()]

    @api.model
    def _get_terms(self, move, tax: float, untaxed: float) -> list[tuple]:
        """Days and amounts of the payment term."""
        if not move.invoice_payment_term_id:
            return [(move.invoice_date_due, tax + untaxed)]
        terms = move.invoice_payment_term_id._compute_terms(
            date_ref=move.invoice_date,
            currency=move.currency_id,
            company=move.company_id,
            tax_amount=tax,
            tax_amount_currency=tax,
            untaxed_amount=untaxed,
            untaxed_amount_currency=untaxed,
            sign=1,
        )
        return [(part["date"], part["company_amount"]) for part in terms["line_ids"]]

    @api.model
    def _prepare_term(self, move, day, balance: float) -> dict:
        return {
            **self._prepare_unpriced(move),
            "display_type": "payment_term",
            "date_maturity": day,
            "balance": balance,
            "amount_currency": balance,
            "discount_balance": 0.0,
            "discount_amount_currency": 0.0,
        }

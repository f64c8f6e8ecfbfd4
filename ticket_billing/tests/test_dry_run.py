import io
from datetime import datetime

from freezegun import freeze_time
from lxml import html
from openpyxl import load_workbook
from psycopg2.errors import ReadOnlySqlTransaction

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools.read_only import read_only
from .common import TicketBillingCase

TABLES = (
    "account_move", "account_move_line", "ticket_billing_item", "ticket_billing_run",
    "ticket_billing_run_line", "account_analytic_line", "mail_message",
    "mail_activity", "mail_mail", "ir_attachment", "project_project",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestDryRun(TicketBillingCase):
    """The same lines and totals as the real run, and nothing written."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write({"line_grouping": "ticket", "material_markup": 12.5})
        cls.contract.surcharge_ids = [
            Command.create(
                {"name": "Night", "percent": 50, "time_from": 22, "time_to": 6}
            )
        ]
        cls._log(50)
        cls._log(35, "2026-10-13", employee_id=cls.bert.id)
        cls._log_times(datetime(2026, 10, 14, 19, 20), datetime(2026, 10, 14, 20, 55))
        cls._log(20, billing_type="goodwill")
        cls._charge(cls.ticket, quantity=3, price_unit=7.33)
        cls.seidel = cls._create_customer("Kanzlei Dr. Seidel & Partner")
        by_ticket = cls.policy.copy(
            {"name": "Each ticket", "invoice_grouping": "ticket"}
        )
        cls._create_contract(
            cls.seidel,
            policy_id=by_ticket.id,
            allotment_ids=[Command.create({"hours": 1, "overage_price": 105})],
        )
        for name, minutes in (("Printer", 70), ("Scanner", 25), ("Mail", 27 * 60)):
            cls._log(minutes, ticket=cls._create_ticket(name, cls.seidel))
        nobody = cls._create_ticket("Anonymous", cls.env["res.partner"])
        cls._log(30, ticket=nobody)
        cls.preview = cls.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": cls.company.id}
        )
        cls.env.flush_all()

    @classmethod
    def _charge(cls, ticket, **vals):
        return cls.env["ticket.billing.charge"].create(
            {
                "ticket_id": ticket.id,
                "product_id": cls.env.ref("ticket_billing.product_journey").id,
                "name": "Cable",
                "kind": "material",
                "date": "2026-10-12",
                **vals,
            }
        )

    def _forecast(self, record):
        """Invoices of a dry run as plain values, and its held work."""
        with self.enter_registry_test_mode(), read_only(self.env) as env:
            forecast = env[record._name].browse(record.id)._forecast()
            invoices = sorted(
                (
                    i.move.move_type,
                    i.move.partner_id.id,
                    round(i.net, 2),
                    round(i.tax, 2),
                    round(i.gross, 2),
                    self._get_values(i.lines),
                )
                for i in forecast.invoices
            )
            return invoices, [(h.customer.id, h.reason, h.minutes) for h in (
                forecast.held)]  # fmt: skip

    def _get_values(self, lines):
        return [
            (li.name, li.product_uom_id.id, li.quantity, li.price_unit, li.discount,
             li.price_subtotal, li.price_total, li.tax_ids.ids)
            for li in lines.sorted("sequence")
        ]  # fmt: skip

    def _get_real(self, moves):
        return sorted(
            (
                move.move_type,
                move.partner_id.id,
                move.amount_untaxed_in_currency_signed,
                round(
                    move.amount_total_in_currency_signed
                    - move.amount_untaxed_in_currency_signed,
                    2,
                ),
                move.amount_total_in_currency_signed,
                self._get_values(
                    move.invoice_line_ids.filtered(
                        lambda li: li.display_type == "product"
                    )
                ),
            )
            for move in moves
        )

    def _count(self):
        self.env.flush_all()
        counts = {}
        for table in TABLES:
            self.env.cr.execute(f"SELECT count(*), max(id) FROM {table}")
            counts[table] = self.env.cr.fetchone()
        self.env.cr.execute(
            "SELECT sequencename, last_value FROM pg_sequences"
            " UNION ALL SELECT code, number_next FROM ir_sequence"
        )
        return counts, sorted(self.env.cr.fetchall(), key=str)

    # ------------------------------------------------------------------ numbers

    def test_numbers_are_those_of_the_run(self):
        invoices, held = self._forecast(self.preview)
        self.preview.action_bill()
        self.assertEqual(len(invoices), 3)
        self.assertEqual(invoices, self._get_real(self.preview.invoice_ids))
        self.assertEqual(
            sorted(held),
            sorted(
                [
                    (self.seidel.id, "More than a day", 27 * 60),
                    (False, "Ticket without customer", 30),
                ]
            ),
        )

    def test_numbers_are_the_same_after_the_preview(self):
        before = self._forecast(self.preview)
        self.preview.action_preview()
        self.assertEqual(self._forecast(self.preview), before)

    def test_what_is_excluded_is_left_out(self):
        self.preview.action_preview()
        line = self.preview.line_ids.filtered(lambda li: li.partner_id == self.seidel)
        line.action_exclude()
        invoices, _held = self._forecast(self.preview)
        self.assertEqual([i[1] for i in invoices], [self.partner.id])
        self.preview.action_bill()
        self.assertEqual(invoices, self._get_real(self.preview.invoice_ids))

    def test_credit_of_a_correction(self):
        self.preview.action_bill()
        entry = self.env["account.analytic.line"].search(
            [("raw_minutes", "=", 50), ("ticket_id", "=", self.ticket.id)]
        )
        self.env["ticket.billing.correction"].create(
            {"entry_id": entry.id, "raw_minutes": 5, "reason": "Typo"}
        ).action_correct()
        run = self.env["ticket.billing.run"].create(
            {"date": "2026-11-02", "company_id": self.company.id}
        )
        invoices, _held = self._forecast(run)
        self.assertLess(invoices[0][2], 0)
        run.action_bill()
        self.assertEqual(invoices, self._get_real(run.invoice_ids))

    def test_customer_who_cannot_be_billed_falls_out_alone(self):
        product = self.env.ref("ticket_billing.product_journey")
        product.product_tmpl_id.active = False
        invoices, held = self._forecast(self.preview)
        self.assertEqual({i[1] for i in invoices}, {self.seidel.id})
        self.assertIn((self.partner.id, "Cannot be billed", 0), held)

    def test_policy_shows_what_it_would_bill_today(self):
        with freeze_time("2026-11-01 08:00:00"):
            invoices, _held = self._forecast(self.policy)
        self.assertEqual([i[1] for i in invoices], [self.partner.id])
        with freeze_time("2026-10-14 08:00:00"):
            self.assertFalse(self._forecast(self.policy)[0])

    # ----------------------------------------------------------------- no write

    def test_nothing_is_written(self):
        before = self._count()
        self.assertTrue(self._forecast(self.preview)[0])
        with self.enter_registry_test_mode():
            self.preview._render_dry_run()
            self.preview._get_dry_run_xlsx()
            self.preview._render_future_invoice(0)
        self.assertEqual(self._count(), before)

    def test_a_write_is_refused_by_the_database(self):
        with (
            self.enter_registry_test_mode(),
            read_only(self.env) as env,
            mute_logger("odoo.sql_db"),
            self.assertRaises(ReadOnlySqlTransaction),
        ):
            env["res.partner"].browse(self.partner.id).name = "Changed"
            env.flush_all()

    def test_others_do_not_see_it(self):
        agent = self._create_user("agent.dry", "ticket_billing.group_agent")
        with self.assertRaises(AccessError):
            self.preview.with_user(agent).action_dry_run()
        with (
            self.enter_registry_test_mode(),
            self.assertRaises(AccessError),
        ):
            self.policy.with_user(agent)._render_dry_run()

    # -------------------------------------------------------------------- pages

    def test_spreadsheet(self):
        self.ticket.name = "=HYPERLINK(1)"
        self.env.flush_all()
        invoices, _held = self._forecast(self.preview)
        with self.enter_registry_test_mode():
            content = self.preview._get_dry_run_xlsx()
        book = load_workbook(io.BytesIO(content))
        lines, held = (list(sheet.values) for sheet in book)
        self.assertEqual(len(lines) - 1, sum(len(i[5]) for i in invoices))
        nets = [row[lines[0].index("Net")] for row in lines[1:]]
        self.assertAlmostEqual(sum(nets), sum(i[2] for i in invoices), 2)
        self.assertEqual(len(held) - 1, 2)

    def test_what_will_stand_on_an_invoice(self):
        with self.enter_registry_test_mode():
            with read_only(self.env) as env:
                forecast = env[self.preview._name].browse(self.preview.id)._forecast()
                names = [i.move.partner_id.name for i in forecast.invoices]
            page = self.preview._render_future_invoice(names.index(self.partner.name))
            self.assertIsNone(self.preview._render_future_invoice(99))
        text = page.decode() if isinstance(page, bytes) else str(page)
        self.assertIn("Weber Maschinenbau GmbH", text)
        self.assertIn("VPN drops every hour", text)
        # 60 + 45 + 40 minutes by day and 65 by night, in hours as on paper
        self.assertIn("2:25 h", text)
        self.assertIn("1:05 h", text)
        self.assertIn("It is no document", text)
        # the sum of its section
        page = html.fromstring(text)
        (section,) = page.xpath("//tr[contains(., 'VPN drops every hour')]")
        net = next(i[2] for i in self._forecast(self.preview)[0]
                   if i[1] == self.partner.id)  # fmt: skip
        self.assertIn(f"{net:.2f}", section.text_content())

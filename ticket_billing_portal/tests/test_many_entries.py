from odoo import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL

from .common import PortalCase

COPIES = 999
# More would say that some of it grows with the entries.
QUERIES = 130


@tagged("post_install", "-at_install")
class TestManyEntries(HttpCase, PortalCase):
    """Ten thousand entries of one customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.portal_show_price = True
        cls.contract.allotment_ids = [Command.create({"hours": 1})]
        for day in range(1, 11):
            ticket = cls._create_ticket(f"Ticket {day}")
            cls._log(35, f"2026-10-{day:02d}", ticket=ticket, name=f"Step {day}")
        cls._bill()
        cls.env.flush_all()
        cls._multiply()

    @classmethod
    def _multiply(cls):
        """Copy the billed entries and their items by SQL."""
        columns = {
            table: cls._get_columns(table, skipped)
            for table, skipped in (
                ("account_analytic_line", ("id",)),
                ("ticket_billing_item", ("id", "entry_id")),
            )
        }
        cls.env.cr.execute("ALTER TABLE account_analytic_line ADD copy_of integer")
        cls.env.cr.execute(
            SQL(
                "INSERT INTO account_analytic_line (%(names)s, copy_of)"
                " SELECT %(names)s, line.id FROM account_analytic_line line,"
                " generate_series(1, %(copies)s) WHERE ticket_id IN (SELECT id FROM"
                " helpdesk_ticket WHERE partner_id = %(partner)s)",
                names=columns["account_analytic_line"],
                copies=COPIES,
                partner=cls.partner.id,
            )
        )
        cls.env.cr.execute(
            SQL(
                "INSERT INTO ticket_billing_item (%(names)s, entry_id)"
                " SELECT %(prefixed)s, copy.id FROM ticket_billing_item item"
                " JOIN account_analytic_line copy ON copy.copy_of = item.entry_id",
                names=columns["ticket_billing_item"],
                prefixed=cls._get_columns("ticket_billing_item", ("id", "entry_id"),
                                          "item"),
            )
        )  # fmt: skip
        cls.env.cr.execute("ALTER TABLE account_analytic_line DROP copy_of")
        cls.env.cr.execute("ANALYZE account_analytic_line, ticket_billing_item")
        cls.env.invalidate_all()

    @classmethod
    def _get_columns(cls, table, skipped, alias=None) -> SQL:
        cls.env.cr.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
            [table],
        )
        return SQL(", ").join(
            SQL.identifier(alias, name) if alias else SQL.identifier(name)
            for (name,) in cls.env.cr.fetchall()
            if name not in skipped
        )

    def test_queries_are_bounded(self):
        self.assertEqual(len(self._get_visible(self.user)), 10 * (COPIES + 1))
        ticket = self._get_visible(self.user)[0].ticket_id
        self.authenticate("clara", "clara")
        for path in (
            "/my/services",
            "/my/hours",
            "/my/hours?groupby=ticket&sortby=ticket&search=Step",
            "/my/hours/page/125",
            f"/my/ticket/{ticket.id}",
            f"/my/contracts/{self.contract.id}",
        ):
            self.url_open(path)
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            response = self.url_open(path)
            self.assertEqual(response.status_code, 200, path)
            self.assertLess(self.cr.sql_log_count - before, QUERIES, path)
            self.assertLess(len(response.content), 1_000_000, path)

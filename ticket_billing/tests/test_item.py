from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestItem(TicketBillingCase):
    """The ledger keeps its invariants in the database."""

    def setUp(self):
        super().setUp()
        self.entry = self._log(60)
        self.run_record = self._run()
        self.item = self.entry.billing_item_ids

    def test_once_per_piece_of_work(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.cr.savepoint(),
        ):
            self.item.copy({"rated_state": "open"})
            self.env.flush_all()

    def test_settled_items_are_frozen(self):
        with self.assertRaises(UserError):
            self.item.net = 1
        with self.assertRaises(UserError):
            self.item.unlink()

    def test_entry_is_frozen(self):
        for vals in ({"raw_minutes": 30}, {"unit_amount": 3}, {"date": "2026-10-13"}):
            with self.assertRaises(UserError) as error:
                self.entry.write(vals)
        self.assertIn(self.ticket.number, str(error.exception))
        with self.assertRaises(UserError):
            self.entry.unlink()
        self.entry.name = "The text may still be corrected"

    def test_ticket_keeps_its_contract(self):
        other = self._create_customer("Other")
        self._create_contract(other)
        self.ticket.partner_id = other
        self.assertEqual(self.ticket.billing_contract_id, self.contract)

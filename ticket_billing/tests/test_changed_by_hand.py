from odoo import Command
from odoo.tests import Form, tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestChangedByHand(TicketBillingCase):
    """What the ledger says and what the line says is told, and found in the list."""

    def setUp(self):
        super().setUp()
        self._log(60)
        self.move = self._run().invoice_ids
        self.line = self.move.billing_item_ids.invoice_line_id

    def _get_notes(self):
        return " ".join(self.move.message_ids.mapped("body"))

    def test_new_draft_is_as_the_ledger_says(self):
        self.assertFalse(self.move.billing_changed_by_hand)
        self.assertNotIn("by hand", self._get_notes())

    def test_quantity_in_the_form(self):
        with Form(self.move) as form, form.invoice_line_ids.edit(1) as line:
            line.quantity = 2
        self.assertTrue(self.move.billing_changed_by_hand)
        notes = self._get_notes()
        self.assertRegex(notes, r"say 1:00 for .*90\.00.* says 2:00 for .*180\.00")
        found = self.env["account.move"].search(
            [("billing_changed_by_hand", "=", True), ("id", "=", self.move.id)]
        )
        self.assertTrue(found)
        # The ledger is untouched, and put right the flag is gone.
        self.assertEqual(self.line.billing_item_ids.net, 90)
        self.move.invoice_line_ids = [Command.update(self.line.id, {"quantity": 1})]
        self.assertFalse(self.move.billing_changed_by_hand)

    def test_accountants_may_not_read_the_ledger(self):
        accountant = self._create_user("accountant", "account.group_account_invoice")
        self.env.flush_all()
        self.env.invalidate_all()
        line = self.line.with_user(accountant)
        line.write({"quantity": 2})
        self.assertEqual(line.billing_hours, "2:00")
        self.assertTrue(self.move.billing_changed_by_hand)
        self.assertIn(accountant.partner_id, self.move.message_ids.author_id)

    def test_price_and_discount(self):
        for vals, net in (({"price_unit": 80}, "80.00"), ({"discount": 50}, "40.00")):
            before = len(self.move.message_ids)
            self.line.write(vals)
            self.assertEqual(len(self.move.message_ids), before + 1)
            self.assertIn(net, self.move.message_ids[0].body)
            self.assertTrue(self.move.billing_changed_by_hand)

    def test_same_value_and_text_are_no_change(self):
        before = len(self.move.message_ids)
        self.line.write({"quantity": 1, "name": "Another text"})
        self.assertEqual(len(self.move.message_ids), before)
        self.assertFalse(self.move.billing_changed_by_hand)

    def test_same_net_by_other_minutes_is_a_change(self):
        self.line.write({"quantity": 2, "price_unit": 45})
        self.assertTrue(self.move.billing_changed_by_hand)

    def test_credit_of_a_run(self):
        self.move.action_post()
        entry = self.line.billing_item_ids.entry_id
        entry._correct({"raw_minutes": 30}, "Half an hour")
        credit = self._run("2026-12-01").invoice_ids
        self.assertEqual(credit.move_type, "out_refund")
        line = credit.billing_item_ids.invoice_line_id
        line.quantity = line.quantity
        self.assertFalse(credit.billing_changed_by_hand)
        line.quantity = 1
        self.assertTrue(credit.billing_changed_by_hand)
        self.assertRegex(credit.message_ids[0].body, r"0:30 for .*45\.00.* 1:00 for")

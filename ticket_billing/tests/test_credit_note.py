from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestCreditNote(TicketBillingCase):
    """The state of an item follows its documents, through Odoo's own buttons."""

    def setUp(self):
        super().setUp()
        self.first = self._log(60, name="First")
        self.second = self._log(30, name="Second")
        self.move = self._run().invoice_ids

    def _credit(self, keep=None):
        """Credit note by Odoo's wizard, with only the lines of ``keep``."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=self.move.ids)
            .create({"journal_id": self.move.journal_id.id, "reason": "Wrong"})
        )
        credit = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if keep:
            credit.invoice_line_ids.filtered(
                lambda li: li.credited_billing_item_ids.entry_id - keep
            ).unlink()
        credit.action_post()
        return credit

    def _items(self):
        return (self.first | self.second).billing_item_ids

    def test_draft_deleted_frees_the_work(self):
        self.move.unlink()
        self.assertEqual(set(self._items().mapped("state")), {"open"})
        self.assertFalse(any(self._items().mapped("settled")))
        again = self._run("2026-11-02")
        self.assertEqual(again.invoice_ids.amount_untaxed, 135)

    def test_cancelled_draft_frees_the_work(self):
        self.move.button_cancel()
        self.assertEqual(set(self._items().mapped("state")), {"open"})
        again = self._run("2026-11-02")
        self.assertEqual(again.invoice_ids.amount_untaxed, 135)
        self.assertEqual(len(self.first.billing_item_ids.filtered("live")), 1)

    def test_full_credit_is_not_billed_again_by_itself(self):
        self.move.action_post()
        self._credit()
        self.assertEqual(set(self._items().mapped("reason")), {"credited"})
        self.assertFalse(self._run("2026-11-02").invoice_ids)

    def test_partial_credit_releases_exactly_the_credited_work(self):
        self.move.action_post()
        self._credit(self.second)
        self.assertEqual(self.first.billing_item_ids.state, "billed")
        self.assertEqual(self.second.billing_item_ids.reason, "credited")
        self.second.billing_item_ids.action_release()
        self._log(60, "2026-10-30")
        again = self._run("2026-11-02").invoice_ids
        self.assertEqual(self._get_lines(again), [(30, 90, 45.0), (60, 90, 90.0)])

    def test_draft_credit_changes_nothing(self):
        self.move.action_post()
        credit = self._credit()
        credit.button_draft()
        self.assertEqual(set(self._items().mapped("state")), {"billed"})

    def test_billed_work_cannot_be_released(self):
        self.move.action_post()
        with self.assertRaises(UserError):
            self.first.billing_item_ids.action_release()

    def test_duplicated_invoice_bills_nothing(self):
        copy = self.move.copy()
        self.assertFalse(copy._get_billing_items())

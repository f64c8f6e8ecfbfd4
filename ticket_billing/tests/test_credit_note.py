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

    # ------------------------------------------------------------ credited parts

    def _credit_minutes(self, minutes, entries=None):
        """A posted credit note over minutes of the line of ``entries``, released."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=self.move.ids)
            .create({"journal_id": self.move.journal_id.id, "reason": "Wrong"})
        )
        credit = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        line = credit.invoice_line_ids.filtered(
            lambda li: li.credited_billing_item_ids.entry_id == (entries or self.first)
        )
        (credit.invoice_line_ids - line).unlink()
        line.quantity = minutes / line._get_minutes_per_unit()
        credit.action_post()
        return credit

    def _assert_conserved(self, entry):
        """Raw minutes are those of the live items, whatever happened."""
        live = entry.billing_item_ids.filtered("live")
        self.assertEqual(sum(live.mapped("raw_minutes")), entry.raw_minutes)

    def test_credited_part_is_billed_again_alone(self):
        self.move.action_post()
        credit = self._credit_minutes(45)
        self.assertEqual(self.first.billing_item_ids.state, "billed")
        credit.action_release_work()
        again = self._run("2026-11-02").invoice_ids
        self.assertEqual(self._get_lines(again), [(45, 90, 67.5)])
        self._assert_conserved(self.first)
        self.assertFalse(self._run("2026-11-03").invoice_ids)

    def test_credited_part_is_not_rounded_again(self):
        self.move.action_post()
        self._credit_minutes(20).action_release_work()
        again = self._run("2026-11-02").invoice_ids
        self.assertEqual(self._get_lines(again), [(20, 90, 30.0)])
        self._assert_conserved(self.first)

    def test_part_is_released_once(self):
        self.move.action_post()
        self._credit_minutes(30).action_release_work()
        with self.assertRaises(UserError):
            self.first.billing_item_ids.filtered("invoice_line_id").action_release()

    def test_rest_credited_later_is_billed_again_too(self):
        self.move.action_post()
        self._credit_minutes(15).action_release_work()
        self._run("2026-11-02")
        self._credit_minutes(45).action_release_work()
        again = self._run("2026-11-03").invoice_ids
        self.assertEqual(self._get_lines(again), [(45, 90, 67.5)])
        self._assert_conserved(self.first)

    def test_released_part_that_cannot_be_priced_is_held_and_kept(self):
        self.move.action_post()
        self._credit_minutes(30).action_release_work()
        self._set_rate(60, "2026-01-02")
        self.assertFalse(self._run("2026-11-02").invoice_ids)
        held = self.first.billing_item_ids.filtered(lambda i: i.state == "held")
        self.assertEqual((held.raw_minutes, held.reason), (30, "no_rate"))
        self._assert_conserved(self.first)
        self._set_rate(60, None)
        again = self._run("2026-11-03").invoice_ids
        self.assertEqual(self._get_lines(again), [(30, 60, 30.0)])
        self._assert_conserved(self.first)

    def _set_rate(self, value, valid_to):
        """Past the ORM: a rate that was used for an invoice cannot be changed."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ticket_billing_rate SET value = %s, valid_to = %s WHERE id = %s",
            [value, valid_to, self.contract.rate_ids.id],
        )
        self.env.invalidate_all()

    def test_correction_counts_what_was_credited(self):
        self.move.action_post()
        self._credit_minutes(30).action_release_work()
        self.first._correct({"raw_minutes": 75})
        again = self._run("2026-11-02").invoice_ids
        self.assertEqual(self._get_lines(again), [(45, 90, 67.5)])
        self._assert_conserved(self.first)

    def test_lower_price_releases_no_minutes(self):
        self.move.action_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=self.move.ids)
            .create({"journal_id": self.move.journal_id.id, "reason": "Discount"})
        )
        credit = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        credit.invoice_line_ids.filtered("price_unit").price_unit = 10
        credit.action_post()
        credit.action_release_work()
        self.assertFalse(self._run("2026-11-02").invoice_ids)

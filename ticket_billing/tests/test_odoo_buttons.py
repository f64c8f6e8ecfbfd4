from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestOdooButtons(TicketBillingCase):
    """Odoo's own wizards and buttons bill nothing twice and lose nothing."""

    def setUp(self):
        super().setUp()
        self.entry = self._log(60)

    def _bill(self, day="2026-11-01"):
        invoice = self._run(day).invoice_ids
        invoice._post(soft=False)
        return invoice

    def _reverse(self, moves, method="refund_moves"):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"journal_id": moves[0].journal_id.id, "reason": "Wrong"})
        )
        getattr(wizard, method)()
        return wizard.new_move_ids

    def _credit(self, moves):
        credit = self._reverse(moves)
        credit._post(soft=False)
        return credit

    def _state(self):
        items = self.entry.billing_item_ids.filtered("live")
        return items.mapped("state")

    # Credit and new draft

    def test_draft_in_place_of_the_invoice_bills_the_work(self):
        draft = self._reverse(self._bill(), "modify_moves")
        self.assertEqual(self._state(), ["billed"])
        self.assertFalse(self.entry.billing_item_ids._is_releasable())
        draft._post(soft=False)
        self.assertEqual(self._state(), ["billed"])
        self.assertFalse(self._run("2026-11-02").invoice_ids)

    def test_less_on_the_new_draft_leaves_the_rest_credited(self):
        draft = self._reverse(self._bill(), "modify_moves")
        draft.invoice_line_ids.filtered("product_id").quantity = 0.75
        draft._post(soft=False)
        self.entry.billing_item_ids.action_release()
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 22.5)

    def test_deleted_new_draft_leaves_the_work_credited(self):
        self._reverse(self._bill(), "modify_moves").unlink()
        self.assertEqual(self.entry.billing_item_ids.reason, "credited")
        self.entry.billing_item_ids.action_release()
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 90)

    # Reversal of a reversal

    def test_reversed_credit_note_bills_the_work(self):
        credit = self._credit(self._bill())
        self.assertEqual(self.entry.billing_item_ids.reason, "credited")
        self._credit(credit)
        self.assertEqual(self._state(), ["billed"])
        self.assertFalse(self._run("2026-11-02").invoice_ids)

    def test_credit_note_of_released_work_is_not_reversed(self):
        credit = self._credit(self._bill())
        credit.action_release_work()
        with self.assertRaises(UserError):
            credit.button_draft()
        with self.assertRaises(UserError):
            self._credit(credit)

    def test_new_draft_and_reversal_do_not_bill_both(self):
        invoice = self._bill()
        self._reverse(invoice, "modify_moves")._post(soft=False)
        with self.assertRaises(UserError):
            self._credit(invoice.reversal_move_ids)

    def test_several_invoices_at_once(self):
        first = self._bill()
        self._log(30, "2026-10-30")
        moves = first | self._bill("2026-11-02")
        self._credit(moves).action_release_work()
        self.assertEqual(self._run("2026-11-03").invoice_ids.amount_untaxed, 135)

    # Drafts that settle a difference

    def _correct(self):
        self._bill()
        self.entry._correct({"raw_minutes": 90})
        return self._run("2026-11-02").invoice_ids

    def test_deleted_draft_of_a_correction_is_worked_out_again(self):
        self._correct().unlink()
        self.assertEqual(self._run("2026-11-03").invoice_ids.amount_untaxed, 45)

    def test_cancelled_draft_of_a_correction_is_worked_out_again(self):
        self._correct().button_cancel()
        self.assertEqual(self._run("2026-11-03").invoice_ids.amount_untaxed, 45)

    def test_deleted_line_of_a_released_part_is_billed_again(self):
        credit = self._reverse(self._bill())
        credit.invoice_line_ids.filtered("product_id").quantity = 0.5
        credit._post(soft=False)
        credit.action_release_work()
        draft = self._run("2026-11-02").invoice_ids
        draft.invoice_line_ids.filtered("product_id").unlink()
        self.assertEqual(self._run("2026-11-03").invoice_ids.amount_untaxed, 45)

    def test_cancelled_draft_is_not_posted_after_its_work_was_billed(self):
        draft = self._run().invoice_ids
        draft.button_cancel()
        self._run("2026-11-02")
        draft.button_draft()
        with self.assertRaises(UserError):
            draft._post(soft=False)

    def test_credited_correction_is_not_billed_at_another_price(self):
        self.contract.rate_ids = [
            (0, 0, {"value": 120, "work_type_id": self.onsite.id})
        ]
        invoice = self._bill()
        self.entry._correct({"raw_minutes": 15, "work_type_id": self.onsite.id})
        self._bill("2026-11-02")
        self._credit(invoice).action_release_work()
        # 60 min at 90 are credited twice now: once by the correction.
        self.assertEqual(self._run("2026-11-03").invoice_ids.amount_untaxed, 90)

    # Automatic posting

    def _autopost(self, invoice):
        invoice.auto_post = "at_date"
        with freeze_time("2026-11-05"), self.enter_registry_test_mode():
            self.env.ref(
                "account.ir_cron_auto_post_draft_entry"
            ).method_direct_trigger()

    def test_automatic_posting_waits_for_four_eyes(self):
        self.company.billing_four_eyes = True
        invoice = self._run().invoice_ids
        self._autopost(invoice)
        self.assertEqual((invoice.state, invoice.auto_post), ("draft", "no"))
        self.assertTrue(invoice.activity_ids)

    def test_automatic_posting_leaves_what_is_parked(self):
        invoice = self._run().invoice_ids
        invoice.billing_park_reason = "Unusual amount"
        self._autopost(invoice)
        self.assertEqual(invoice.state, "draft")

    def test_automatic_posting_of_the_rest(self):
        invoice = self._run().invoice_ids
        self._autopost(invoice)
        self.assertEqual(invoice.state, "posted")

    # Rounding

    def test_internal_work_is_not_remembered_by_rounding(self):
        self.policy.write({"rounding_scope": "ticket", "rounding_memory": "lifetime"})
        self._log(45, billing_type="internal")
        self._bill()
        self._log(30, "2026-10-30")
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 45)

    def test_released_rounding_is_billed_again(self):
        self.policy.write({"rounding_scope": "ticket", "line_grouping": "entry"})
        self._log(7)
        invoice = self._bill()
        lines = invoice.invoice_line_ids.filtered("billing_item_ids")
        rounding = lines.billing_item_ids.filtered(
            lambda i: i.kind == "rounding_adjust"
        )
        self.assertEqual(rounding.net, 12)
        credit = self._reverse(invoice)
        credit.invoice_line_ids.filtered(
            lambda li: li.credited_billing_item_ids != rounding
        ).unlink()
        credit._post(soft=False)
        credit.action_release_work()
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 12)
        self.assertFalse(self._run("2026-11-03").invoice_ids)

    def test_released_while_a_preview_is_open(self):
        invoice = self._bill()
        for day in ("2026-11-02", "2026-11-03"):
            credit = self._reverse(invoice)
            credit.invoice_line_ids.filtered("product_id").quantity = 0.25
            credit._post(soft=False)
            credit.action_release_work()
            run = self.env["ticket.billing.run"].create(
                {"date": day, "company_id": self.company.id}
            )
            run.action_preview()
        run.action_bill()
        self.assertEqual(run.invoice_ids.amount_untaxed, 45)

    def test_released_part_is_not_billed_by_a_correction_beside_it(self):
        self.policy.rounding_scope = "ticket"
        other = self._log(30)
        credit = self._reverse(self._bill())
        lines = credit.invoice_line_ids.filtered("product_id")
        lines.filtered(
            lambda li: li.credited_billing_item_ids.entry_id != self.entry
        ).unlink()
        credit.invoice_line_ids.filtered("product_id").quantity = 0.5
        credit._post(soft=False)
        credit.action_release_work()
        other._correct({"raw_minutes": 45})
        again = self._run("2026-11-02").invoice_ids
        self.assertEqual(again.amount_untaxed, 45 + 22.5)
        for entry in self.entry | other:
            live = entry.billing_item_ids.filtered("live")
            self.assertEqual(sum(live.mapped("raw_minutes")), entry.raw_minutes)

    # Undo

    def test_all_credits_of_an_invoice_are_named(self):
        invoice = self._bill()
        for _number in range(2):
            credit = self._reverse(invoice)
            credit.invoice_line_ids.filtered("product_id").quantity = 0.25
            credit._post(soft=False)
        problem = invoice._get_undo_problem()
        for credit in invoice.reversal_move_ids:
            self.assertIn(credit.name, problem)

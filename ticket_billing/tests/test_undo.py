from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestUndo(TicketBillingCase):
    """A run can be taken back; what is paid or credited is left alone and named."""

    def _assert_balanced(self, *runs):
        certificate = self.env["ticket.billing.certificate"]
        for run in runs:
            for balance in certificate._get_balances(run).values():
                self.assertTrue(balance.adds_up, balance)

    def _get_live(self, entry):
        return entry.billing_item_ids.filtered("live")

    def _pay(self, move):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )
        wizard.action_create_payments()

    def test_posted_invoices_are_credited_and_billed_again(self):
        entry = self._log(60)
        self._log(20)
        run = self._run()
        run.action_release()
        invoice = run.invoice_ids
        run.action_undo()
        credit = invoice.reversal_move_ids
        self.assertEqual(credit.state, "posted")
        self.assertEqual(credit.amount_total, invoice.amount_total)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(run.state, "undone")
        self.assertEqual(run.line_ids.state, "undone")
        self.assertFalse(self._get_live(entry))
        self._assert_balanced(run)
        again = self._run("2026-11-02")
        self.assertEqual(again.invoice_ids.amount_untaxed, invoice.amount_untaxed)
        self._assert_balanced(run, again)
        self.assertEqual(self._get_live(entry).run_id, again)

    def test_drafts_are_deleted(self):
        entry = self._log(60)
        run = self._run()
        run.action_undo()
        self.assertFalse(run.invoice_ids)
        self.assertEqual(run.state, "undone")
        self.assertFalse(entry.billing_locked)
        again = self._run("2026-11-02")
        self.assertEqual(again.invoice_ids.amount_untaxed, 90)
        self._assert_balanced(run, again)

    def test_a_draft_that_was_posted_keeps_its_number(self):
        self.company.restrictive_audit_trail = True
        self._log(60)
        run = self._run()
        run.action_release()
        run.invoice_ids.button_draft()
        run.action_undo()
        self.assertEqual(run.invoice_ids.state, "cancel")
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 90)

    def test_allotment_is_given_back(self):
        self.contract.allotment_ids = [(0, 0, {"hours": 1})]
        entry = self._log(100)
        internal = self._log(5, billing_type="internal")
        run = self._run()
        run.action_release()
        run.action_undo()
        self.assertFalse(self._get_live(entry | internal))
        again = self._run("2026-11-02")
        states = self._get_live(entry).sorted("segment").mapped("state")
        self.assertEqual(states, ["covered", "billed"])
        self.assertEqual(
            again.invoice_ids.amount_untaxed, run.invoice_ids.amount_untaxed
        )
        self._assert_balanced(run, again)

    def test_correction_is_worked_out_again(self):
        for release in (True, False):
            entry = self._log(60)
            self._run().action_release()
            entry._correct({"raw_minutes": 90})
            run = self._run("2026-11-02")
            self.assertEqual(run.invoice_ids.amount_untaxed, 45)
            if release:
                run.action_release()
            run.action_undo()
            again = self._run("2026-11-03")
            self.assertEqual(again.invoice_ids.amount_untaxed, 45, release)
            live = self._get_live(entry)
            self.assertEqual(sum(live.mapped("raw_minutes")), 90)
            self._assert_balanced(run, again)

    def test_work_that_a_later_run_corrected(self):
        entry = self._log(60)
        first = self._run()
        first.action_release()
        entry._correct({"raw_minutes": 90})
        second = self._run("2026-11-02")
        second.action_release()
        first.action_undo()
        again = self._run("2026-11-03")
        self.assertEqual(again.invoice_ids.amount_untaxed, 90)
        self.assertEqual(sum(self._get_live(entry).mapped("raw_minutes")), 90)
        self._assert_balanced(first, second, again)

    def test_paid_and_credited_are_left_alone_and_named(self):
        self.policy.invoice_grouping = "ticket"
        entries = [
            self._log(60, ticket=self._create_ticket(name))
            for name in ("Paid", "Credited", "Posted", "Draft")
        ]
        run = self._run()
        moves = [self._get_live(entry).invoice_id for entry in entries]
        paid, credited, posted, draft = moves
        (paid | credited | posted)._post()
        self._pay(paid)
        credited._reverse_moves([{"invoice_date": credited.invoice_date}], cancel=True)
        action = run.action_ask_undo()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(
            wizard.summary,
            "Credit: 1 invoice, 107.10 EUR. Delete: 1 invoice, 107.10 EUR.",
        )
        for move in (paid, credited):
            self.assertIn(move.name, wizard.detail)
        self.assertNotIn(posted.name, wizard.detail)
        wizard.action_confirm()
        self.assertFalse(draft.exists())
        self.assertEqual(posted.payment_state, "reversed")
        self.assertEqual(len(paid.reversal_move_ids | credited.reversal_move_ids), 1)
        self.assertEqual(run.state, "done")
        message = run.message_ids[0].body
        for move in (paid, credited):
            self.assertIn(move.name, message)
        again = self._run("2026-11-02")
        self.assertEqual(again.item_ids.entry_id, entries[2] | entries[3])
        self._assert_balanced(run, again)

    def test_one_that_cannot_be_credited_is_named(self):
        self._log(60)
        other = self._create_customer("Ostwind Logistik KG")
        self._create_contract(other)
        self._log(30, ticket=self._create_ticket("Printer", other))
        run = self._run()
        run.action_release()
        bad = run.invoice_ids.filtered(lambda m: m.partner_id == other)
        moves = type(self.env["account.move"])
        credit = moves._credit_billing
        reason = "The period is locked"

        def refuse(move):
            if move == bad:
                raise UserError(reason)
            return credit(move)

        with patch.object(moves, "_credit_billing", refuse):
            run.action_undo()
        self.assertIn(reason, run.message_ids[0].body)
        self.assertIn(bad.name, run.message_ids[0].body)
        self.assertEqual(bad.payment_state, "not_paid")
        self.assertEqual((run.invoice_ids - bad).payment_state, "reversed")

    def test_scheduled_action_waits_for_a_person(self):
        self._log(60)
        run = self._run()
        run.action_undo()
        self.assertTrue(self.contract.billing_paused)
        self.assertTrue(self.contract.activity_ids)

        def get_due():
            with freeze_time("2026-11-02"):
                return run._get_due_contracts(self.company, run.date)

        self.assertFalse(get_due())
        self.contract.action_resume()
        self.assertFalse(self.contract.activity_ids)
        self.assertEqual(get_due(), self.contract)

    def test_billed_by_hand_it_goes_on(self):
        self._log(60)
        self._run().action_undo()
        self._run("2026-11-02")
        self.assertFalse(self.contract.billing_paused)
        self.assertFalse(self.contract.activity_ids)

    def test_credited_invoices_are_not_sent(self):
        self._log(60)
        run = self._run()
        run.action_release()
        run.action_send()
        run.action_undo()
        self.assertFalse(run.invoice_ids.billing_delivery_state)

    def test_only_approvers_and_only_once(self):
        self._log(60)
        run = self._run()
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            run.with_user(biller).action_undo()
        approver = self._create_user("approver", "ticket_billing.group_approver")
        run.with_user(approver).action_undo()
        self.assertEqual(run.state, "undone")
        for call in ("action_undo", "action_bill", "action_release"):
            with self.assertRaises(UserError):
                getattr(run, call)()

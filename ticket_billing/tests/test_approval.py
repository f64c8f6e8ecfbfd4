from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestApproval(TicketBillingCase):
    """The customer releases first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write(
            {"customer_release": True, "customer_reminder_days": 3, "release": "post"}
        )
        cls.contact = cls.env["res.partner"].create(
            {"name": "Ines Weber", "parent_id": cls.partner.id, "email": "i@w.example"}
        )
        cls.approvals = cls.env["ticket.billing.approval"]

    def _bill(self, *minutes, day="2026-11-01"):
        for number in minutes:
            self._log(number, ticket=self._create_ticket(f"Work of {number}"))
        return self._run(day).invoice_ids

    def _follow_up(self, day):
        with (
            freeze_time(f"{day} 08:00:00"),
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 60.0
            ),
        ):
            self.env["account.move"]._cron_customer_release()

    def _get_mails(self, move):
        return self.env["mail.mail"].search(
            [("model", "=", "account.move"), ("res_id", "=", move.id)]
        )

    def _get_line(self, move, net):
        return move.invoice_line_ids.filtered(
            lambda li: li.display_type == "product" and li.price_subtotal == net
        )

    # ------------------------------------------------------------------ approve

    def test_draft_waits_for_the_customer(self):
        move = self._bill(60)
        self.assertEqual(move._get_billing_approval_state(), "waiting")
        with self.assertRaisesRegex(UserError, "has not answered yet"):
            move.action_post()
        move.billing_run_id.action_release()
        self.assertEqual(move.state, "draft")
        self.assertFalse(self.contract.activity_ids)
        self._follow_up("2026-11-01")
        self.assertEqual(move.state, "draft")

    def test_approval_is_written_down_and_posts(self):
        move = self._bill(60)
        with freeze_time("2026-11-02 09:30:00"):
            move._approve_billing(self.contact, move._get_billing_content_hash())
        self.assertEqual(move._get_billing_approval_state(), "approved")
        approval = move.billing_approval_ids
        self.assertEqual(
            (approval.kind, approval.partner_id, str(approval.date)),
            ("approved", self.contact, "2026-11-02 09:30:00"),
        )
        self.assertEqual(approval.customer_id, self.partner)
        self.assertIn('"net": "90.00"', approval.content)
        self._follow_up("2026-11-02")
        self.assertEqual(move.state, "posted")
        self.assertEqual(move._get_billing_approval_state(), "approved")

    def test_draft_of_a_policy_that_leaves_drafts_stays_one(self):
        self.policy.release = "draft"
        move = self._bill(60)
        move._approve_billing(self.contact)
        self._follow_up("2026-11-02")
        self.assertEqual(move.state, "draft")
        move.action_post()

    def test_without_the_option_nobody_is_asked(self):
        self.policy.customer_release = False
        move = self._bill(60)
        self.assertIsNone(move._get_billing_approval_state())
        with self.assertRaises(UserError):
            move._approve_billing(self.contact)
        move.action_post()

    def test_changed_draft_needs_a_new_approval(self):
        move = self._bill(60)
        self._follow_up("2026-11-01")
        seen = move._get_billing_content_hash()
        move._approve_billing(self.contact, seen)
        self._get_line(move, 90).name = "Something else"
        self.assertEqual(move._get_billing_approval_state(), "waiting")
        with self.assertRaises(UserError):
            move.action_post()
        with self.assertRaisesRegex(UserError, "has changed"):
            move._approve_billing(self.contact, seen)
        mails = len(self._get_mails(move))
        self._follow_up("2026-11-30")  # told again, however long ago the first was
        self.assertEqual(len(self._get_mails(move)), mails + 1)
        move._approve_billing(self.contact)
        self.assertEqual(move._get_billing_approval_state(), "approved")

    def test_others_cannot_approve(self):
        move = self._bill(60)
        stranger = self._create_customer("Ostwind Logistik KG")
        with self.assertRaises(AccessError):
            move._approve_billing(stranger)
        with self.assertRaises(AccessError):
            move._question_billing_line(self._get_line(move, 90), "Why?", stranger)
        self.assertFalse(move.billing_approval_ids)

    def test_answers_cannot_be_changed_or_made_up(self):
        move = self._bill(60)
        move._approve_billing(self.contact)
        approval = move.billing_approval_ids
        for record in (approval, approval.sudo()):
            with self.assertRaises(UserError):
                record.write({"text": "x"})
            with self.assertRaises(UserError):
                record.unlink()
        approver = self._create_user("boss", "ticket_billing.group_approver")
        vals = approval.copy_data()[0]
        with self.assertRaises(AccessError):
            self.approvals.with_user(approver).create(vals)

    def test_approver_releases_without_the_customer_by_name(self):
        move = self._bill(60)
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            move.with_user(biller).action_waive_billing_approval()
        boss = self._create_user("boss", "ticket_billing.group_approver")
        move.with_user(boss).action_waive_billing_approval()
        approval = move.billing_approval_ids
        self.assertEqual((approval.kind, approval.user_id), ("waived", boss))
        self._follow_up("2026-11-01")
        self.assertEqual(move.state, "posted")

    # -------------------------------------------------------------------- mails

    def test_mails_reminders_and_release_by_lapse_of_time(self):
        self.policy.customer_release_days = 7
        with freeze_time("2026-11-01 08:00:00"):
            move = self._bill(60)
        self._follow_up("2026-11-01")
        self._follow_up("2026-11-02")
        self.assertEqual(len(self._get_mails(move)), 1)
        self.assertIn("Please approve", self._get_mails(move).subject)
        self._follow_up("2026-11-04")
        self._follow_up("2026-11-05")
        self.assertEqual(len(self._get_mails(move)), 2)
        self.assertEqual(move.state, "draft")
        self._follow_up("2026-11-08")
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.billing_approval_ids.kind, "automatic")

    def test_no_lapse_for_a_customer_who_was_not_told(self):
        self.policy.customer_release_days = 1
        self.partner.email = False
        move = self._bill(60)
        self._follow_up("2026-11-01")
        self._follow_up("2026-12-01")
        self.assertEqual(move.state, "draft")
        self.assertEqual(len(move.activity_ids), 1)

    def test_parked_draft_is_looked_at_before_the_customer_sees_it(self):
        self.policy.park_first_invoice = True
        move = self._bill(60)
        self.assertEqual(move._get_billing_approval_state(), "unasked")
        with self.assertRaises(UserError):
            move._approve_billing(self.contact)
        move.billing_run_id.action_release()
        self.assertEqual(move._get_billing_approval_state(), "waiting")
        move._approve_billing(self.contact)
        self._follow_up("2026-11-02")
        self.assertEqual(move.state, "posted")

    # ----------------------------------------------------------------- question

    def test_questioned_line_is_held_and_the_draft_made_again(self):
        move = self._bill(60, 30)
        run, name = move.billing_run_id, self._get_line(move, 45).name
        entry = self._get_line(move, 45).billing_item_ids.entry_id
        new = move._question_billing_line(
            self._get_line(move, 45), "Who was there?", self.contact
        )
        self.assertFalse(move.exists())
        self.assertEqual(new.amount_untaxed, 90)
        self.assertEqual(new._get_billing_approval_state(), "waiting")
        item = entry.billing_item_ids.filtered("live")
        self.assertEqual((item.state, item.reason), ("held", "questioned"))
        self.assertEqual(item.raw_minutes, 30)
        self.assertEqual(run.state, "partly")
        question = self.env["ticket.billing.question"].search([])
        self.assertEqual((question.text, question.line_text), ("Who was there?", name))
        notes = self.contract.activity_ids.filtered(
            lambda a: (
                a.activity_type_id
                == self.env.ref("ticket_billing.mail_activity_question")
            )
        )
        self.assertIn("Who was there?", notes.note)
        record = self.approvals.search([("kind", "=", "questioned")])
        self.assertIn("Who was there?", record.text)
        self.assertFalse(record.move_id)

    def test_answered_question_is_billed_by_the_next_run(self):
        move = self._bill(60, 30)
        move._question_billing_line(self._get_line(move, 45), "Why?", self.contact)
        self.assertFalse(self._run("2026-11-02").invoice_ids)
        self.env["ticket.billing.question"].search([]).action_answer()
        self.assertEqual(self._run("2026-11-03").invoice_ids.amount_untaxed, 45)
        self.assertFalse(
            self.contract.activity_ids.filtered(
                lambda a: (
                    a.activity_type_id
                    == self.env.ref("ticket_billing.mail_activity_question")
                )
            )
        )

    def test_customer_is_right(self):
        move = self._bill(60, 30)
        line = self._get_line(move, 45)
        entry = line.billing_item_ids.entry_id
        move._question_billing_line(line, "Why?", self.contact)
        self.env["ticket.billing.question"].search([]).action_write_off()
        self.assertFalse(self._run("2026-11-03").invoice_ids)
        self.assertEqual(entry.billing_item_ids.filtered("live").reason, "goodwill")

    def test_no_draft_is_left_when_all_is_questioned(self):
        move = self._bill(60)
        new = move._question_billing_line(self._get_line(move, 90), "?", self.contact)
        self.assertFalse(new)
        self.assertFalse(move.exists())

    def test_fee_and_flat_fee_can_be_questioned(self):
        self.contract.fee_ids = [
            Command.create(
                {"name": "Monitoring", "price_unit": 50, "date_start": "2026-10-01"}
            )
        ]
        move = self._bill(60)
        self.assertEqual(move.amount_untaxed, 140)
        new = move._question_billing_line(
            self._get_line(move, 50), "What is it?", self.contact
        )
        self.assertEqual(new.amount_untaxed, 90)
        held = self.contract.item_ids.filtered(lambda i: i.state == "held")
        self.assertEqual(held.mapped("reason"), ["questioned"])
        self.env["ticket.billing.question"].search([]).action_answer()
        # Nothing is lost, and nothing billed twice.
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 50)

    def test_minimum_of_a_ticket_holds_the_whole_ticket(self):
        self.policy.minimum_per_ticket = 100
        move = self._bill(60, 120)
        line = self._get_line(move, 10)
        new = move._question_billing_line(line, "Why a minimum?", self.contact)
        self.assertEqual(new.amount_untaxed, 180)

    def test_other_drafts_of_the_run_stay(self):
        self.policy.invoice_grouping = "ticket"
        moves = self._bill(60, 30)
        first = moves.filtered(lambda m: m.amount_untaxed == 90)
        other = moves - first
        first._question_billing_line(self._get_line(first, 90), "?", self.contact)
        self.assertEqual(other.exists(), other)
        self.assertEqual(other.billing_run_id.invoice_ids, other)

    def test_question_needs_words_and_a_line_of_the_draft(self):
        move = self._bill(60)
        other = self._bill(30, day="2026-11-02")
        for line, text in (
            (self._get_line(move, 90), "  "),
            (self._get_line(other, 45), "Why?"),
        ):
            with self.assertRaises(UserError):
                move._question_billing_line(line, text, self.contact)
        self.assertTrue(move.exists())

    def test_question_is_answered_by_billers_only(self):
        move = self._bill(60, 30)
        move._question_billing_line(self._get_line(move, 45), "Why?", self.contact)
        question = self.env["ticket.billing.question"].search([])
        agent = self._create_user("agent.q", "ticket_billing.group_agent")
        with self.assertRaises(AccessError):
            question.with_user(agent).action_answer()
        biller = self._create_user("biller.q", "ticket_billing.group_biller")
        question.with_user(biller).action_answer()
        self.assertEqual(question.answered_by_id, biller)

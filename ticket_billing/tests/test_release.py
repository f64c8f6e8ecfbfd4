from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestRelease(TicketBillingCase):
    """What a person has to look at, and who may release."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write({"trigger": "ticket_closed", "release": "post"})

    def _bill_scheduled(self, day="2026-11-01"):
        """What the scheduled action bills on ``day`` of the tickets closed so far."""
        runs = self.env["ticket.billing.run"]
        cron = type(self.env["ir.cron"])
        known = self.env["account.move"].search([])
        with (
            freeze_time(f"{day} 08:00:00"),
            patch.object(cron, "_commit_progress", lambda *a, **k: 60.0),
        ):
            runs._cron_bill()
        moves = self.env["account.move"].search([("billing_run_id", "!=", False)])
        return moves - known

    def _bill(self, *minutes, day="2026-11-01", work="2026-10-12", **vals):
        """Bill a ticket of its own with these entries, on schedule."""
        ticket = self._create_ticket("Server")
        for number in minutes:
            self._log(number, work, ticket=ticket, **vals)
        self._close(ticket)
        return self._bill_scheduled(day)

    def _get_run_line(self, move):
        return move.billing_run_id.line_ids

    # ------------------------------------------------------------------ policy

    def test_amount_above_the_limit_is_parked_with_the_reason(self):
        self.policy.park_amount = 90
        at_limit = self._bill(60)
        self.assertEqual(at_limit.state, "posted")
        self.assertFalse(self.contract.activity_ids)
        above = self._bill(75, day="2026-11-02")
        line = self._get_run_line(above)
        self.assertEqual(above.state, "draft")
        self.assertTrue(line.parked)
        self.assertEqual(line.park_reason, "112.50 EUR is more than 90.00 EUR.")
        self.assertIn("112.50 EUR", self.contract.activity_ids.note)
        line.action_release()
        self.assertEqual(above.state, "posted")
        self.assertFalse(line.parked)
        self.assertFalse(self.contract.activity_ids)

    def test_only_the_first_invoice_of_a_customer_is_parked(self):
        self.policy.park_first_invoice = True
        first = self._bill(60)
        self.assertEqual(first.state, "draft")
        self.assertEqual(first.billing_park_reason, "First invoice of this customer.")
        # Not posted, it is not the first yet.
        self.assertEqual(self._bill(60, day="2026-11-02").state, "draft")
        self._get_run_line(first).action_release()
        self.assertEqual(self._bill(60, day="2026-11-03").state, "posted")

    def test_deviation_up_and_down(self):
        self.policy.park_deviation_percent = 50
        self._bill(60)
        self.assertEqual(self._bill(90, day="2026-11-02").state, "posted")
        # median of 90 and 135
        for number, minutes in enumerate((120, 30)):
            move = self._bill(minutes, day=f"2026-11-0{number + 3}")
            self.assertEqual(move.state, "draft", minutes)
            self.assertIn("50 %", move.billing_park_reason)
            self.assertIn("112.50 EUR", move.billing_park_reason)

    def test_spot_check_picks_its_share(self):
        bounds = self.env["ticket.billing.bounds"]
        self.assertFalse(any(bounds._is_sampled(0) for _i in range(500)))
        self.assertTrue(all(bounds._is_sampled(100) for _i in range(500)))
        picked = sum(bounds._is_sampled(20) for _i in range(4000))
        # Six standard deviations: wrong once in a billion.
        self.assertTrue(648 < picked < 952, picked)
        self.policy.park_sample_percent = 100
        self.assertEqual(self._bill(60).billing_park_reason, "Random spot check.")

    def test_parked_invoices_of_a_customer_do_not_stop_the_others(self):
        self.policy.write({"invoice_grouping": "ticket", "park_amount": 100})
        other = self._create_ticket("Small")
        self._log(30, ticket=other)
        self._close(other)
        moves = self._bill(120)
        states = moves.sorted("amount_untaxed").mapped("state")
        self.assertEqual(states, ["posted", "draft"])
        self.assertEqual(self._get_run_line(moves).draft_count, 1)

    # ------------------------------------------------------------------ bounds

    def test_three_times_the_usual_invoice(self):
        for day, minutes in enumerate((60, 60, 240), start=1):
            moves = self._bill(minutes, day=f"2026-11-0{day}", work="2026-10-30")
        self.assertEqual(moves.state, "draft")
        self.assertEqual(
            moves.billing_park_reason,
            "More than 3 times the customer's usual invoice of 90.00 EUR (median of"
            " six months).",
        )
        # Three times exactly is not more; old invoices do not count.
        self.assertEqual(self._bill(180, day="2026-11-04").state, "posted")
        self.company.billing_bound_factor = 0
        self.assertEqual(self._bill(600, day="2026-11-05").state, "posted")

    def test_invoices_before_the_six_months_are_forgotten(self):
        self._bill(15, work="2026-03-10", day="2026-03-20")
        self.assertEqual(self._bill(600, day="2026-11-01").state, "posted")

    def test_too_many_lines(self):
        self.company.billing_bound_lines = 2
        self.assertEqual(self._bill(15, 15).state, "posted")
        many = self._bill(15, 15, 15, day="2026-11-02")
        self.assertEqual(many.billing_park_reason, "3 lines are more than 2.")

    def test_price_of_zero(self):
        self.contract.rate_ids = [(0, 0, {"value": 0, "work_type_id": self.onsite.id})]
        ticket = self._create_ticket("Mixed")
        self._log(60, ticket=ticket)
        self._log(60, ticket=ticket, work_type_id=self.onsite.id)
        self._close(ticket)
        move = self._bill_scheduled()
        self.assertEqual(move.billing_park_reason, "Work is billed at a price of zero.")

    def test_free_work_on_paper_is_not_a_price_of_zero(self):
        self.policy.warranty_display = "discount_line"
        ticket = self._create_ticket("Mixed")
        self._log(60, ticket=ticket)
        self._log(60, ticket=ticket, billing_type="warranty")
        self._close(ticket)
        self.assertEqual(self._bill_scheduled().state, "posted")

    def test_old_work(self):
        self.assertEqual(self._bill(60, work="2026-08-01").state, "posted")
        old = self._bill(60, work="2026-07-31")
        self.assertIn("older than 3 months", old.billing_park_reason)
        self.assertIn("07/31/2026", old.billing_park_reason)

    def test_negative_total(self):
        move = self._bill(60)
        move.billing_item_ids.entry_id._correct({"raw_minutes": 30})
        credit = self._bill_scheduled("2026-11-02")
        self.assertEqual((credit.move_type, credit.state), ("out_refund", "draft"))
        self.assertIn("negative", credit.billing_park_reason)

    def test_queries_do_not_grow_with_the_customers(self):
        def count(number):
            for index in range(number):
                customer = self._create_customer(f"Customer {number}-{index}")
                self._create_contract(customer)
                self._log(60, ticket=self._create_ticket("T", customer))
            run = self.env["ticket.billing.run"].create(
                {"date": "2026-11-01", "company_id": self.company.id}
            )
            bounds = type(self.env["ticket.billing.bounds"])
            park = bounds._park
            queries = []

            def counted(records, created, run):
                self.env.flush_all()
                before = self.env.cr.sql_log_count
                park(records, created, run)
                queries.append(self.env.cr.sql_log_count - before)

            with patch.object(bounds, "_park", counted):
                run.action_bill()
            self.assertEqual(len(run.invoice_ids), number)
            return queries

        few = count(2)
        self.assertLessEqual(count(12)[0], few[0])

    # --------------------------------------------------------------- by person

    def test_confirmation_names_count_and_total(self):
        self.policy.park_amount = 50
        other = self._create_customer("Kanzlei Dr. Seidel & Partner")
        self._create_contract(other)
        self._log(60, ticket=self._create_ticket("Scanner", other))
        self._log(30)
        run = self._run()
        action = run.line_ids.action_ask_release()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.summary, "2 invoices, 160.65 EUR")
        self.assertEqual(
            wizard.detail, f"{other.name}: 90.00 EUR is more than 50.00 EUR."
        )
        self.assertEqual(set(run.invoice_ids.mapped("state")), {"draft"})
        wizard.action_confirm()
        self.assertEqual(set(run.invoice_ids.mapped("state")), {"posted"})
        action = run.line_ids.action_ask_release()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.summary, "No invoice")

    def test_only_chosen_customers_are_released(self):
        other = self._create_customer("Kanzlei Dr. Seidel & Partner")
        self._create_contract(other)
        self._log(60, ticket=self._create_ticket("Scanner", other))
        self._log(30)
        run = self._run()
        run.line_ids.filtered(lambda li: li.partner_id == other).action_release()
        states = {m.partner_id: m.state for m in run.invoice_ids}
        self.assertEqual(states, {other: "posted", self.partner: "draft"})

    def test_biller_retries_what_was_held(self):
        biller = self._create_user("retrier", "ticket_billing.group_biller")
        self.contract.rate_ids.unlink()
        self._log(60)
        run = self._run()
        self.contract.rate_ids = [(0, 0, {"value": 50})]
        run.with_user(biller).action_bill()
        self.assertEqual(run.invoice_ids.amount_untaxed, 50)


@tagged("post_install", "-at_install")
class TestFourEyes(TicketBillingCase):
    """Who prepared a run does not release it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.billing_four_eyes = True
        group = "ticket_billing.group_approver"
        cls.first = cls._create_user("first", group)
        cls.second = cls._create_user("second", group)
        cls.biller = cls._create_user("biller", "ticket_billing.group_biller")

    def _run_as(self, user):
        self._log(60)
        run = (
            self.env["ticket.billing.run"]
            .with_user(user)
            .create({"date": "2026-11-01", "company_id": self.company.id})
        )
        run.action_bill()
        return run

    def test_preparer_cannot_release_and_another_approver_can(self):
        run = self._run_as(self.first)
        with self.assertRaises(AccessError) as caught:
            run.action_release()
        for name in (run.name, self.first.name, self.second.name):
            self.assertIn(name, str(caught.exception))
        self.assertNotIn(self.biller.name, str(caught.exception))
        self.assertEqual(run.invoice_ids.state, "draft")
        run.with_user(self.second).action_release()
        self.assertEqual(run.invoice_ids.state, "posted")
        self.assertEqual(run.invoice_ids.billing_released_by_id, self.second)
        self.assertTrue(run.invoice_ids.billing_released_on)

    def test_whoever_took_part_is_a_preparer(self):
        self._log(60)
        run = (
            self.env["ticket.billing.run"]
            .with_user(self.biller)
            .create({"date": "2026-11-01", "company_id": self.company.id})
        )
        run.action_preview()
        run.with_user(self.second).action_bill()
        with self.assertRaises(AccessError):
            run.with_user(self.second).action_release()
        run.with_user(self.first).action_release()
        self.assertEqual(run.invoice_ids.state, "posted")

    def test_biller_cannot_release(self):
        run = self._run_as(self.first)
        with self.assertRaises(AccessError):
            run.with_user(self.biller).action_release()
        with self.assertRaises(AccessError):
            run.line_ids.with_user(self.biller).action_release()

    def test_no_way_round(self):
        run = self._run_as(self.first)
        invoice = run.invoice_ids
        for vals in ({"preparer_ids": [(5,)]}, {"user_id": self.second.id}):
            with self.assertRaises(AccessError):
                run.write(vals)
        with self.assertRaises(AccessError):
            run.copy({"preparer_ids": [(5,)]})
        with self.assertRaises(AccessError):
            invoice.action_post()
        # The invoice forgets its run; the ledger does not.
        invoice.billing_run_id = False
        with self.assertRaises(AccessError):
            invoice.action_post()
        self.assertEqual(invoice.state, "draft")

    def test_another_company_is_not_affected(self):
        self.company.billing_four_eyes = False
        run = self._run_as(self.first)
        run.action_release()
        self.assertEqual(run.invoice_ids.state, "posted")

    def test_policy_decisions_are_not_affected(self):
        self.policy.write({"trigger": "ticket_closed", "release": "post"})
        self._log(60)
        self._close(self.ticket)
        cron = type(self.env["ir.cron"])
        with (
            freeze_time("2026-11-01 08:00:00"),
            patch.object(cron, "_commit_progress", lambda *a, **k: 60.0),
        ):
            self.env["ticket.billing.run"].with_user(
                self.env.ref("base.user_root")
            )._cron_bill()
        self.assertEqual(self.contract.item_ids.invoice_id.state, "posted")

    def test_nobody_left(self):
        run = self._run_as(self.first)
        run.sudo().preparer_ids |= self.env.ref(
            "ticket_billing.group_approver"
        ).all_user_ids
        with self.assertRaisesRegex(AccessError, "nobody yet"):
            run.action_release()

    def test_release_needs_a_finished_run(self):
        self._log(60)
        run = self.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        with self.assertRaises(UserError):
            run.with_user(self.second).with_context(
                allowed_company_ids=self.company.ids
            ).action_release()

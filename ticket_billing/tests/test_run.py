from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestRun(TicketBillingCase):
    """Runs: idempotent, per customer, on schedule."""

    def _bill_scheduled(self, day):
        """The scheduled action on ``day``, without its commits."""
        runs = self.env["ticket.billing.run"]
        cron = type(self.env["ir.cron"])
        with (
            freeze_time(f"{day} 08:00:00"),
            patch.object(cron, "_commit_progress", lambda *a, **k: 60.0),
        ):
            before = runs.search([])
            runs._cron_bill()
        return runs.search([]) - before

    def test_second_run_is_empty(self):
        self._log(60)
        self.assertEqual(len(self._run().invoice_ids), 1)
        for _i in range(9):
            run = self._run()
            self.assertFalse(run.invoice_ids)
            self.assertFalse(run.line_ids)

    def test_preview_writes_no_invoice_and_can_be_repeated(self):
        entry = self._log(20)
        run = self.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        run.action_preview()
        run.action_preview()
        self.assertFalse(run.invoice_ids)
        self.assertEqual(run.line_ids.net, 45.0)
        self.assertEqual(entry.billing_item_ids.mapped("state"), ["open"])
        # A proposal follows its entry until it is settled.
        entry.raw_minutes = 40
        run.action_bill()
        self.assertEqual(run.invoice_ids.amount_untaxed, 67.5)

    def test_bad_customer_is_held_alone(self):
        good = self._create_customer("Kanzlei Dr. Seidel & Partner")
        self._create_contract(good)
        self._log(60)
        self._log(60, ticket=self._create_ticket("Scanner", good))
        bad = self.contract
        reason = "No income account"
        method = type(self.env["ticket.billing.invoicer"])._prepare_invoice

        def prepare(self, draft, run):
            if draft.contract == bad:
                raise UserError(reason)
            return method(self, draft, run)

        with patch.object(
            type(self.env["ticket.billing.invoicer"]), "_prepare_invoice", prepare
        ):
            run = self._run()
        self.assertEqual(run.state, "partly")
        held = run.line_ids.filtered(lambda li: li.state == "held")
        self.assertEqual(held.contract_id, bad)
        self.assertIn(reason, held.message)
        self.assertEqual(run.invoice_ids.partner_id, good)
        self.assertEqual(len(bad.activity_ids), 1)
        # Put right, the same run takes the customer up again; the activity closes.
        run.action_bill()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(run.invoice_ids), 2)
        self.assertFalse(bad.activity_ids)

    def test_entry_without_rate_is_held_with_the_way_out(self):
        self.contract.rate_ids.unlink()
        entry = self._log(60)
        run = self._run()
        item = entry.billing_item_ids
        self.assertEqual((item.state, item.reason), ("held", "no_rate"))
        self.assertIn(self.contract.code, item.message)
        self.assertIn("Remote support", item.message)
        self.assertEqual(run.state, "partly")
        self.assertFalse(run.invoice_ids)
        self.contract.rate_ids = [(0, 0, {"value": 50})]
        run.action_bill()
        self.assertEqual(run.invoice_ids.amount_untaxed, 50)
        self.assertEqual(entry.billing_item_ids.state, "billed")

    def test_partly_unpriced_entry_is_held_as_a_whole(self):
        # 23:30 to 00:30 over the day the rate ends
        self.contract.rate_ids.valid_to = "2026-10-12"
        entry = self._log_times(
            datetime(2026, 10, 12, 21, 30), datetime(2026, 10, 12, 22, 30)
        )
        self._run()
        self.assertEqual(entry.billing_item_ids.mapped("state"), ["held"])
        self.assertEqual(sum(entry.billing_item_ids.mapped("raw_minutes")), 60)

    def test_impossible_minutes_are_held_and_the_rest_goes_on(self):
        wrong = self._log(27 * 60)
        negative = self._log(-30)
        self._log(60)
        run = self._run()
        self.assertEqual(wrong.billing_item_ids.reason, "too_many_minutes")
        self.assertEqual(negative.billing_item_ids.reason, "invalid_minutes")
        self.assertEqual(self._get_lines(run.invoice_ids), [(60, 90, 90.0)])

    def test_work_without_customer_or_contract_is_held(self):
        nobody = self._create_ticket("Anonymous", self.env["res.partner"])
        stranger = self._create_ticket(
            "Stranger", self._create_customer("Ostwind Logistik KG")
        )
        entries = self._log(30, ticket=nobody) | self._log(30, ticket=stranger)
        self.env["ticket.billing.rater"]._hold_unassigned(self.company)
        self.assertEqual(
            entries.billing_item_ids.mapped("reason"), ["no_customer", "no_contract"]
        )
        self.env["ticket.billing.rater"]._hold_unassigned(self.company)
        self.assertEqual(len(entries.billing_item_ids), 2)
        self._create_contract(stranger.partner_id)
        nobody.partner_id = self.partner
        run = self._run()
        self.assertEqual(len(run.invoice_ids), 2)
        self.assertEqual(set(entries.billing_item_ids.mapped("state")), {"billed"})

    def test_monthly_schedule(self):
        self._log(60, "2026-10-31")
        november = self._log(60, "2026-11-01")
        run = self._bill_scheduled("2026-11-01")
        self.assertTrue(run.scheduled)
        self.assertEqual(len(run.invoice_ids), 1)
        self.assertEqual(run.invoice_ids.state, "draft")
        self.assertFalse(november.billing_item_ids)
        self.assertFalse(self._bill_scheduled("2026-11-15"))
        self.assertEqual(len(self._bill_scheduled("2026-12-01").invoice_ids), 1)

    def test_closed_tickets_within_one_tick(self):
        self.policy.write({"trigger": "ticket_closed", "release": "post"})
        self._log(60)
        still_open = self._create_ticket("Open")
        self._log(60, ticket=still_open)
        self.assertFalse(self._bill_scheduled("2026-10-13"))
        self._close(self.ticket)
        run = self._bill_scheduled("2026-10-13")
        self.assertEqual(run.invoice_ids.state, "posted")
        self._close(still_open)
        self.assertFalse(self._bill_scheduled("2026-10-13"))
        self.assertEqual(len(run.invoice_ids), 2)

    def test_held_work_is_tried_again_on_the_next_day_only(self):
        self.contract.rate_ids.unlink()
        with freeze_time("2026-11-01"):
            self._log(60)
        with patch.object(
            type(self.env["ticket.billing.run"]),
            "_bill",
            autospec=True,
            side_effect=type(self.env["ticket.billing.run"])._bill,
        ) as bill:
            self._bill_scheduled("2026-11-01")
            self.env.cr.execute(
                "UPDATE ticket_billing_item SET create_date = '2026-11-01 08:00'"
            )
            self.env.invalidate_all()
            self._bill_scheduled("2026-11-01")
            self.assertEqual(bill.call_count, 1)
            self._bill_scheduled("2026-11-02")
            self.assertEqual(bill.call_count, 2)

    def test_missing_address_keeps_the_draft(self):
        self.policy.release = "post"
        self.partner.write({"street": False, "zip": False})
        self._log(60)
        run = self._bill_scheduled("2026-11-01")
        self.assertEqual(run.state, "partly")
        self.assertEqual(run.invoice_ids.state, "draft")
        self.assertIn("Weber Maschinenbau GmbH", run.line_ids.message)
        self.assertIn("Street", run.line_ids.message)
        self.partner.write({"street": "Werkstraße 5", "zip": "70173"})
        run.action_release()
        self.assertEqual(run.invoice_ids.state, "posted")
        self.assertEqual(run.state, "done")

    def test_contract_not_in_force(self):
        self.contract.date_end = "2026-10-10"
        entry = self._log(60, "2026-10-12")
        self._run()
        self.assertEqual(entry.billing_item_ids.reason, "not_in_force")

    def test_conservation_of_minutes(self):
        self.contract.allotment_ids = [(0, 0, {"hours": 1})]
        entries = self.env["account.analytic.line"]
        for minutes, kind in (
            (50, "billable"),
            (35, "billable"),
            (7, "internal"),
            (11, "warranty"),
            (0, "billable"),
            (2000, "billable"),
        ):
            entries |= self._log(minutes, billing_type=kind)
        self._run()
        for entry in entries:
            live = entry.billing_item_ids.filtered("live")
            self.assertEqual(sum(live.mapped("raw_minutes")), entry.raw_minutes)

    def test_run_with_invoices_is_kept(self):
        self._log(60)
        run = self._run()
        with self.assertRaises(UserError):
            run.unlink()

    def test_work_rounded_down_to_nothing_is_settled(self):
        self.policy.rounding_mode = "down"
        entry = self._log(14)
        self.assertFalse(self._run().invoice_ids)
        item = entry.billing_item_ids
        self.assertEqual((item.state, item.reason), ("written_off", "nothing_due"))
        self.assertFalse(self._run("2026-11-02").line_ids)

    def test_minutes_taken_off_by_rounding_can_be_billed(self):
        self.policy.write({"rounding_mode": "nearest", "rounding_scope": "ticket"})
        self._log(20)
        self._log(17)
        run = self._run()
        self.assertEqual(
            self._get_lines(run.invoice_ids), [(-7, 90, -10.5), (17, 90, 25.5),
                                               (20, 90, 30.0)]
        )  # fmt: skip

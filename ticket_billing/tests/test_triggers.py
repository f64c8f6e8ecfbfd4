import calendar
import random
from collections import Counter
from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from ..tools.due_day import due_day, first_day, last_due_day, work_before
from .common import TicketBillingCase

NUMBERS = {"week": range(1, 8), "month": range(1, 32), "quarter": range(1, 93)}
START, END = date(2023, 11, 1), date(2025, 3, 1)  # 29 February, two changes of year


@tagged("post_install", "-at_install")
class TestDueDay(BaseCase):
    """The arithmetic of due days, for every day that can be chosen."""

    def _get_days(self):
        return [START + timedelta(days=n) for n in range((END - START).days)]

    def _get_combinations(self):
        for period, numbers in NUMBERS.items():
            for number in numbers:
                for current in (False, True):
                    yield period, number, current

    def test_every_day_is_billed_once_whenever_the_scheduler_ran(self):
        chance = random.Random(29)
        for period, number, current in self._get_combinations():
            billed, before = Counter(), START
            for today in self._get_days():
                if chance.random() < 0.7:  # the scheduler was not running
                    continue
                first = work_before(today, period, number, current)
                self.assertLessEqual(first, today)
                while before < first:
                    billed[before] += 1
                    before += timedelta(days=1)
            days = [day for day in self._get_days() if day < before]
            self.assertEqual(billed, Counter(days))
            # Nothing waits for more than two periods and the days without a run.
            self.assertGreater(before, END - timedelta(days=220))

    def test_every_day_is_billed_on_the_next_chosen_day(self):
        for period, number, current in self._get_combinations():
            if current or period != "month":
                continue
            for day in self._get_days()[::7]:
                today = day
                while work_before(today, period, number, current) <= day:
                    today += timedelta(days=1)
                year, month = day.year + day.month // 12, day.month % 12 + 1
                last = calendar.monthrange(year, month)[1]
                self.assertEqual(today, date(year, month, min(number, last)))

    def test_it_never_goes_back(self):
        for period, number, current in self._get_combinations():
            days = [work_before(d, period, number, current) for d in self._get_days()]
            self.assertEqual(days, sorted(days))

    def test_month_ends(self):
        for first, number, due in (
            (date(2024, 2, 1), 31, date(2024, 2, 29)),
            (date(2025, 2, 1), 29, date(2025, 2, 28)),
            (date(2025, 4, 1), 31, date(2025, 4, 30)),
            (date(2025, 12, 1), 31, date(2025, 12, 31)),
        ):
            self.assertEqual(due_day(first, "month", number), due)

    def test_change_of_year(self):
        self.assertEqual(first_day(date(2025, 1, 1), "week"), date(2024, 12, 30))
        self.assertEqual(
            last_due_day(date(2025, 1, 9), "quarter", 10), date(2024, 10, 10)
        )
        self.assertEqual(
            work_before(date(2025, 1, 14), "month", 15, False), date(2024, 12, 1)
        )
        self.assertEqual(
            work_before(date(2025, 1, 15), "month", 15, False), date(2025, 1, 1)
        )
        self.assertEqual(
            work_before(date(2025, 1, 3), "week", 4, True), date(2025, 1, 2)
        )
        self.assertEqual(due_day(date(2025, 1, 1), "quarter", 92), date(2025, 3, 31))


@tagged("post_install", "-at_install")
class TestTriggers(TicketBillingCase):
    """When the scheduled action bills what."""

    def _tick(self, day):
        """Invoices that the scheduled action makes on ``day``."""
        runs = self.env["ticket.billing.run"]
        known = self.env["account.move"].search([])
        with (
            freeze_time(f"{day} 08:00:00"),
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 60.0
            ),
        ):
            runs._cron_bill()
        return self.env["account.move"].search([("billing_run_id", "!=", False)]) - (
            known
        )

    def _count_triggers(self):
        cron = self.env.ref("ticket_billing.ir_cron_bill")
        return self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])

    def test_chosen_day_of_the_month(self):
        self.policy.due_month_day = 15
        self._log(60, "2026-10-31")
        november = self._log(60, "2026-11-01")
        self.assertFalse(self._tick("2026-11-14"))
        self.assertEqual(self._tick("2026-11-15").amount_untaxed, 90)
        self.assertFalse(november.billing_item_ids)
        self.assertFalse(self._tick("2026-12-14"))
        # The scheduler did not run on the 15th.
        self.assertEqual(self._tick("2026-12-17").amount_untaxed, 90)

    def test_current_period_up_to_the_day_before(self):
        self.policy.write({"due_month_day": 31, "billed_period": "current"})
        self._log(60, "2026-11-29")
        last = self._log(60, "2026-11-30")
        self.assertFalse(self._tick("2026-11-29"))
        self.assertEqual(self._tick("2026-11-30").amount_untaxed, 90)
        self.assertFalse(last.billing_item_ids)
        self.assertEqual(self._tick("2026-12-31").amount_untaxed, 90)

    def test_days_that_do_not_exist_are_refused(self):
        for vals in (
            {"due_month_day": 32},
            {"due_month_day": 0},
            {"due_quarter_day": 93},
            {"trigger": "amount", "trigger_amount": 0},
        ):
            with (
                self.subTest(vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.policy.write(vals)
                self.policy.flush_recordset()

    def test_different_intervals_in_the_same_night(self):
        weekly = self.policy.copy({"period": "week", "due_weekday": "4"})
        other = self._create_customer("Ostwind Logistik KG")
        self._create_contract(other, policy_id=weekly.id)
        ticket = self._create_ticket("Scanner", other)
        # Thursday, the 1st of October 2026: September, and the week before.
        self._log(60, "2026-09-30")
        self._log(60, "2026-09-27", ticket=ticket)
        self._log(30, "2026-09-28", ticket=ticket)
        moves = self._tick("2026-10-01")
        self.assertEqual(
            {move.partner_id: move.amount_untaxed for move in moves},
            {self.partner: 90, other: 90},
        )
        self.assertEqual(len(moves.billing_run_id), 1)

    def test_amount_is_reached(self):
        self.policy.write({"trigger": "amount", "trigger_amount": 180})
        self._log(90, "2026-10-12")
        self.assertFalse(self._tick("2026-10-12"))
        self._log(30, "2026-10-13")
        move = self._tick("2026-10-13")
        self.assertEqual(move.amount_untaxed, 180)
        # What does not reach it comes at the latest with its period.
        self._log(30, "2026-10-14")
        self.assertFalse(self._tick("2026-10-31"))
        self.assertEqual(self._tick("2026-11-01").amount_untaxed, 45)

    def test_amount_is_reached_after_the_run_of_the_period_on_one_day(self):
        self.policy.write({"trigger": "amount", "trigger_amount": 180})
        self._log(60, "2026-10-31")
        self.assertEqual(self._tick("2026-11-01").amount_untaxed, 90)
        self._log(120, "2026-11-01")
        self.assertEqual(self._tick("2026-11-01").amount_untaxed, 180)

    def test_only_overage_is_billed(self):
        self.policy.trigger = "overage"
        self.contract.allotment_ids = [
            Command.create({"hours": 1, "work_type_ids": [(4, self.remote.id)]})
        ]
        covered = self._log(60, "2026-10-12")
        onsite = self._log(60, "2026-10-12", work_type_id=self.onsite.id)
        self.assertFalse(self._tick("2026-11-01"))
        self.assertEqual(covered.billing_item_ids.state, "covered")
        self.assertTrue(covered.billing_item_ids.settled)
        self.assertFalse(onsite.billing_item_ids)
        split = self._log(60, "2026-11-03")
        self._log(30, "2026-11-04")
        move = self._tick("2026-12-01")
        self.assertEqual(move.amount_untaxed, 45)
        self.assertEqual(split.billing_item_ids.state, "covered")
        # What is left out waits for a run by hand, and stands in no one's way.
        self.assertFalse(onsite.billing_item_ids.filtered("settled"))
        runs = self.env["ticket.billing.run"].search_count([])
        self._tick("2026-12-02")
        self.assertEqual(self.env["ticket.billing.run"].search_count([]), runs)
        self.assertEqual(self._run("2026-12-03").invoice_ids.amount_untaxed, 90)

    def test_covered_work_alone_is_settled_without_an_invoice(self):
        self.policy.write({"trigger": "overage", "show_covered_lines": True})
        self.contract.allotment_ids = [Command.create({"hours": 5})]
        entry = self._log(60)
        self.assertFalse(self._tick("2026-11-01"))
        self.assertEqual(entry.billing_item_ids.state, "covered")
        self.assertTrue(entry.billing_item_ids.settled)

    def test_closing_a_ticket_triggers_the_scheduled_action(self):
        before = self._count_triggers()
        self._close(self.ticket)
        self.assertEqual(self._count_triggers(), before)
        self.policy.trigger = "ticket_closed"
        other = self._create_ticket("Closed at once")
        self._close(other)
        self.assertEqual(self._count_triggers(), before + 1)

    def test_finished_project(self):
        self.policy.write({"trigger": "project", "invoice_grouping": "project"})
        done = self.env["project.project.stage"].create({"name": "Done", "fold": True})
        projects = self.env["project.project"].create(
            [
                {"name": name, "company_id": self.company.id, "allow_timesheets": True}
                for name in ("Move", "Firewall")
            ]
        )
        move, firewall = projects
        self._log(60, project_id=move.id)
        self._log(30, project_id=firewall.id)
        self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": self.env.ref("ticket_billing.product_journey").id,
                "name": "Cable",
                "kind": "material",
                "quantity": 1,
                "price_unit": 10,
                "date": "2026-10-12",
            }
        )
        self.assertFalse(self._tick("2026-10-31"))
        before = self._count_triggers()
        move.stage_id = done
        self.assertEqual(self._count_triggers(), before + 1)
        invoices = self._tick("2026-10-31")
        self.assertEqual(sum(invoices.mapped("amount_untaxed")), 100)
        firewall.stage_id = done
        self.assertEqual(self._tick("2026-11-01").amount_untaxed, 45)

    def test_by_hand_nothing_happens_by_itself(self):
        self.policy.trigger = "manual"
        self._log(60)
        self.assertFalse(self._tick("2026-11-01"))
        self.assertEqual(self._run().invoice_ids.amount_untaxed, 90)

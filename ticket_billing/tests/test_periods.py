from datetime import date, datetime, timedelta

from odoo.tests import tagged

from .common import TicketBillingCase

# Leap day, year change, months of 28 to 31 days, both nights of clock changes.
FIRST, DAYS = date(2023, 12, 1), 1200
LENGTHS = {"week": {7}, "month": {28, 29, 30, 31}, "quarter": {90, 91, 92}}


@tagged("post_install", "-at_install")
class TestPeriods(TicketBillingCase):
    """Periods of policies and fees: every day belongs to exactly one."""

    def test_scheduled_days_split_the_calendar(self):
        for period, lengths in LENGTHS.items():
            self.policy.period = period
            bounds = [
                self.policy._get_work_before(FIRST + timedelta(days=number))
                for number in range(DAYS)
            ]
            for number, bound in enumerate(bounds):
                today = FIRST + timedelta(days=number)
                self.assertLessEqual(bound, today)
                self.assertLess((today - bound).days, max(lengths))
            self.assertEqual(bounds, sorted(bounds))
            # Without the first and the last, which may be cut off.
            distinct = sorted(set(bounds))
            steps = {
                (after - before).days
                for before, after in zip(distinct, distinct[1:], strict=False)
            }
            self.assertLessEqual(steps, lengths)
            for bound in distinct[1:]:
                self.assertEqual(self.policy._get_work_before(bound), bound)

    def test_every_day_is_billed_once(self):
        """Month by month from the 31st on, over a leap day and a change of year."""
        days = [date(2027, 12, 31), date(2028, 1, 31), date(2028, 2, 29),
                date(2028, 3, 26), date(2028, 3, 31), date(2028, 4, 30)]  # fmt: skip
        entries = {day: self._log(60, day) for day in days}
        billed = {}
        for month in ("2028-01-01", "2028-02-01", "2028-03-01", "2028-04-01",
                      "2028-05-01"):  # fmt: skip
            run = self._run(date.fromisoformat(month))
            for entry in run.item_ids.entry_id:
                self.assertNotIn(entry, billed)
                billed[entry] = month
        self.assertEqual(
            [billed[entries[day]] for day in days],
            ["2028-01-01", "2028-02-01", "2028-03-01", "2028-04-01", "2028-04-01",
             "2028-05-01"],
        )  # fmt: skip

    def test_nights_of_clock_changes(self):
        """Local days and elapsed minutes, in both nights."""
        spring = self._log_times(
            datetime(2027, 3, 28, 0, 30), datetime(2027, 3, 28, 1, 30)
        )
        autumn = self._log_times(
            datetime(2027, 10, 30, 22, 30), datetime(2027, 10, 31, 1, 30)
        )
        self.assertEqual((spring.raw_minutes, spring.date), (60, date(2027, 3, 28)))
        # 0:30 summer time to 2:30 winter time
        self.assertEqual((autumn.raw_minutes, autumn.date), (180, date(2027, 10, 31)))
        self.assertFalse(self._run(date(2027, 3, 28)).invoice_ids)
        self.assertEqual(self._run(date(2027, 4, 1)).invoice_ids.amount_untaxed, 90)
        self.assertEqual(self._run(date(2027, 11, 1)).invoice_ids.amount_untaxed, 270)

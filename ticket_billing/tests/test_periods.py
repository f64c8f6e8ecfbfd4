from datetime import date, datetime

from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestPeriods(TicketBillingCase):
    """Periods of policies and fees: every day belongs to exactly one."""

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

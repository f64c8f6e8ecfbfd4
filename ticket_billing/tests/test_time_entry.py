from datetime import date, datetime

from psycopg2.errors import CheckViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestTimeEntry(TicketBillingCase):
    """Time on tickets is a timesheet, with whole minutes."""

    def test_project_employee_and_cost(self):
        entry = self._log(30)
        self.assertEqual(entry.project_id, self.company.ticket_billing_project_id)
        self.assertEqual(entry.partner_id, self.partner)
        self.assertEqual(entry.unit_amount, 0.5)
        self.assertEqual(entry.amount, -20.0)

    def test_minutes_from_clock_times_round_up_seconds(self):
        entry = self._log_times(
            datetime(2026, 3, 3, 13, 10, 1), datetime(2026, 3, 3, 13, 21, 40)
        )
        self.assertEqual(entry.raw_minutes, 12)

    def test_day_is_local(self):
        entry = self._log_times(
            datetime(2026, 10, 12, 22, 30), datetime(2026, 10, 12, 23)
        )
        self.assertEqual(entry.date, date(2026, 10, 13))

    def test_hours_typed_with_two_decimals(self):
        for hours, minutes in ((0.33, 20), (1 / 3, 20), (6.67, 400), (0.01, 1)):
            entry = self._log(0)
            entry.unit_amount = hours
            self.assertEqual(entry.raw_minutes, minutes)

    def test_end_before_start_is_refused(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.cr.savepoint(),
        ):
            self._log_times(datetime(2026, 10, 12, 9), datetime(2026, 10, 12, 8))

    def test_reopened_ticket_loses_its_closing_date(self):
        self._close(self.ticket)
        self.assertTrue(self.ticket.closed_date)
        self.ticket.stage_id = self.env.ref(
            "helpdesk_mgmt.helpdesk_ticket_stage_in_progress"
        )
        self.assertFalse(self.ticket.closed_date)

    def test_ticket_figures(self):
        self._log(30)
        self._log(45)
        self.assertEqual(self.ticket.spent_minutes, 75)
        self.assertEqual(self.ticket.spent_hours, 1.25)
        self.assertEqual(self.ticket.time_entry_count, 2)

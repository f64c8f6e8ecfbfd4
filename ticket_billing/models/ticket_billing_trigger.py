from datetime import date, timedelta

from odoo import fields, models

from ..tools.due_day import work_before
from .ticket_billing_collector import Scope

WEEKDAYS = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
]
BY_PERIOD = ("period", "amount", "overage")


class TicketBillingTrigger(models.AbstractModel):
    """When the scheduled action bills the work of a policy's contracts."""

    _name = "ticket.billing.trigger"
    _description = "Trigger of Billing"

    trigger = fields.Selection(
        [
            ("period", "Collective, once per period"),
            ("amount", "As soon as an amount is reached"),
            ("overage", "Only what is beyond the allotment"),
            ("ticket_closed", "Each ticket when it is closed"),
            ("project", "Each project when it is finished"),
            ("manual", "By hand"),
        ],
        string="Bill",
        required=True,
        default="period",
        tracking=True,
        help="When the scheduled action bills the work of a contract. Beyond the"
        " allotment: covered work is settled without an invoice, everything else waits"
        " for a run by hand. A project is finished when its stage is folded.",
    )
    period = fields.Selection(
        [("week", "Week"), ("month", "Month"), ("quarter", "Quarter")],
        required=True,
        default="month",
        tracking=True,
        help="Length of the periods that are billed.",
    )
    due_weekday = fields.Selection(
        WEEKDAYS, string="Weekday", required=True, default="1"
    )
    due_month_day = fields.Integer(
        string="Day of the month",
        required=True,
        default=1,
        tracking=True,
        help="Example: 15. In a month that is shorter it is the last day: 31 is always"
        " the end of the month.",
    )
    due_quarter_day = fields.Integer(
        string="Day of the quarter",
        required=True,
        default=1,
        tracking=True,
        help="Example: 10 is the 10th of January, April, July and October.",
    )
    billed_period = fields.Selection(
        [("past", "The period before"), ("current", "Up to the day before")],
        string="Work of",
        required=True,
        default="past",
        tracking=True,
        help="What is billed on that day. Example, on the 25th of October: all of"
        " September, or everything until the 24th of October.",
    )
    trigger_amount = fields.Float(
        string="Amount",
        digits=(16, 2),
        tracking=True,
        help="Open net amount of a contract at which it is billed at once, in its"
        " currency. What does not reach it is billed with its period.",
    )

    _due_month_day_range = models.Constraint(
        "CHECK(due_month_day BETWEEN 1 AND 31)",
        "The day of the month is between 1 and 31.",
    )
    _due_quarter_day_range = models.Constraint(
        "CHECK(due_quarter_day BETWEEN 1 AND 92)",
        "The day of the quarter is between 1 and 92.",
    )
    _trigger_amount_positive = models.Constraint(
        "CHECK(trigger != 'amount' OR trigger_amount > 0)",
        "Enter the amount at which a contract is billed.",
    )

    def _get_due_number(self) -> int:
        """Which day of its period is the due day, from 1 on."""
        self.ensure_one()
        return {
            "week": int(self.due_weekday),
            "month": self.due_month_day,
            "quarter": self.due_quarter_day,
        }[self.period]

    def _get_scope(self, today: date, at_once: bool = False) -> Scope:
        """What a scheduled run of ``today`` takes up.

        ``at_once``: the amount is reached, the period does not matter.
        """
        self.ensure_one()
        if self.trigger in BY_PERIOD and not at_once:
            is_current = self.billed_period == "current"
            number = self._get_due_number()
            first = work_before(today, self.period, number, is_current)
        else:
            first = today + timedelta(days=1)
        return Scope(
            today,
            first,
            closed_only=self.trigger == "ticket_closed",
            finished_only=self.trigger == "project",
            overage_only=self.trigger == "overage",
        )

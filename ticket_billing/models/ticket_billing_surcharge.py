from datetime import time
from decimal import Decimal

from odoo import api, fields, models

from ..rating import Window
from ..tools.number import format_number

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
            "sunday")  # fmt: skip


def _clock_time(hours: float) -> time:
    """Clock time of a float_time field; 24:00 is midnight."""
    minutes = round(hours * 60) % (24 * 60)
    return time(minutes // 60, minutes % 60)


class TicketBillingSurcharge(models.Model):
    _name = "ticket.billing.surcharge"
    _description = "Surcharge Window"
    _order = "sequence, id"

    name = fields.Char(
        required=True, translate=True, help="Shown on invoices. Example: Night"
    )
    sequence = fields.Integer(default=10)
    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    percent = fields.Float(
        digits=(6, 2), required=True, help="Surcharge on the rate, in percent."
    )
    whole_day = fields.Boolean(help="The surcharge holds from 0:00 to 24:00.")
    time_from = fields.Float(
        string="From", help="Local time. The window may cross midnight: 22:00 to 06:00."
    )
    time_to = fields.Float(string="To")
    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean(default=True)
    sunday = fields.Boolean(default=True)
    holidays = fields.Boolean(
        string="Public holidays",
        help="The surcharge also holds on the public holidays of the customer's state.",
    )

    valid_from = fields.Date(help="First day it holds. Empty: with the contract.")
    valid_to = fields.Date(help="Last day it holds. Empty: with the contract.")

    _validity = models.Constraint(
        "CHECK(valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to)",
        "A surcharge window cannot end before it starts.",
    )
    _percent_positive = models.Constraint(
        "CHECK(percent > 0)", "A surcharge window needs a percentage above 0."
    )
    _times = models.Constraint(
        "CHECK(whole_day OR (time_from >= 0 AND time_from < 24 AND time_to >= 0"
        " AND time_to <= 24 AND time_from <> time_to))",
        "A surcharge window needs two different clock times between 0:00 and 24:00.",
    )
    _days = models.Constraint(
        "CHECK(monday OR tuesday OR wednesday OR thursday OR friday OR saturday"
        " OR sunday OR holidays)",
        "A surcharge window needs at least one day of the week, or public holidays.",
    )

    @api.depends("name", "percent")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for window in self:
            percent = format_number(self.env, window.percent)
            window.display_name = f"{window.name} +{percent} %"

    def _is_complete(self) -> bool:
        """Whether percent and times are entered; in a form they may still lack."""
        self.ensure_one()
        return self.percent > 0 and (self.whole_day or self.time_from != self.time_to)

    def _is_over(self) -> bool:
        """Whether its last day has passed."""
        self.ensure_one()
        return bool(self.valid_to) and self.valid_to < fields.Date.context_today(self)

    def _get_windows(self) -> tuple[Window, ...]:
        """Windows of the rating core, keyed by record id."""
        return tuple(window._get_window() for window in self)

    def _get_window(self) -> Window:
        self.ensure_one()
        days = frozenset(i for i, day in enumerate(WEEKDAYS) if self[day])
        every_day = len(days) == len(WEEKDAYS)
        return Window(
            key=self.id,
            percent=Decimal(str(self.percent)),
            start=None if self.whole_day else _clock_time(self.time_from),
            stop=None if self.whole_day else _clock_time(self.time_to),
            weekdays=None if every_day else days or None,
            holidays=self.holidays and not every_day,
            valid_from=self.valid_from or None,
            valid_to=self.valid_to or None,
        )

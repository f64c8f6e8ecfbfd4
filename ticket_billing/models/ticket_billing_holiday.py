import datetime
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rating import PublicHolidays


class TicketBillingHoliday(models.Model):
    """A public holiday of a town or state that the calendar of the state lacks."""

    _name = "ticket.billing.holiday"
    _description = "Local Public Holiday"
    _order = "state_id, city, month, day, date"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    state_id = fields.Many2one("res.country.state", required=True)
    city = fields.Char(
        help="Town, as in the addresses of customers. Empty: the whole state."
        " Example: Augsburg."
    )
    yearly = fields.Boolean(default=True, string="Every year")
    date = fields.Date(required=True, help="Of a yearly holiday the year is ignored.")
    month = fields.Integer(compute="_compute_month_day", store=True)
    day = fields.Integer(compute="_compute_month_day", store=True)

    @api.depends("date")
    def _compute_month_day(self):
        for holiday in self:
            holiday.month = holiday.date.month if holiday.date else 0
            holiday.day = holiday.date.day if holiday.date else 0

    @api.constrains("city")
    def _check_city(self):
        for holiday in self:
            if holiday.city and not holiday.city.strip():
                raise ValidationError(
                    self.env._(
                        "%(holiday)s: enter a town, or leave it empty.",
                        holiday=holiday.name,
                    )
                )

    @api.model
    def _get_calendar(self) -> PublicHolidays:
        """Public holidays of all places, with the local ones kept here."""
        overrides = defaultdict(list)
        for holiday in self.sudo().search([("date", "!=", False)]):
            overrides[holiday._get_place()].append(holiday._get_day())
        return PublicHolidays(overrides)

    def _get_place(self) -> str:
        """State or town as the rating core names it."""
        self.ensure_one()
        partner = self.env["res.partner"].new(
            {"state_id": self.state_id.id, "city": self.city}
        )
        return self.env["ticket.billing.contract"]._get_location(partner)

    def _get_day(self) -> datetime.date | tuple[int, int]:
        self.ensure_one()
        return (self.month, self.day) if self.yearly else self.date

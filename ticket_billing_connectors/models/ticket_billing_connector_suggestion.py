import dataclasses

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..systems.registry import SYSTEMS


# pylint: disable=consider-merging-classes-inherited
class TicketBillingConnector(models.Model):
    """Times that changes of state suggest."""

    _inherit = "ticket.billing.connector"

    tells_status = fields.Boolean(compute="_compute_tells_status")
    suggest_times = fields.Boolean(
        string="Suggest times from states",
        help="The time a ticket was in a working state is suggested as a time entry."
        " It is billed only when somebody has confirmed it. Of booked times only the"
        " rest is suggested. Counts for tickets that change from now on.",
    )
    working_states = fields.Char(
        help="States in which a technician works on the ticket, by commas. Example:"
        " in progress, on site",
    )
    suggestion_calendar_id = fields.Many2one(
        "resource.calendar",
        string="Business hours",
        check_company=True,
        compute="_compute_suggestion_calendar_id",
        store=True,
        readonly=False,
        help="Only time within these hours is suggested: no breaks, no holidays.",
    )
    suggestion_count = fields.Integer(compute="_compute_suggestion_count")

    @api.depends("system")
    def _compute_tells_status(self):
        for connector in self:
            system = SYSTEMS.get(connector.system)
            connector.tells_status = bool(system) and system.tells_status

    @api.depends("company_id")
    def _compute_suggestion_calendar_id(self):
        for connector in self:
            calendar = connector.company_id.resource_calendar_id
            connector.suggestion_calendar_id = calendar

    def _compute_suggestion_count(self):
        counts = self._count("ticket.billing.suggestion", [("state", "=", "open")])
        for connector in self:
            connector.suggestion_count = counts.get(connector.id, 0)

    @api.constrains("suggest_times", "working_states", "suggestion_calendar_id")
    def _check_suggestions(self):
        for connector in self.filtered("suggest_times"):
            if not (
                connector._get_working_states() and connector.suggestion_calendar_id
            ):
                raise ValidationError(
                    self.env._(
                        "Enter working states and business hours, or do not let"
                        " states suggest times."
                    )
                )

    def _get_working_states(self) -> list[str]:
        parts = (part.strip() for part in (self.working_states or "").split(","))
        return [part for part in parts if part]

    def _get_connection(self):
        wanted = self.suggest_times and self.tells_status
        return dataclasses.replace(super()._get_connection(), with_status=wanted)

    def action_view_suggestions(self):
        context = {"search_default_open": 1}
        return self._view_own("ticket_billing_suggestion_action", context)

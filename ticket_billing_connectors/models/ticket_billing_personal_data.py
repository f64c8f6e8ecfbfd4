from odoo import api, models

from odoo.addons.ticket_billing.models.ticket_billing_personal_data import Source


class TicketBillingPersonalData(models.AbstractModel):
    """What states of tickets say about when technicians have worked."""

    _inherit = "ticket.billing.personal.data"

    @api.model
    def _get_sources(self, subject) -> list[Source]:
        employees, _partners, _users = self._get_people(subject)
        suggestions = self._search(
            "ticket.billing.suggestion", [("employee_id", "in", employees.ids)]
        )
        return [
            *super()._get_sources(subject),
            Source(
                "suggestions",
                self.env._("Suggested times"),
                suggestions,
                ("ticket_id", "start", "stop", "minutes", "name", "state"),
            ),
        ]

from contextlib import closing

from odoo import api, fields, models

from ..systems.generic_rest import CODE, preview
from ..transport.errors import ConnectorError


# pylint: disable=consider-merging-classes-inherited
class TicketBillingConnector(models.Model):
    """What the settings of a REST interface pick, while they are being found."""

    _inherit = "ticket.billing.connector"

    is_generic = fields.Boolean(compute="_compute_is_generic")

    @api.depends("system")
    def _compute_is_generic(self):
        for connector in self:
            connector.is_generic = connector.system == CODE

    def action_show_values(self):
        """Show what is picked from the first ticket and its booking."""
        self.ensure_one()
        self.check_access("write")
        try:
            with closing(self._open()) as client:
                found = preview(client)
        except ConnectorError as error:
            lines = [f"✗ {self._describe(error)}"]
        else:
            lines = [f"{label}: {value or '–'}" for label, value in found]
        self.test_result = "\n".join(lines) or self.env._("There is no ticket.")
        return {"type": "ir.actions.client", "tag": "soft_reload"}

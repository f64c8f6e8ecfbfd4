from contextlib import closing

from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import ValidationError

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

    @api.constrains("write_back", "system", "system_settings")
    def _check_note_path(self):
        for connector in self.filtered("is_generic"):
            if connector.write_back == "note" and not connector.generic_rest_note_path:
                raise ValidationError(
                    self.env._("Enter the path for notes to write invoices back.")
                )

    @api.model
    def _prepare_setting_groups(self, system):
        """Set what is picked apart from how it is asked for: there is much of both."""
        groups = super()._prepare_setting_groups(system)
        if system.code != CODE:
            return groups
        titles = {
            "request": self.env._("How it is asked"),
            "field": self.env._("Where values of a ticket stand"),
            "entry": self.env._("Where values of a booking stand"),
        }
        parts = {name: etree.Element("group", string=t) for name, t in titles.items()}
        for node in list(groups[0]):
            name = node.get("name").removeprefix(f"{CODE}_")
            kind = name.partition("_")[0]
            kind = "entry" if kind == "agent" else kind
            parts[kind if kind in parts else "request"].append(node)
        picked = etree.Element("group", col="1")
        picked.extend([parts["field"], parts["entry"]])
        groups[0].extend([parts["request"], picked])
        return groups

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

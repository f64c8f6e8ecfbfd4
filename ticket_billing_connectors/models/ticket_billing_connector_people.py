from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..systems.registry import SYSTEMS
from ..transport.errors import ConnectorError


class TicketBillingConnector(models.Model):
    """Customers and agents, read as a whole to be mapped before their first ticket."""

    _inherit = "ticket.billing.connector"  # pylint: disable=consider-merging-classes-inherited

    lists_people = fields.Boolean(compute="_compute_lists_people")

    @api.depends("system")
    def _compute_lists_people(self):
        for connector in self:
            system = SYSTEMS.get(connector.system)
            connector.lists_people = bool(
                system and (system.organisations or system.agents)
            )

    def action_load_people(self):
        """Read customers and agents, map what fits and list the others to decide."""
        self.ensure_one()
        self.check_access("write")
        connector = self.sudo()
        try:
            with closing(connector._open()) as client:
                organisations = list(client.organisations())
                agents = list(client.agents())
        except ConnectorError as error:
            raise UserError(self._describe(error)) from None
        match = self.env["ticket.billing.match"].sudo()
        match._learn_organisations(connector, organisations)
        match._for(connector)._learn_agents(connector, agents)
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.id),
                ("remote_type", "in", ("customer", "agent")),
                ("state", "=", "unmapped"),
            ]
        )
        links.action_search_again()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing_connectors.ticket_billing_link_action_decide"
        )
        domain = [("connector_id", "=", self.id)]
        return dict(action, domain=domain, context={})

from odoo import models


class TicketBillingConnectorPart(models.AbstractModel):
    """What belongs to a connector goes only to connectors its user may see.

    The company of such a record is that of its connector: rules on it are proven
    before a change, so they would let somebody move it to another company.
    """

    _name = "ticket.billing.connector.part"
    _description = "Part of a Connector"

    def write(self, vals):
        if vals.get("connector_id"):
            connectors = self.env["ticket.billing.connector"]
            connectors.browse(vals["connector_id"]).check_access("read")
        return super().write(vals)

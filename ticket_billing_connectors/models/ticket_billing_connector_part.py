from odoo import api, fields, models


class TicketBillingConnectorPart(models.AbstractModel):
    """What belongs to a connector goes only to connectors its user may change.

    The company of such a record is that of its connector: rules on it are proven
    before a change, so they would let somebody move it to another company.
    """

    _name = "ticket.billing.connector.part"
    _description = "Part of a Connector"

    connector_id = fields.Many2one("ticket.billing.connector")

    @api.constrains("connector_id")
    def _check_connector_rights(self):
        self.connector_id.check_access("read")

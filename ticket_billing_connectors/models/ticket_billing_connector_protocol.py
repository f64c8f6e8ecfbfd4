from odoo import api, fields, models

SERVICES = {
    "rest": "GenericTicketConnectorREST",
    "soap": "GenericTicketConnectorSOAP",
}


# pylint: disable=consider-merging-classes-inherited
class TicketBillingConnector(models.Model):
    """Znuny's web services, which an administrator offers by REST or by SOAP."""

    _inherit = "ticket.billing.connector"

    protocol = fields.Selection(
        [("rest", "REST"), ("soap", "SOAP")],
        required=True,
        default="rest",
        help="How the web service of the ticket system is spoken to. With SOAP it needs"
        " the operations SessionCreate, TicketSearch, TicketGet and TicketHistoryGet.",
    )

    @api.onchange("protocol")
    def _onchange_protocol(self):
        if not self.service or self.service in SERVICES.values():
            self.service = SERVICES[self.protocol]

    def _get_settings(self):
        settings = super()._get_settings()
        if self.has_declared_settings:
            return settings
        return {"protocol": self.protocol, **settings}

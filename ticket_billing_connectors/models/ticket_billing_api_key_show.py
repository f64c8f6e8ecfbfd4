from odoo import fields, models


class TicketBillingApiKeyShow(models.AbstractModel):
    """Shows a new key once; it is stored nowhere."""

    _name = "ticket.billing.api.key.show"
    _description = "New API Key"

    id = fields.Id()
    key = fields.Char(string="API key", readonly=True)

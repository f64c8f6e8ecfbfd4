from odoo import fields, models


class TicketBillingHookSecret(models.TransientModel):
    """Shows a new secret once. Nothing of it is stored."""

    _name = "ticket.billing.hook.secret"
    _description = "New Secret of a Webhook"

    secret = fields.Char(store=False, readonly=True)
    url = fields.Char(string="Address", store=False, readonly=True)

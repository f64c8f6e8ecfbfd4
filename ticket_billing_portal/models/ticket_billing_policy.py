from odoo import fields, models


class TicketBillingPolicy(models.Model):
    _inherit = "ticket.billing.policy"

    portal_show_price = fields.Boolean(
        string="Show prices in the portal",
        help="Customers see in the portal what each piece of work costs, why, and the"
        " rates of their contract. Otherwise they only see time there, and prices on"
        " the invoices themselves.",
    )

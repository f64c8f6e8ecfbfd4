from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    ticket_billing_project_id = fields.Many2one(
        related="company_id.ticket_billing_project_id", readonly=False
    )
    ticket_billing_product_id = fields.Many2one(
        related="company_id.ticket_billing_product_id", readonly=False
    )
    ticket_billing_policy_id = fields.Many2one(
        related="company_id.ticket_billing_policy_id", readonly=False
    )

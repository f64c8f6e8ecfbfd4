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
    billing_hold_until = fields.Date(
        related="company_id.billing_hold_until", readonly=False
    )
    billing_four_eyes = fields.Boolean(
        related="company_id.billing_four_eyes", readonly=False
    )
    billing_bound_factor = fields.Float(
        related="company_id.billing_bound_factor", readonly=False
    )
    billing_bound_lines = fields.Integer(
        related="company_id.billing_bound_lines", readonly=False
    )
    billing_bound_months = fields.Integer(
        related="company_id.billing_bound_months", readonly=False
    )
    billing_mails_per_batch = fields.Integer(
        related="company_id.billing_mails_per_batch", readonly=False
    )
    billing_mails_per_hour = fields.Integer(
        related="company_id.billing_mails_per_hour", readonly=False
    )

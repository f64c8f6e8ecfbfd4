from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    billing_mails_per_batch = fields.Integer(
        related="company_id.billing_mails_per_batch", readonly=False
    )
    billing_mails_per_hour = fields.Integer(
        related="company_id.billing_mails_per_hour", readonly=False
    )

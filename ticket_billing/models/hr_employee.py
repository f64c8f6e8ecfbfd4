from odoo import fields, models


class HrEmployee(models.Model):
    _inherit = "hr.employee"

    billing_rate_ids = fields.One2many(
        "ticket.billing.rate",
        "employee_id",
        string="Rates",
        groups="ticket_billing.group_biller",
    )

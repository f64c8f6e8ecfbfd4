from odoo import fields, models


class ResCompany(models.Model):
    # pylint: disable=consider-merging-classes-inherited
    _inherit = "res.company"

    billing_approval_head = fields.Char(
        copy=False,
        groups="ticket_billing.group_auditor",
        help="Fingerprint of the last answer of a customer and of all before it.",
    )

from odoo import fields, models


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    suggestion_id = fields.Many2one(
        "ticket.billing.suggestion",
        string="Suggested time",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The suggestion that was confirmed.",
    )

from odoo import fields, models


class ResCompany(models.Model):
    """Limits of the mail server."""

    _inherit = "res.company"

    billing_mails_per_batch = fields.Integer(
        string="Mails per batch",
        help="At most so many invoices are mailed at once; the rest follows with the"
        " next run of the scheduled action. Example: 50. 0: no limit.",
    )
    billing_mails_per_hour = fields.Integer(
        string="Mails per hour",
        help="At most so many invoices are mailed within an hour. Example: 200. 0: no"
        " limit.",
    )

    _billing_mail_limits = models.Constraint(
        "CHECK(COALESCE(billing_mails_per_batch, 0) >= 0"
        " AND COALESCE(billing_mails_per_hour, 0) >= 0)",
        "Limits of the mail server cannot be negative.",
    )

from odoo import fields, models


class TicketBillingPolicy(models.Model):
    """What customers are told by e-mail."""

    # pylint: disable=consider-merging-classes-inherited
    _inherit = "ticket.billing.policy"

    notify_allotment = fields.Boolean(
        string="Tell the customer at 80 % and 100 %",
        tracking=True,
        help="Billing contacts of the customer get a mail when 80 % of an allotment is"
        " used and when it is used up, once each in a period. Work that is not billed"
        " yet counts.",
    )
    statement_day = fields.Integer(
        string="Monthly statement on day",
        tracking=True,
        help="Day of the following month on which billing contacts of the customer get"
        " the hours of a month and the invoices that are open. Choose a day after the"
        " billing. 0: no statements.",
    )

    _statement_day = models.Constraint(
        "CHECK(COALESCE(statement_day, 0) BETWEEN 0 AND 28)",
        "Choose a day from 1 to 28 for the statement, or 0 for none.",
    )

from odoo import fields, models


class TicketBillingCustomerRelease(models.AbstractModel):
    """What a policy says about customers who approve their invoices."""

    _name = "ticket.billing.customer.release"
    _description = "Release by the Customer"

    customer_release = fields.Boolean(
        string="Customer releases first",
        tracking=True,
        help="The customer sees the draft and approves it, or questions single lines,"
        " before it is posted.",
    )
    customer_release_days = fields.Integer(
        string="Release by itself after",
        tracking=True,
        help="Days after which a draft that the customer was told of counts as"
        " approved. Agree on it with the customer. 0: wait for the answer.",
    )
    customer_reminder_days = fields.Integer(
        string="Remind every",
        default=3,
        help="Days after which the customer is reminded. 0: no reminders.",
    )

    _customer_days = models.Constraint(
        "CHECK(COALESCE(customer_release_days, 0) >= 0"
        " AND COALESCE(customer_reminder_days, 0) >= 0)",
        "Days cannot be negative.",
    )

from odoo import fields, models


class TicketBillingWorkType(models.Model):
    _name = "ticket.billing.work.type"
    _description = "Work Type"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="Short name used by imports, for example: remote, onsite, travel.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Leave empty to share this work type between companies."
    )
    product_id = fields.Many2one(
        "product.product",
        required=True,
        domain="[('type', '=', 'service')]",
        help="Product of the invoice line: it brings account, taxes and the name of"
        " the service in the customer's language.",
    )
    factor = fields.Float(
        digits=(6, 4),
        default=1.0,
        help="Factor on the rate. Example: 0.5 bills travel time at half the rate.",
    )

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "There is already a work type with this code.",
    )
    _factor_positive = models.Constraint(
        "CHECK(factor >= 0)", "The factor of a work type cannot be negative."
    )

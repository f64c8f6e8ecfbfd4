from datetime import date
from decimal import Decimal
from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rating import FlatFee


class TicketBillingFlatFee(models.Model):
    _name = "ticket.billing.flat.fee"
    _description = "Flat Fee per Ticket"
    _order = "contract_id, category_id, id"

    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    category_id = fields.Many2one(
        "helpdesk.ticket.category",
        string="Ticket category",
        help="Tickets of this category cost the flat price. Empty: all tickets.",
    )
    product_id = fields.Many2one(
        "product.product", required=True, domain="[('type', '=', 'service')]"
    )
    price = fields.Float(digits=(16, 4), required=True)
    limited = fields.Boolean(
        string="Limited time",
        default=True,
        help="Only a number of minutes is included; more is billed at the rate.",
    )
    included_minutes = fields.Integer(default=60)
    valid_from = fields.Date(help="First day of the work that has this fee.")
    valid_to = fields.Date(help="Last day of the work that has this fee.")

    _category_uniq = models.UniqueIndex(
        "(contract_id, COALESCE(category_id, 0), COALESCE(valid_from, '-infinity'))",
        "This contract has a flat fee for this ticket category already.",
    )
    _validity = models.Constraint(
        "CHECK(valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to)",
        "A flat fee cannot end before it starts.",
    )
    _positive = models.Constraint(
        "CHECK(price >= 0 AND included_minutes >= 0)",
        "Price and included minutes of a flat fee cannot be negative.",
    )

    @api.constrains("contract_id", "category_id", "valid_from", "valid_to")
    def _check_one_per_day(self):
        """A ticket of a day has one flat fee."""
        fees = self.contract_id.flat_fee_ids
        groups = fees.grouped(lambda fee: (fee.contract_id, fee.category_id))
        for group in groups.values():
            ordered = group.sorted(lambda fee: fee.valid_from or date.min)
            for fee, following in pairwise(ordered):
                first = following.valid_from or date.min
                if not fee.valid_to or first <= fee.valid_to:
                    raise ValidationError(
                        self.env._(
                            "%(first)s and %(second)s are valid on the same day. Set"
                            " the last day of one of them.",
                            first=fee.display_name,
                            second=following.display_name,
                        )
                    )

    @api.depends("category_id", "price")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for fee in self:
            scope = fee.category_id.name or self.env._("Every ticket")
            fee.display_name = f"{scope}: {fee.currency_id.format(fee.price)}"

    def _is_valid(self, day: date) -> bool:
        self.ensure_one()
        first, last = self.valid_from or day, self.valid_to or day
        return first <= day <= last

    def _get_flat_fees(self) -> tuple[FlatFee, ...]:
        """Flat fees of the rating core, keyed by record id."""
        return tuple(
            FlatFee(
                key=fee.id,
                price=Decimal(str(fee.price)),
                ticket_type=fee.category_id.id or None,
                included_minutes=fee.included_minutes if fee.limited else None,
                valid_from=fee.valid_from or None,
                valid_to=fee.valid_to or None,
            )
            for fee in self
        )

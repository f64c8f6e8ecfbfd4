from decimal import Decimal

from odoo import api, fields, models

from ..rating import Allotment
from ..tools.number import format_number


class TicketBillingAllotment(models.Model):
    _name = "ticket.billing.allotment"
    _description = "Allotment"
    _order = "sequence, id"

    name = fields.Char(
        required=True,
        translate=True,
        default=lambda self: self.env._("Included hours"),
    )
    sequence = fields.Integer(default=10)
    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    hours = fields.Float(
        required=True,
        help="Hours included in each period. Example: 5:00 per month.",
    )
    period = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        required=True,
        default="month",
    )
    work_type_ids = fields.Many2many(
        "ticket.billing.work.type", help="Leave empty to cover all work types."
    )
    basis = fields.Selection(
        [("rounded", "Billable (rounded) minutes"), ("raw", "Worked minutes")],
        required=True,
        default="rounded",
        help="Which minutes are taken from the allotment.",
    )
    overage_price = fields.Float(
        digits=(16, 4),
        help="Price per hour beyond the allotment. 0: the normal rate applies.",
    )

    _hours_positive = models.Constraint(
        "CHECK(hours > 0)", "An allotment needs more than 0 hours."
    )
    _overage_price_not_negative = models.Constraint(
        "CHECK(COALESCE(overage_price, 0) >= 0)",
        "The overage price cannot be negative.",
    )

    @api.depends("name", "hours", "period")
    @api.depends_context("lang")
    def _compute_display_name(self):
        periods = dict(self._fields["period"]._description_selection(self.env))
        for allotment in self:
            allotment.display_name = self.env._(
                "%(name)s: %(hours)s h per %(period)s",
                name=allotment.name,
                hours=format_number(self.env, allotment.hours),
                period=periods[allotment.period],
            )

    def _get_allotments(self) -> tuple[Allotment, ...]:
        """Allotments of the rating core, keyed by record id, in minutes."""
        return tuple(allotment._get_allotment() for allotment in self)

    def _get_allotment(self) -> Allotment:
        self.ensure_one()
        return Allotment(
            key=self.id,
            quantity=Decimal(round(self.hours * 60)),
            unit="minutes",
            period=self.period,
            start=self.contract_id.date_start,
            basis=self.basis,
            work_types=frozenset(self.work_type_ids.ids) or None,
            overage_price=Decimal(str(self.overage_price)) or None,
        )

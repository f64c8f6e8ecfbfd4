from collections.abc import Collection, Iterator
from datetime import date, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..rating import Charge

PERIODS = {"month": 1, "quarter": 3, "year": 12}

# First and last day of a contract; None: it does not end.
Term = tuple[date, date | None]


class TicketBillingFee(models.Model):
    """A recurring fee of a contract, billed once per period."""

    _name = "ticket.billing.fee"
    _description = "Recurring Fee"
    _order = "contract_id, sequence, id"

    name = fields.Char(
        required=True, translate=True, help="Printed on invoices. Example: Monitoring"
    )
    sequence = fields.Integer(default=10)
    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        domain="[('type', '=', 'service')]",
        default=lambda self: self.env.ref(
            "ticket_billing.product_fee", raise_if_not_found=False
        ),
    )
    quantity = fields.Float(digits=(16, 2), default=1.0, required=True)
    price_unit = fields.Float(string="Price per period", digits=(16, 2), required=True)
    period = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        required=True,
        default="month",
        help="Periods are those of the calendar.",
    )
    advance = fields.Boolean(
        string="In advance",
        help="Billed when the period begins; otherwise when it is over.",
    )
    date_start = fields.Date(string="From", help="Empty: with the contract.")
    date_end = fields.Date(string="Until", help="Empty: with the contract.")

    _positive = models.Constraint(
        "CHECK(quantity > 0 AND price_unit >= 0)",
        "A recurring fee needs a quantity above 0 and a price.",
    )

    @api.depends("name", "price_unit")
    def _compute_display_name(self):
        for fee in self:
            fee.display_name = f"{fee.name}: {fee.currency_id.format(fee.price_unit)}"

    def _get_term(self, term: Term | None = None) -> Term:
        """First and last day of the fee in its contract, or in one of that ``term``."""
        self.ensure_one()
        contract = self.contract_id
        since, until = term or (contract.date_start, contract.date_end)
        ends = [end for end in (self.date_end, until) if end]
        return max(since, self.date_start or since), min(ends, default=None)

    def _get_periods(
        self,
        on: date,
        work_before: date,
        billed: Collection[date],
        term: Term | None = None,
    ) -> Iterator[date]:
        """First days of the periods that are due and not billed.

        In advance: begun by ``on``. Otherwise: over before ``work_before``.
        """
        self.ensure_one()
        start, end = self._get_term(term)
        length = PERIODS[self.period]
        first = start.replace(day=1, month=(start.month - 1) // length * length + 1)
        while first <= min(on, end or on):
            following = first + relativedelta(months=length)
            is_due = self.advance or following <= work_before
            if is_due and first not in billed:
                yield first
            first = following

    def _get_price(self, first: date, term: Term | None = None) -> Decimal:
        """Price of one piece in a period: by days where the contract is shorter."""
        self.ensure_one()
        following = first + relativedelta(months=PERIODS[self.period])
        start, end = self._get_term(term)
        start = max(first, start)
        stop = min(following, end + timedelta(days=1)) if end else following
        price = Decimal(str(self.price_unit))
        return price * (stop - start).days / (following - first).days

    def _get_last_day(self, first: date) -> date:
        """Last day of the period that begins on ``first``."""
        self.ensure_one()
        return first + relativedelta(months=PERIODS[self.period], days=-1)

    def _get_charge(self, first: date, term: Term | None = None) -> Charge:
        """The fee of one period as a charge of the rating core."""
        return Charge(
            key=("fee", self.id, first.toordinal()),
            ticket=None,
            kind="recurring",
            quantity=Decimal(str(self.quantity)),
            unit_price=self._get_price(first, term),
            day=first,
        )

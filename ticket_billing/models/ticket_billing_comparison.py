from datetime import date
from statistics import mean
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, models

MONTHS = 6
# Deviation that is pointed out where the policy names none.
PERCENT = 50


class Comparison(NamedTuple):
    """What a customer gets now, beside what he got before; net, company currency."""

    net: float
    last: float | None
    last_date: date | None
    average: float | None
    limit: float

    @property
    def percent(self) -> float | None:
        """Difference to the average in percent; none without one."""
        if not self.average:
            return None
        return 100 * (self.net - self.average) / abs(self.average)

    @property
    def is_striking(self) -> bool:
        """Whether a person should look at it."""
        return self.percent is not None and abs(self.percent) > self.limit


class TicketBillingComparison(models.AbstractModel):
    """Compares what customers will get with what they got."""

    _name = "ticket.billing.comparison"
    _description = "Comparison with Earlier Invoices"

    @api.model
    def _get(self, nets: dict, limits: dict, company, on: date, but=()) -> dict:
        """Comparison per customer.

        :param nets: future net per customer, in the currency of the company
        :param limits: deviation in percent that is striking, per customer
        :param but: ids of runs whose invoices are no earlier ones
        """
        earlier = self._get_earlier(list(nets), company, on, but)
        first = on - relativedelta(months=MONTHS)
        result = {}
        for customer, net in nets.items():
            days = earlier.get(customer, {})
            recent = [amount for day, amount in days.items() if day >= first]
            last = max(days, default=None)
            result[customer] = Comparison(
                net,
                days.get(last),
                last,
                mean(recent) if recent else None,
                limits.get(customer) or PERCENT,
            )
        return result

    @api.model
    def _get_earlier(self, customers: list, company, on: date, but=()) -> dict:
        """Net per customer and day of posted invoices and credit notes of runs.

        Several invoices of a day are one billing: they are compared as one.
        """
        groups = self.env["account.move"]._read_group(
            [
                ("commercial_partner_id", "in", [c.id for c in customers]),
                ("company_id", "=", company.id),
                ("billing_run_id", "!=", False),
                ("billing_run_id", "not in", but),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("state", "=", "posted"),
                ("invoice_date", "<=", on),
            ],
            ["commercial_partner_id", "invoice_date:day"],
            ["amount_untaxed_signed:sum"],
        )
        result: dict = {}
        for customer, day, amount in groups:
            result.setdefault(customer, {})[day] = amount
        return result

import secrets
from statistics import median

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import float_compare, format_date
from odoo.tools.misc import formatLang

from ..tools.number import format_number

MEDIAN_MONTHS = 6
PRICED = ("time", "overage", "flat", "travel", "material", "expense", "recurring")


class TicketBillingBounds(models.AbstractModel):
    """Finds what a person has to look at before an invoice is posted.

    The bounds of the company guard against mistakes, the checks of the policy are
    what the customer wants. An invoice with a reason is *parked*: the scheduled
    action leaves it a draft.
    """

    _name = "ticket.billing.bounds"
    _description = "Checks Before Release"

    @api.model
    def _park(self, created, run):
        """Write the reasons on the new invoices.

        :param created: pairs (move, draft) of the invoicer
        """
        moves = self.env["account.move"].concat(*(move for move, _draft in created))
        usual = self._get_usual_amounts(moves, run)
        known = self._get_known_customers(moves)
        for move, draft in created:
            customer = move.commercial_partner_id
            reasons = [
                *self._get_amount_reasons(move, draft, usual.get(customer)),
                *self._get_content_reasons(draft, run),
                *self._get_policy_reasons(draft, customer in known),
            ]
            if reasons:
                move.billing_park_reason = "\n".join(reasons)

    # ------------------------------------------------------------------ figures

    @api.model
    def _get_invoices(self, moves) -> Domain:
        """Posted invoices of runs to the same customers."""
        return Domain(
            [
                ("commercial_partner_id", "in", moves.commercial_partner_id.ids),
                ("company_id", "in", moves.company_id.ids),
                ("billing_run_id", "!=", False),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
            ]
        )

    @api.model
    def _get_usual_amounts(self, moves, run) -> dict:
        """Median net of the last months per customer, in the company's currency."""
        first = run.date - relativedelta(months=MEDIAN_MONTHS)
        domain = self._get_invoices(moves)
        domain &= Domain("invoice_date", ">=", first)
        domain &= Domain("invoice_date", "<=", run.date)
        groups = self.env["account.move"]._read_group(
            domain,
            ["commercial_partner_id"],
            ["amount_untaxed_signed:array_agg"],
        )
        return {customer: float(median(amounts)) for customer, amounts in groups}

    @api.model
    def _get_known_customers(self, moves):
        """Customers who had an invoice before."""
        groups = self.env["account.move"]._read_group(
            self._get_invoices(moves), ["commercial_partner_id"]
        )
        return self.env["res.partner"].concat(*(customer for (customer,) in groups))

    # ------------------------------------------------------------------ reasons

    @api.model
    def _get_amount_reasons(self, move, draft, usual: float | None) -> list[str]:
        """Amounts that are far from what the customer usually gets."""
        if draft.is_credit:
            return [self.env._("The total is negative: a credit note.")]
        if not usual:
            return []
        company, net = move.company_id, move.amount_untaxed_signed
        names = {"usual": self._format(usual, company.currency_id)}
        rounding = company.currency_id.rounding
        reasons = []
        factor = company.billing_bound_factor
        if factor and float_compare(net, factor * usual, None, rounding) > 0:
            reasons.append(
                self.env._(
                    "More than %(factor)s times the customer's usual invoice of"
                    " %(usual)s (median of six months).",
                    factor=format_number(self.env, factor),
                    **names,
                )
            )
        percent = draft.contract.policy_id.park_deviation_percent
        limit = usual * percent / 100
        if percent and float_compare(abs(net - usual), limit, None, rounding) > 0:
            reasons.append(
                self.env._(
                    "Deviates by more than %(percent)s %% from the customer's usual"
                    " invoice of %(usual)s.",
                    percent=format_number(self.env, percent),
                    **names,
                )
            )
        return reasons

    @api.model
    def _get_content_reasons(self, draft, run) -> list[str]:
        """Bounds of the company on what stands on an invoice."""
        company = run.company_id
        reasons = []
        limit = company.billing_bound_lines
        if limit and len(draft.lines) > limit:
            reasons.append(
                self.env._(
                    "%(count)s lines are more than %(limit)s.",
                    count=len(draft.lines),
                    limit=limit,
                )
            )
        if any(self._is_free_by_price(item) for item in draft.items):
            reasons.append(self.env._("Work is billed at a price of zero."))
        months = company.billing_bound_months
        # A fee in arrears begins long ago by nature.
        days = [i.day for i in draft.items if not i.charge or i.charge[0] != "fee"]
        if months and days and min(days) < run.date - relativedelta(months=months):
            reasons.append(
                self.env._(
                    "Work of %(day)s is older than %(months)s months.",
                    day=format_date(self.env, min(days)),
                    months=months,
                )
            )
        return reasons

    @api.model
    def _is_free_by_price(self, item) -> bool:
        return (
            item.state == "open"
            and item.kind in PRICED
            and (item.quantity > 0 or item.billable_minutes > 0)
            and not item.unit_price
        )

    @api.model
    def _get_policy_reasons(self, draft, is_known: bool) -> list[str]:
        """What the policy wants looked at."""
        policy, currency = draft.contract.policy_id, draft.contract.currency_id
        reasons = []
        net, limit = float(draft.net), policy.park_amount
        if limit and float_compare(abs(net), limit, None, currency.rounding) > 0:
            reasons.append(
                self.env._(
                    "%(net)s is more than %(limit)s.",
                    net=self._format(net, currency),
                    limit=self._format(limit, currency),
                )
            )
        if policy.park_first_invoice and not is_known:
            reasons.append(self.env._("First invoice of this customer."))
        if self._is_sampled(policy.park_sample_percent):
            reasons.append(self.env._("Random spot check."))
        return reasons

    @api.model
    def _is_sampled(self, percent: float) -> bool:
        """Whether chance picks this invoice; nobody can foresee it."""
        return secrets.randbelow(10000) < round(percent * 100)

    @api.model
    def _format(self, amount: float, currency) -> str:
        """An amount with its code: 1,240.00 EUR."""
        text = formatLang(self.env, amount, digits=currency.decimal_places)
        return f"{text} {currency.name}"

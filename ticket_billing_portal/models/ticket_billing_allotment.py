from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.misc import formatLang

PERIOD_FORMATS = {"month": "LLLL yyyy", "quarter": "QQQ yyyy", "year": "yyyy"}
# Periods that the page of a contract shows at most.
LEDGER_ROWS = 24


class TicketBillingAllotment(models.Model):
    _inherit = "ticket.billing.allotment"

    @api.model
    def _get_portal_allotment_domain(self, partner) -> Domain:
        """Allotments of the active contracts of a customer."""
        contracts = self.env["ticket.billing.contract"]
        active = Domain("state", "=", "active")
        return Domain(
            "contract_id",
            "any",
            contracts._get_portal_contract_domain(partner) & active,
        )

    def _get_portal_balances(self, day: date | None = None) -> list[dict]:
        """What is used in the current period, allotments not in force left out.

        :param day: today in the time zone of each contract, if not given
        :return: see :meth:`_prepare_portal_balance`
        """
        used = self._get_used()
        balances = []
        for allotment in self:
            today = day or allotment._get_portal_today()
            if allotment._is_in_force(today):
                balances.append(
                    allotment._prepare_portal_balance(used[allotment], today)
                )
        return balances

    def _get_portal_today(self) -> date:
        contract = self.contract_id
        return fields.Date.context_today(contract.with_context(tz=contract.tz))

    def _prepare_portal_balance(self, used: dict, today: date) -> dict:
        """``used``, ``available`` and ``left`` in words, ``percent`` used (0 to 100).

        ``until`` is the last day on which the rest can be used; none: no end.
        """
        self.ensure_one()
        state = self._get_balance(used, today)
        share = state.used / state.available if state.available else Decimal(1)
        return {
            "allotment": self,
            "name": self.name,
            "period": self._get_portal_period(state.period),
            "used": self._get_portal_quantity(state.used),
            "available": self._get_portal_quantity(state.available),
            "left": self._get_portal_quantity(max(state.available - state.used, 0)),
            "until": self._get_portal_last_day(state.period),
            "percent": min(round(share * 100), 100),
        }

    def _get_portal_quantity(self, quantity) -> str:
        """A quantity in words; money only as a share where prices are kept back."""
        self.ensure_one()
        policy = self.contract_id.policy_id
        if self.unit != "amount" or policy.portal_show_price:
            return self._format_quantity(quantity)
        share = 100 * float(quantity) / self.amount
        return f"{formatLang(self.env, share, digits=0)} %"

    def _get_portal_period(self, first: date) -> str:
        """The period in words; of a prepaid block its last day."""
        self.ensure_one()
        if self.period != "block":
            form = PERIOD_FORMATS[self.period]
            return format_date(self.env, first, date_format=form)
        if not self.date_end:
            return ""
        return self.env._("until %(day)s", day=format_date(self.env, self.date_end))

    def _get_portal_last_day(self, first: date) -> date | None:
        """Last day on which what is left of a period can be used."""
        self.ensure_one()
        ends = [self._get_last_day(first), self.date_end, self.contract_id.date_end]
        last = min(end for end in ends if end)
        return None if last == date.max else last

    def _get_portal_ledger(self, used: dict) -> list[dict]:
        """Rows of :meth:`_get_ledger_rows` as customers read them."""
        self.ensure_one()
        rows = self._get_ledger_rows(
            used, self._get_portal_today(), self._get_portal_quantity
        )[:LEDGER_ROWS]
        for row in rows:
            row["period"] = self._get_portal_period(row["day"]) or row["period"]
            row["has_use"] = bool(used.get(row["day"]))
        return rows

    def _get_portal_rules(self) -> list[str]:
        """What it is for, what comes over and what work beyond it costs, in words."""
        self.ensure_one()
        return [
            sentence
            for sentence in (
                self._get_portal_scope(),
                self._get_portal_basis(),
                self._get_portal_carry_over(),
                self._get_portal_overage(),
            )
            if sentence
        ]

    def _get_portal_scope(self) -> str | None:
        if not self.work_type_ids:
            return None
        return self.env._(
            "For: %(work)s", work=", ".join(self.work_type_ids.mapped("name"))
        )

    def _get_portal_basis(self) -> str | None:
        if self.unit == "tickets":
            return None
        return {
            "rounded": self.env._("Rounded time is taken from it."),
            "raw": self.env._("Time as worked is taken from it."),
            "weighted": self.env._("Time with a surcharge takes more of it."),
            "amount": self.env._("The value of the work is taken from it."),
        }[self.basis]

    def _get_portal_carry_over(self) -> str | None:
        if not self._get_carry_over():
            return None
        limit = self._get_portal_quantity(self._get_carry_over().maximum)
        if self.carry_over_periods == 1:
            return self.env._(
                "What is left can be used in the next period, up to %(limit)s.",
                limit=limit,
            )
        return self.env._(
            "What is left can be used in the next %(periods)s periods, up to"
            " %(limit)s.",
            periods=self.carry_over_periods,
            limit=limit,
        )

    def _get_portal_overage(self) -> str | None:
        if not self.contract_id.policy_id.portal_show_price:
            return None
        if self.overage != "price":
            return self.env._("Work beyond it costs the normal rate.")
        price = self.currency_id.format(self.overage_price)
        if self.unit == "tickets":
            return self.env._("A ticket beyond it costs %(price)s.", price=price)
        return self.env._("Work beyond it costs %(price)s per hour.", price=price)

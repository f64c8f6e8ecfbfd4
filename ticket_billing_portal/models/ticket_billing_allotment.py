from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

PERIOD_FORMATS = {"month": "LLLL yyyy", "quarter": "QQQ yyyy", "year": "yyyy"}


class TicketBillingAllotment(models.Model):
    _inherit = "ticket.billing.allotment"

    @api.model
    def _get_portal_allotment_domain(self, partner) -> Domain:
        """Allotments of the active contracts that a contact sees."""
        scope = partner._get_billing_portal_partners()
        return (
            Domain("contract_id.partner_id", "child_of", scope.ids)
            & Domain("contract_id.state", "=", "active")
            & Domain("contract_id.active", "=", True)
            & Domain("company_id", "in", self.env.companies.ids)
        )

    def _get_portal_balances(self, day: date | None = None) -> list[dict]:
        """What is used in the current period, allotments not in force left out.

        :param day: today in the time zone of each contract, if not given
        :return: per allotment its ``name``, ``period`` in words, ``used`` and
            ``available`` in words (hours, money or tickets), ``percent`` used (0 to
            100)
        """
        used = self._get_used()
        balances = []
        for allotment in self:
            contract = allotment.contract_id
            today = day or fields.Date.context_today(
                contract.with_context(tz=contract.tz)
            )
            if allotment._is_in_force(today):
                balances.append(
                    allotment._prepare_portal_balance(used[allotment], today)
                )
        return balances

    def _prepare_portal_balance(self, used: dict, today: date) -> dict:
        self.ensure_one()
        state = self._get_balance(used, today)
        share = state.used / state.available if state.available else Decimal(1)
        return {
            "name": self.name,
            "period": self._get_portal_period(state.period),
            "used": self._format_quantity(state.used),
            "available": self._format_quantity(state.available),
            "percent": min(round(share * 100), 100),
        }

    def _get_portal_period(self, first: date) -> str:
        """The period in words; of a prepaid block its last day."""
        self.ensure_one()
        if self.period != "block":
            form = PERIOD_FORMATS[self.period]
            return format_date(self.env, first, date_format=form)
        if not self.date_end:
            return ""
        return self.env._("until %(day)s", day=format_date(self.env, self.date_end))

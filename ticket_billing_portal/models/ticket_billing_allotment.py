from collections import defaultdict
from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.ticket_billing.rating import balance

PERIOD_FORMATS = {"month": "LLLL yyyy", "quarter": "QQQ yyyy", "year": "yyyy"}


class TicketBillingAllotment(models.Model):
    _inherit = "ticket.billing.allotment"

    @api.model
    def _get_portal_allotment_domain(self, partner) -> Domain:
        """Allotments of the active contracts of a customer."""
        customer = partner.commercial_partner_id.id
        return (
            Domain("contract_id.partner_id", "child_of", customer)
            & Domain("contract_id.state", "=", "active")
            & Domain("contract_id.active", "=", True)
            & Domain("company_id", "in", self.env.companies.ids)
        )

    def _get_portal_balances(self, day: date | None = None) -> list[dict]:
        """What is used in the current period, allotments not in force left out.

        :param day: today in the time zone of each contract, if not given
        :return: per allotment its ``name``, ``period`` in words, ``used`` and
            ``available`` in minutes, ``percent`` used (0 to 100)
        """
        used = self._get_portal_used()
        balances = []
        for allotment in self:
            contract = allotment.contract_id
            today = day or fields.Date.context_today(
                contract.with_context(tz=contract.tz)
            )
            if contract._is_in_force(today):
                balances.append(
                    allotment._prepare_portal_balance(used[allotment], today)
                )
        return balances

    def _get_portal_used(self) -> dict:
        """Settled minutes per allotment and first day of the period, in one query."""
        used = defaultdict(dict)
        for allotment, period, minutes in self.env["ticket.billing.item"]._read_group(
            [
                ("allotment_id", "in", self.ids),
                ("live", "=", True),
                ("settled", "=", True),
                ("state", "=", "covered"),
            ],
            ["allotment_id", "allotment_period:day"],
            ["allotment_used:sum"],
        ):
            used[allotment][period] = Decimal(str(minutes))
        return used

    def _prepare_portal_balance(self, used: dict, today: date) -> dict:
        self.ensure_one()
        state = balance(self._get_allotment(), used, today)
        share = state.used / state.available if state.available else Decimal(1)
        return {
            "name": self.name,
            "period": format_date(
                self.env, state.period, date_format=PERIOD_FORMATS[self.period]
            ),
            "used": int(state.used),
            "available": int(state.available),
            "percent": min(round(share * 100), 100),
        }

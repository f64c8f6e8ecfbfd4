from datetime import date, timedelta

from odoo import api, models
from odoo.tools import float_compare

from .ticket_billing_collector import Scope, Work


class TicketBillingDue(models.AbstractModel):
    """What triggers want that only the price of the work can tell; writes nothing."""

    _name = "ticket.billing.due"
    _description = "Work That Is Due by Its Price"

    @api.model
    def _get_scopes(self, contracts, today: date) -> dict:
        """What a scheduled run of ``today`` takes up, per contract."""
        by_amount = contracts.filtered(lambda c: c.policy_id.trigger == "amount")
        reached = self._get_reached(by_amount, today)
        return {
            contract: contract.policy_id._get_scope(today, contract in reached)
            for contract in contracts
        }

    @api.model
    def _get_reached(self, contracts, today: date):
        """Contracts whose open work is worth the amount of their policy."""
        collector = self.env["ticket.billing.collector"].sudo()
        scope = Scope(today, today + timedelta(days=1))
        waiting = collector._find_due(contracts.sudo(), scope)
        ratings = self._rate(waiting, collector._collect(waiting, scope), today)
        reached = waiting.filtered(
            lambda c: (
                float_compare(
                    self._get_open_net(ratings[c.id]),
                    c.policy_id.trigger_amount,
                    precision_rounding=c.currency_id.rounding,
                )
                >= 0
            )
        )
        return reached.sudo(False)

    @api.model
    def _rate(self, contracts, work: Work, on: date) -> dict:
        return self.env["ticket.billing.rater"].sudo()._rate(contracts, work, on)

    @api.model
    def _get_open_net(self, items) -> float:
        return float(sum(item.net for item in items if item.state == "open"))

    @api.model
    def _keep_overage(self, contracts, work: Work, on: date) -> Work:
        """The work that is beyond the allotments, or costs nothing.

        Time entries are kept whole. What is left out waits: it takes nothing from the
        allotments, so the others keep their prices.
        """
        items = [
            item
            for rated in self._rate(contracts, work, on).values()
            for item in rated
            if item.kind == "overage" or item.state != "open"
        ]
        entries = {item.entry for item in items if item.entry}
        charges = {item.charge for item in items if item.charge}
        return Work(
            work.entries.filtered(lambda e: e.id in entries or e.billing_outdated),
            work.charges.filtered(lambda c: ("charge", c.id) in charges),
            work.visits.browse(),
            work.tickets,
            work.blocks.browse(),
        )

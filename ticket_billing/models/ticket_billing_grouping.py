from collections import defaultdict
from decimal import Decimal

from odoo import api, models

from ..rating import Item
from ..rating.money import apportion

HUNDRED = Decimal(100)


class TicketBillingGrouping(models.AbstractModel):
    """What shares an invoice, and what the work of an item belongs to."""

    _name = "ticket.billing.grouping"
    _description = "Grouping of Invoices"

    @api.model
    def _get_invoice_key(self, contract, item: Item):
        """What shares one invoice, within one header."""
        grouping = contract.policy_id.invoice_grouping
        if grouping == "ticket":
            return item.ticket
        if grouping == "project":
            return self._get_project(contract, item).id
        if grouping == "purchase_order":
            return self.env["ticket.billing.rater"]._get_item_order(contract, item)
        if grouping == "cost_center":
            return self._get_cost_center(contract, item)
        if grouping == "service_site":
            return self._get_site(contract, item).id
        return None

    @api.model
    def _get_entry_key(self, entry, contract):
        """What shares an invoice with a time entry that ``contract`` bills."""
        if contract.policy_id.invoice_grouping == "customer":
            return None
        item = Item("time", entry.ticket_id.id, entry.date, entry=entry.id)
        return self._get_invoice_key(contract, item)

    # ------------------------------------------------------------------ belongs

    @api.model
    def _get_project(self, contract, item: Item):
        """Project of an item; it makes none, because a dry run asks too."""
        if item.entry:
            return self.env["account.analytic.line"].browse(item.entry).project_id
        ticket = self.env["helpdesk.ticket"].browse(item.ticket)
        return (
            ticket.time_entry_ids.sorted("id")[:1].project_id
            or contract.project_id
            or contract.company_id.ticket_billing_project_id
        )

    @api.model
    def _get_cost_center(self, contract, item: Item) -> str:
        """The customer's cost centre, of the contract where the ticket has none."""
        ticket = self.env["helpdesk.ticket"].browse(item.ticket)
        return ticket.cost_center_ref or contract.cost_center_ref or ""

    @api.model
    def _get_site(self, contract, item: Item):
        """Address where the work was done; the customer's where none is named."""
        ticket = self.env["helpdesk.ticket"].browse(item.ticket)
        site = ticket.service_partner_id
        if item.entry:
            entry = self.env["account.analytic.line"].browse(item.entry)
            site = entry._get_service_partner()
        elif item.charge and item.charge[0] == "visit":
            visit = self.env["ticket.billing.visit"].browse(item.charge[1])
            site = visit.service_partner_id
        return site or contract.partner_id

    # ------------------------------------------------------------------ invoice

    @api.model
    def _prepare_header(self, draft) -> dict:
        """Values of an invoice by what its work belongs to."""
        first = draft.items[0]
        vals = {"cost_center_ref": self._get_cost_centers(draft.lines)}
        if draft.contract.policy_id.invoice_grouping == "service_site":
            vals["partner_shipping_id"] = self._get_site(draft.contract, first).id
        return vals

    @api.model
    def _get_cost_centers(self, lines) -> str:
        """All cost centres of the work on these drafted lines."""
        centers = {
            self._get_cost_center(drafted.contract, item)
            for drafted in lines
            for item in drafted.line.items
        }
        return ", ".join(sorted(filter(None, centers)))

    @api.model
    def _prepare_analytic(self, drafted) -> dict:
        """Analytic accounts of the projects, by their shares in the net of a line."""
        contract = drafted.contract
        if not contract.policy_id.project_analytic:
            return {}
        nets = defaultdict(Decimal)
        for item in drafted.line.items:
            nets[self._get_project(contract, item)] += item.net
        shares = apportion(HUNDRED, list(nets.values()), 2)
        distribution = defaultdict(float)
        for project, share in zip(nets, shares, strict=True):
            for accounts in project._get_analytic_distribution() if project else ():
                distribution[accounts] += float(share)
        return {"analytic_distribution": dict(distribution)} if distribution else {}

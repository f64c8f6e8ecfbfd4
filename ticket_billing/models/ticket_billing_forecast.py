from collections import defaultdict
from datetime import date
from functools import reduce
from operator import or_
from typing import NamedTuple

from odoo import Command, api, models
from odoo.exceptions import UserError

from .ticket_billing_comparison import Comparison
from .ticket_billing_invoicer import InvoiceDraft


class FutureInvoice(NamedTuple):
    """A document that a run would make; ``move`` lives in memory only."""

    draft: InvoiceDraft
    move: models.BaseModel
    group: str
    net: float
    tax: float
    gross: float

    @property
    def lines(self):
        """Its product lines in printing order."""
        return self.move.invoice_line_ids.filtered(
            lambda li: li.display_type == "product"
        )


class HeldWork(NamedTuple):
    """Work that would be held, or a customer who could not be billed."""

    customer: models.BaseModel
    ticket: models.BaseModel
    day: date | None
    minutes: int
    reason: str
    message: str


class Forecast(NamedTuple):
    """All that a run would do."""

    invoices: tuple[FutureInvoice, ...]
    held: tuple[HeldWork, ...]
    comparisons: dict[models.BaseModel, Comparison]

    def by_customer(self) -> dict:
        """Invoices per customer, by name."""
        groups = defaultdict(list)
        for invoice in self.invoices:
            groups[invoice.move.commercial_partner_id].append(invoice)
        names = sorted(groups, key=lambda c: (c.display_name or "", c.id))
        return {customer: groups[customer] for customer in names}

    def totals(self) -> dict:
        """Net, tax and gross per currency."""
        result = {}
        for invoice in self.invoices:
            sums = result.setdefault(invoice.move.currency_id, [0.0, 0.0, 0.0])
            for index, amount in enumerate((invoice.net, invoice.tax, invoice.gross)):
                sums[index] += amount
        return result


class TicketBillingForecast(models.AbstractModel):
    """Does what a run does, up to the documents, and writes nothing.

    Rating, grouping and the values of the invoices are those of the run; only the
    invoices stay in memory.
    """

    _name = "ticket.billing.forecast"
    _description = "Forecast of a Billing Run"

    @api.model
    def _get(self, run, scopes: dict) -> Forecast:
        """What ``run`` would make.

        :param run: it may be a new record that is not stored
        :param scopes: what is taken up, per contract
        """
        invoices, held = self._bill(run, scopes)
        held += self._get_unassigned(run.company_id)
        comparisons = self._compare(run, invoices)
        return Forecast(tuple(invoices), tuple(held), comparisons)

    @api.model
    def _bill(self, run, scopes: dict) -> tuple[list, list]:
        """Like the run: a customer who cannot be billed falls out alone."""
        if not scopes:
            return [], []
        try:
            with self.env.cr.savepoint():
                return self._bill_group(run, scopes)
        except UserError as error:
            customers = defaultdict(dict)
            for contract, scope in scopes.items():
                customers[contract.partner_id][contract] = scope
            if len(customers) == 1:
                return [], [self._get_failed(next(iter(customers)), error)]
            results = [self._bill(run, group) for group in customers.values()]
            return [i for r in results for i in r[0]], [
                h for r in results for h in r[1]
            ]

    @api.model
    def _bill_group(self, run, scopes: dict) -> tuple[list, list]:
        invoicer = self.env["ticket.billing.invoicer"]
        contracts = self.env["ticket.billing.contract"].concat(*scopes)
        work = self._collect(contracts, scopes)
        ratings = self.env["ticket.billing.rater"]._rate(contracts, work, run.date)
        ratings = {contract: ratings[contract.id] for contract in contracts}
        drafts, ratings = run._set_aside(invoicer._get_drafts(ratings), ratings)
        invoicer._check_drafts(drafts, run)
        invoices = [self._prepare_invoice(draft, run) for draft in drafts]
        held = [
            self._get_held(contract, item)
            for contract, items in ratings.items()
            for item in items
            if item.state == "held"
        ]
        return invoices, held

    @api.model
    def _collect(self, contracts, scopes: dict):
        collector = self.env["ticket.billing.collector"]
        return reduce(
            or_,
            (
                collector._collect(group, scope)
                for scope, group in contracts.grouped(scopes.get).items()
            ),
        )

    # ----------------------------------------------------------------- invoices

    @api.model
    def _prepare_invoice(self, draft: InvoiceDraft, run) -> FutureInvoice:
        move = self._prepare_move(draft, run)
        self.env["ticket.billing.invoicer"]._check_taxes(move)
        totals = move.tax_totals
        sign = -1 if draft.is_credit else 1
        return FutureInvoice(
            draft,
            move,
            self._get_group_name(draft, move),
            sign * totals["base_amount_currency"],
            sign * totals["tax_amount_currency"],
            sign * totals["total_amount_currency"],
        )

    @api.model
    def _prepare_move(self, draft: InvoiceDraft, run):
        """The invoice in memory, with the items that its lines bill."""
        vals = self.env["ticket.billing.invoicer"]._prepare_invoice(draft, run)
        lines = [
            command[2]
            for command in vals["invoice_line_ids"]
            if not command[2].get("display_type")
        ]
        rater = self.env["ticket.billing.rater"]
        for values, drafted in zip(lines, draft.lines, strict=True):
            values["billing_item_ids"] = [
                Command.create(rater._prepare_item_vals(drafted.contract, item))
                for item in drafted.line.items
            ]
        return (
            self.env["account.move"]
            .with_context(default_move_type="out_invoice")
            .with_company(run.company_id)
            .new(vals)
        )

    @api.model
    def _get_group_name(self, draft: InvoiceDraft, move) -> str:
        """What sets an invoice apart from the others of its customer."""
        contract, item = draft.contract, draft.items[0]
        grouping = contract.policy_id.invoice_grouping
        helper = self.env["ticket.billing.grouping"]
        ticket = self.env["helpdesk.ticket"].browse(item.ticket)
        names = {
            "ticket": ticket.display_name,
            "project": helper._get_project(contract, item).display_name,
            "purchase_order": move.ref,
            "cost_center": move.cost_center_ref,
            "service_site": move.partner_shipping_id.display_name,
        }
        return names.get(grouping) or ", ".join(draft.contracts.mapped("display_name"))

    # --------------------------------------------------------------------- held

    @api.model
    def _get_held(self, contract, item) -> HeldWork:
        reasons = dict(
            self.env["ticket.billing.item"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        return HeldWork(
            contract.partner_id,
            self.env["helpdesk.ticket"].browse(item.ticket),
            item.day,
            item.raw_minutes,
            reasons[item.reason],
            self.env["ticket.billing.rater"]._get_held_message(contract, item),
        )

    @api.model
    def _get_failed(self, customer, error: UserError) -> HeldWork:
        none = self.env["helpdesk.ticket"]
        reason = self.env._("Cannot be billed")
        return HeldWork(customer, none, None, 0, reason, str(error))

    @api.model
    def _get_unassigned(self, company) -> list[HeldWork]:
        """Work that no contract bills: what runs hold, and what they will hold."""
        rater = self.env["ticket.billing.rater"]
        entries = self.env["account.analytic.line"].search(
            rater._get_unassigned_domain(company, "billing_contract_id")
        )
        charges = self.env["ticket.billing.charge"].search(
            rater._get_unassigned_domain(company, "contract_id")
        )
        items = self.env["ticket.billing.item"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "held"),
                ("reason", "in", ("no_customer", "no_contract")),
                ("contract_id", "=", False),
            ]
        )
        items |= items.concat(
            *(items.new(rater._prepare_unassigned_entry(entry)) for entry in entries),
            *(items.new(rater._prepare_unassigned_charge(c)) for c in charges),
        )
        reasons = dict(items._fields["rated_reason"]._description_selection(self.env))
        return [
            HeldWork(
                item.partner_id,
                item.ticket_id,
                item.work_date,
                item.raw_minutes,
                reasons[item.rated_reason],
                item.message,
            )
            for item in items
        ]

    # ------------------------------------------------------------------ compare

    @api.model
    def _compare(self, run, invoices: list[FutureInvoice]) -> dict:
        """Comparison per customer with what he got before."""
        nets, limits = defaultdict(float), {}
        company = run.company_id
        for invoice in invoices:
            customer = invoice.move.commercial_partner_id
            policy = invoice.draft.contract.policy_id
            nets[customer] += invoice.move.currency_id._convert(
                invoice.net, company.currency_id, company, run.date
            )
            limits[customer] = policy.park_deviation_percent
        return self.env["ticket.billing.comparison"]._get(
            nets, limits, company, run.date
        )

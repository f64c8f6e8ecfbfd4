import datetime
from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain

from .ticket_billing_fee import TicketBillingFee


class Scope(NamedTuple):
    """What a run takes up: work of these days, and what is due on a day.

    ``work_before`` is the first day that is left alone, ``work_from`` (if any) the
    first that is taken. ``closed_only``: only the work of closed tickets,
    ``finished_only``: of finished projects, ``overage_only``: beyond the allotments.
    ``run``: the id of the run for which a person has excluded some work.
    """

    on: datetime.date
    work_before: datetime.date
    work_from: datetime.date | None = None
    closed_only: bool = False
    run: int | None = None
    finished_only: bool = False
    overage_only: bool = False

    def get_line_vals(self) -> dict:
        """Values of a line of a run that takes this up."""
        return {
            "work_before": self.work_before,
            "closed_only": self.closed_only,
            "finished_only": self.finished_only,
            "overage_only": self.overage_only,
        }


class Work(NamedTuple):
    """Unsettled work and dues; recordsets, and fees with the first days of periods."""

    entries: models.BaseModel
    charges: models.BaseModel
    visits: models.BaseModel
    tickets: models.BaseModel
    blocks: models.BaseModel
    fees: tuple[tuple[TicketBillingFee, datetime.date], ...] = ()

    def __or__(self, other: "Work") -> "Work":
        return Work(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def get_tickets(self):
        """All tickets that this work is on."""
        return (
            self.entries.ticket_id
            | self.charges.ticket_id
            | self.visits.ticket_id
            | self.tickets
        )

    def filtered_domain(self, domain: Domain) -> "Work":
        """The recorded work that a domain describes, and all dues."""
        recorded = (records.filtered_domain(domain) for records in self[:4])
        return Work(*recorded, self.blocks, self.fees)

    def by_contract(self) -> dict:
        """The same work per contract."""
        parts = defaultdict(lambda: [[], [], [], [], [], []])
        for number, (records, owner) in enumerate(
            (
                (self.entries, "billing_contract_id"),
                (self.charges, "contract_id"),
                (self.visits, "contract_id"),
                (self.tickets, "billing_contract_id"),
                (self.blocks, "contract_id"),
            )
        ):
            for record in records:
                parts[record[owner]][number].append(record)
        for fee, first in self.fees:
            parts[fee.contract_id][5].append((fee, first))
        return {contract: Work(*lists) for contract, lists in parts.items()}


class TicketBillingCollector(models.AbstractModel):
    """Finds what has to be billed: recorded work that is not settled, and dues."""

    _name = "ticket.billing.collector"
    _description = "Collecting Unbilled Work"

    @api.model
    def _get_settled_items(self) -> Domain:
        return Domain("settled", "=", True) & Domain("live", "=", True)

    @api.model
    def _get_days(self, scope: Scope, name: str = "date") -> Domain:
        domain = Domain(name, "<", scope.work_before)
        if scope.work_from:
            domain &= Domain(name, ">=", scope.work_from)
        return domain

    @api.model
    def _get_included(self, scope: Scope) -> Domain:
        """Work that nobody has excluded from the run."""
        if not scope.run:
            return Domain.TRUE
        return Domain("billing_exclusion_ids", "not any", [("run_id", "=", scope.run)])

    @api.model
    def _get_domain(self, contracts, owner: str, scope: Scope | None) -> Domain:
        """Unsettled work of ``contracts``; without a scope, of any day."""
        domain = Domain("billing_item_ids", "not any", self._get_settled_items())
        domain |= Domain("billing_item_ids", "any", [("reopened", "=", True)])
        domain &= Domain(owner, "in", contracts.ids)
        if scope:
            domain &= self._get_days(scope) & self._get_included(scope)
            if scope.closed_only:
                domain &= Domain("ticket_id.stage_id.closed", "=", True)
            if scope.finished_only:
                domain &= self._get_finished(owner)
        return domain

    @api.model
    def _get_finished(self, owner: str) -> Domain:
        """Time entries of finished projects, or what comes with such time."""
        finished = Domain("project_id.stage_id.fold", "=", True)
        if owner == "billing_contract_id":
            return finished
        of_ticket = Domain("ticket_id.time_entry_ids", "any", finished)
        return of_ticket | Domain(f"{owner}.project_id.stage_id.fold", "=", True)

    @api.model
    def _get_entry_domain(self, contracts, scope: Scope | None) -> Domain:
        """Unsettled time entries, and those corrected after they were billed."""
        outdated = Domain("billing_contract_id", "in", contracts.ids)
        outdated &= Domain("billing_outdated", "=", True)
        if scope:
            outdated &= self._get_included(scope)
        return self._get_domain(contracts, "billing_contract_id", scope) | outdated

    @api.model
    def _get_charge_domain(self, contracts, scope: Scope | None) -> Domain:
        return self._get_domain(contracts, "contract_id", scope)

    @api.model
    def _get_visit_domain(self, contracts, scope: Scope | None) -> Domain:
        """Visits whose way is charged."""
        charged = contracts.filtered(lambda c: c.policy_id.travel_mode != "none")
        return self._get_domain(charged, "contract_id", scope)

    @api.model
    def _get_entry_fields(self) -> list[str]:
        return [
            "ticket_id", "billing_contract_id", "date", "billing_start",
            "billing_stop", "raw_minutes", "employee_id", "work_type_id",
            "billing_type", "billing_rate", "billing_emergency", "name", "visit_id",
            "service_partner_id", "purchase_order_ref", "project_id",
            "billing_outdated", "deleted_upstream",
        ]  # fmt: skip

    @api.model
    def _collect(self, contracts, scope: Scope | None = None) -> Work:
        """What ``contracts`` have to be billed; without a scope, work of any day."""
        entries = self.env["account.analytic.line"].search_fetch(
            self._get_entry_domain(contracts, scope), self._get_entry_fields()
        )
        charges = self.env["ticket.billing.charge"].search(
            self._get_charge_domain(contracts, scope)
        )
        visits = self.env["ticket.billing.visit"].search(
            self._get_visit_domain(contracts, scope)
        )
        work = Work(
            entries,
            charges,
            visits,
            self._get_counted_tickets(contracts, scope),
            self._get_due_blocks(contracts, scope),
            tuple(self._get_due_fees(contracts, scope)),
        )
        if scope and scope.overage_only:
            due = self.env["ticket.billing.due"]
            return due._keep_overage(contracts, work, scope.on)
        return work

    # -------------------------------------------------------- tickets that count

    @api.model
    def _get_counted_tickets(self, contracts, scope: Scope | None):
        """Tickets that allotments of tickets have to count, in order of their day."""
        tickets = self.env["helpdesk.ticket"]
        allotments = contracts.allotment_ids.filtered(lambda a: a.unit == "tickets")
        counted = self._get_settled_items() & Domain(
            [
                ("entry_id", "=", False),
                ("quantity", ">", 0),
                ("kind", "in", ("quota_covered", "overage")),
            ]
        )
        for allotment in allotments:
            domain = self._get_counted_domain(allotment, scope)
            name = allotment._get_count_field()
            domain &= Domain("billing_contract_id", "=", allotment.contract_id.id)
            domain &= Domain(name, ">=", allotment.contract_id.date_start)
            domain &= Domain("billing_item_ids", "not any", counted)
            tickets |= tickets.search(domain, order=f"{name}, id")
        return tickets

    @api.model
    def _get_counted_domain(self, allotment, scope: Scope | None) -> Domain:
        """Tickets that an allotment of tickets counts, by their day."""
        domain = Domain.TRUE
        if allotment.count_on == "closed":
            domain &= Domain("stage_id.closed", "=", True)
        if scope:
            domain &= self._get_days(scope, allotment._get_count_field())
        return domain

    # ---------------------------------------------------------- blocks and fees

    @api.model
    def _get_due_blocks(self, contracts, scope: Scope | None):
        """Prepaid blocks that have been bought and are not invoiced."""
        blocks = contracts.allotment_ids.filtered(
            lambda a: (
                a.period == "block"
                and a.price
                and (not scope or a.date_start <= scope.on)
            )
        )
        if not blocks:
            return blocks
        billed = self.env["ticket.billing.item"].search(
            self._get_settled_items()
            & Domain("kind", "=", "prepaid_block")
            & Domain("allotment_id", "in", blocks.ids)
        )
        return blocks - billed.allotment_id

    @api.model
    def _get_due_fees(self, contracts, scope: Scope | None) -> list:
        """Periods of recurring fees that are due and not billed."""
        fees = contracts.fee_ids
        if not fees or not scope:
            return []
        billed = defaultdict(set)
        for fee, first in self.env["ticket.billing.item"]._read_group(
            self._get_settled_items() & Domain("fee_id", "in", fees.ids),
            ["fee_id", "work_date:day"],
        ):
            billed[fee].add(first)
        return [
            (fee, first)
            for fee in fees
            for first in fee._get_periods(scope.on, scope.work_before, billed[fee])
        ]

    # --------------------------------------------------------------------- due

    @api.model
    def _find_due(self, contracts, scope: Scope, fresh: Domain | None = None):
        """Contracts with something to bill.

        ``fresh`` narrows the work that alone is a reason to look at a contract.
        """
        fresh = fresh if fresh is not None else Domain.TRUE
        if scope.overage_only:
            work = self._collect(contracts, scope).filtered_domain(fresh)
            return contracts.browse().union(*work.by_contract())
        due = contracts.browse()
        for model, owner, domain in (
            (
                "account.analytic.line",
                "billing_contract_id",
                self._get_entry_domain(contracts, scope),
            ),
            (
                "ticket.billing.charge",
                "contract_id",
                self._get_charge_domain(contracts, scope),
            ),
            (
                "ticket.billing.visit",
                "contract_id",
                self._get_visit_domain(contracts, scope),
            ),
        ):
            groups = self.env[model]._read_group(domain & fresh, [owner])
            due = due.union(*(contract for (contract,) in groups))
        tickets = self._get_counted_tickets(contracts, scope)
        due |= tickets.filtered_domain(fresh).billing_contract_id
        due |= self._get_due_blocks(contracts, scope).contract_id
        fees = self._get_due_fees(contracts, scope)
        return due.union(*(fee.contract_id for fee, _first in fees))

from collections import defaultdict
from dataclasses import dataclass, field

from odoo import api, models
from odoo.fields import Domain

STATES = ("billed", "covered", "written_off", "held", "open")


@dataclass
class Balance:
    """Minutes of one customer: what went in, and what became of it."""

    minutes_in: int = 0
    wrong_entries: int = 0
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))

    @property
    def minutes_out(self) -> int:
        return sum(self.parts.values())

    @property
    def adds_up(self) -> bool:
        """Whether every single entry does: errors must not even each other out."""
        return self.minutes_in == self.minutes_out and not self.wrong_entries

    def add(self, other: "Balance") -> None:
        self.minutes_in += other.minutes_in
        self.wrong_entries += other.wrong_entries or not other.adds_up
        for state, minutes in other.parts.items():
            self.parts[state] += minutes


class TicketBillingCertificate(models.AbstractModel):
    """Accounts for every minute of a run, from the time entries and from the ledger.

    The two sides are added up apart from each other, so that a difference shows.
    """

    _name = "ticket.billing.certificate"
    _description = "Certificate of a Billing Run"

    @api.model
    def _get_balances(self, run) -> dict:
        """Balance per customer of a run; without a customer under an empty one.

        What other runs have settled of an entry is theirs.
        """
        run = run.sudo()
        entries = self._get_entries(run)
        ledger = self._get_ledger(entries)
        balances = defaultdict(Balance)
        for entry in entries:
            balance = self._get_balance(entry, ledger.get(entry.id, []), run)
            balances[self._get_customer(entry)].add(balance)
        ordered = sorted(balances, key=lambda p: (p.name or "", p.id))
        return {partner: balances[partner] for partner in ordered}

    @api.model
    def _get_customer(self, entry):
        ticket = entry.ticket_id
        return entry.billing_contract_id.partner_id or ticket.commercial_partner_id

    @api.model
    def _get_entries(self, run):
        """Time entries that the run settled, and those that it had to look at."""
        entries = self.env["account.analytic.line"].sudo()
        collector = self.env["ticket.billing.collector"].sudo()
        domains = [Domain("billing_item_ids.run_id", "=", run.id)]
        for scope, lines in run.line_ids.grouped(self._get_scope).items():
            domains.append(collector._get_entry_domain(lines.contract_id, scope))
        domains.append(Domain("billing_item_ids", "any", self._get_unassigned(run)))
        found = entries.search(Domain.OR(domains), order="date, id")
        return found.filtered(lambda e: e.ticket_id)

    @api.model
    def _get_unassigned(self, run) -> Domain:
        """Items of work that no contract bills, of the days of the run."""
        domain = Domain("contract_id", "=", False) & Domain("live", "=", True)
        domain &= Domain("company_id", "=", run.company_id.id)
        collector = self.env["ticket.billing.collector"]
        return domain & collector._get_days(run._get_scope(), "work_date")

    @api.model
    def _get_scope(self, line):
        """Days of a line; what was excluded belongs to the account too."""
        return line._get_scope()._replace(run=None)

    @api.model
    def _get_ledger(self, entries) -> dict:
        """Live items per id of a time entry."""
        items = self.env["ticket.billing.item"].sudo()
        live = items.search_fetch(
            [("entry_id", "in", entries.ids), ("live", "=", True)],
            ["entry_id", "state", "raw_minutes", "run_id", "credited_item_id",
             "reopened", "settled"],
        )  # fmt: skip
        return live.grouped(lambda item: item.entry_id.id)

    @api.model
    def _get_balance(self, entry, items, run) -> Balance:
        balance = Balance(minutes_in=entry.raw_minutes)
        recorded = 0
        for item in items:
            recorded += item.raw_minutes
            owner = item.run_id or item.credited_item_id.run_id
            if item.settled and owner != run:
                balance.minutes_in -= item.raw_minutes
            else:
                balance.parts[item.state] += item.raw_minutes
            if item.reopened:
                balance.parts["open"] -= item.raw_minutes
        if not items:
            balance.parts["open"] += entry.raw_minutes
        elif entry.billing_outdated:
            balance.parts["open"] += entry.raw_minutes - recorded
        return balance

    # ---------------------------------------------------------------- document

    @api.model
    def _get_documents(self, run):
        """Invoices of a run in the order of their numbers."""
        return run.sudo().invoice_ids.sorted(lambda m: (m.name or "", m.id))

    @api.model
    def _get_held_items(self, run):
        """Held work of the run's customers, and of none."""
        domains = [line._get_item_domain() for line in run.sudo().line_ids]
        items = self.env["ticket.billing.item"].sudo()
        return items.search(
            Domain.OR([*domains, self._get_unassigned(run)])
            & Domain("state", "=", "held"),
            order="partner_id, work_date, id",
        )

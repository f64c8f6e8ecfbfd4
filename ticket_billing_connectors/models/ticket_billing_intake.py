from collections import Counter
from datetime import UTC
from typing import NamedTuple

from odoo import api, models

from ..intake.records import make_agents, make_record
from ..intake.tables import CHARGES, CUSTOMERS
from .ticket_billing_import_base import RECORD_ERRORS
from .ticket_billing_ticket_import import naive_utc


class Outcome(NamedTuple):
    """What became of a record: new, changed, unchanged, outdated (a newer one came
    before), held with a reason, dismissed (it was held, and left out) or removed."""

    state: str
    reason: str = ""
    message: str = ""


class TicketBillingIntake(models.AbstractModel):
    """Takes in what other systems send, through the same import as connectors."""

    _name = "ticket.billing.intake"
    _description = "Intake of Sent Records"

    @api.model
    def _take(self, connector, table, rows) -> dict[str, Outcome]:
        """Take in checked ``rows`` with ids of their own; return outcomes by id.

        Nobody is told: that is up to the caller.
        """
        importer = self.env["ticket.billing.import"]._for(connector)
        if table is CUSTOMERS:
            return self._take_customers(importer, connector, rows)
        outcomes = self._get_outdated(connector, table, rows)
        rows = [row for row in rows if row["id"] not in outcomes]
        importer._learn_agents(connector, make_agents(table, rows))
        records = [make_record(table, row) for row in rows]
        before = self._get_versions(importer, connector, table, rows)
        self._import_safely(importer, connector, table, records)
        importer._release_mapped(connector)
        after = self._get_versions(importer, connector, table, rows)
        held = self._get_inbox(connector, table, rows)
        for row in rows:
            key = row["id"]
            outcomes[key] = self._get_outcome(
                held.get(key), before.get(key), after.get(key)
            )
        self._note_changes(importer, connector, table, rows, held)
        return outcomes

    @api.model
    def _get_outcome(self, waiting, before, after) -> Outcome:
        if waiting:
            state = "held" if waiting.state == "held" else "dismissed"
            return Outcome(state, waiting.reason, waiting.message)
        if before is None:
            return Outcome("new")
        return Outcome("unchanged" if before == after else "changed")

    @api.model
    def _import_safely(self, importer, connector, table, records):
        """Import all at once, or one by one where one of them is refused."""
        try:
            with self.env.cr.savepoint():
                self._import(importer, connector, table, records)
        except RECORD_ERRORS:
            for record in records:
                self._import_one(importer, connector, table, record)

    @api.model
    def _import_one(self, importer, connector, table, record):
        try:
            with self.env.cr.savepoint():
                self._import(importer, connector, table, [record])
        except RECORD_ERRORS as error:
            detail = str(error) if isinstance(error, RECORD_ERRORS[0]) else ""
            finding = {"record": record, "reason": "refused", "detail": detail}
            self.env["ticket.billing.inbox"]._hold(connector, [finding])

    @api.model
    def _import(self, importer, connector, table, records):
        parts = {"tickets": [], "time-entries": [], "charges": []}
        parts[table.name] = records
        counts = importer._import(
            connector, parts["tickets"], parts["time-entries"], whole=False
        )
        if records and table.name == "charges":
            importer._import_charges(connector, records, counts)
        if table.name == "tickets":
            self._release_waiting(importer, connector, records)
        self.env.flush_all()

    @api.model
    def _release_waiting(self, importer, connector, tickets):
        """Take up times and charges that came before their ticket."""
        waiting = self.env["ticket.billing.inbox"].search(
            [
                ("connector_id", "=", connector.id),
                ("state", "=", "held"),
                ("reason", "=", "ticket_held"),
                ("parent_remote_id", "in", [ticket.remote_id for ticket in tickets]),
            ]
        )
        if waiting:
            importer._retry(connector, waiting)

    @api.model
    def _withdraw(self, connector, table, key) -> Outcome:
        """Remove a time entry or charge; a billed one is held for a person."""
        importer = self.env["ticket.billing.import"]._for(connector)
        if table is CHARGES:
            importer._remove_charges(connector, [key])
        else:
            importer._remove_deleted(connector, [key], Counter())
        self.env.flush_all()
        waiting = self._get_inbox(connector, table, [{"id": key}]).get(key)
        if waiting and waiting.state == "held":
            return Outcome("held", waiting.reason, waiting.message)
        return Outcome("removed")

    # What was there before

    @api.model
    def _get_versions(self, importer, connector, table, rows) -> dict:
        links = importer._find_links(
            connector, table.remote_type, [row["id"] for row in rows]
        )
        mapped = links.filtered(lambda link: link.state == "mapped")
        return {link.remote_id: link.remote_version for link in mapped}

    @api.model
    def _get_inbox(self, connector, table, rows) -> dict:
        """Return what waits or was dismissed, by id."""
        found = self.env["ticket.billing.inbox"].search(
            [
                ("connector_id", "=", connector.id),
                ("remote_type", "=", table.remote_type),
                ("remote_id", "in", [row["id"] for row in rows]),
                ("state", "!=", "done"),
            ]
        )
        return {row.remote_id: row for row in found}

    # The newest wins

    @api.model
    def _get_outdated(self, connector, table, rows) -> dict[str, Outcome]:
        """Return outcomes of what is older than what came in, or waits, already."""
        dated = [row for row in rows if row.get("changed_at")]
        importer = self.env["ticket.billing.import"]
        links = importer._find_links(
            connector, table.remote_type, [row["id"] for row in dated]
        )
        waiting = self._get_inbox(connector, table, dated)
        known = {}
        for found in (*links, *waiting.values()):
            if found.sent_changed:
                latest = known.get(found.remote_id, found.sent_changed)
                known[found.remote_id] = max(latest, found.sent_changed)
        return {
            row["id"]: Outcome("outdated")
            for row in dated
            if row["id"] in known
            and row["changed_at"].replace(microsecond=0)
            < known[row["id"]].replace(tzinfo=UTC)
        }

    @api.model
    def _note_changes(self, importer, connector, table, rows, held):
        """Keep when the sender changed what came in or waits."""
        times = {r["id"]: naive_utc(r["changed_at"]) for r in rows if "changed_at" in r}
        links = importer._find_links(connector, table.remote_type, times)
        waiting = [held[key] for key in times if key in held]
        for found in (*links, *waiting):
            if found.sent_changed != times[found.remote_id]:
                found.sent_changed = times[found.remote_id]

    # Customers

    @api.model
    def _take_customers(self, importer, connector, rows) -> dict[str, Outcome]:
        keys = [row["id"] for row in rows]
        known = set(
            importer._find_links(connector, "customer", keys).mapped("remote_id")
        )
        matches = importer._learn_customers(connector, rows)
        importer._release_mapped(connector)
        outcomes = {}
        for key, match in matches.items():
            state = "unchanged" if key in known else "new"
            outcomes[key] = Outcome(state)
            if match.reason:
                outcomes[key] = Outcome("held", match.reason, self._explain(match))
        return outcomes

    @api.model
    def _explain(self, match) -> str:
        return self.env._(
            "%(name)s has to be mapped to a contact here; until then, its tickets"
            " wait.",
            name=match.link.display_name,
        )

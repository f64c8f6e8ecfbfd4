# pylint: disable=consider-merging-classes-inherited
from collections import Counter
from datetime import UTC, timedelta

from odoo import api, fields, models

#: A reader has nothing older than this in its hands; what comes later and is older
#: is from a restored backup of the ticket system, and counts.
IN_FLIGHT = timedelta(hours=1)


def version_text(time) -> str:
    """Return a remote time as text that sorts like it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") if time else ""


class TicketBillingLink(models.Model):
    _inherit = "ticket.billing.link"

    remote_changed = fields.Char(
        string="Changed there",
        readonly=True,
        help="Time of the last change that came in, on the ticket system's clock.",
    )
    read_on = fields.Datetime(string="Came in", readonly=True)


class TicketBillingImport(models.AbstractModel):
    """The newest version wins, whoever read it: a synchronisation and a webhook may
    be in each other's way."""

    _inherit = "ticket.billing.import"

    @api.model
    def _import(
        self, connector, tickets, entries, agents=(), *, whole=True, gone=()
    ) -> Counter:
        late = self._find_outdated(connector, tickets)
        tickets = [t for t in tickets if t.remote_id not in late]
        if whole:
            entries = [e for e in entries if e.ticket_remote_id not in late]
        counts = super()._import(
            connector, tickets, entries, agents, whole=whole, gone=gone
        )
        self._note_versions(connector, tickets)
        return counts

    @api.model
    def _find_outdated(self, connector, tickets) -> set:
        """Return the ids of tickets that came in newer a moment ago."""
        since = fields.Datetime.now() - IN_FLIGHT
        links = self._find_links(connector, "ticket", [t.remote_id for t in tickets])
        known = {
            link.remote_id: link.remote_changed or ""
            for link in links
            if link.read_on and link.read_on > since
        }
        return {
            ticket.remote_id
            for ticket in tickets
            if ticket.changed
            and version_text(ticket.changed) < known.get(ticket.remote_id, "")
        }

    @api.model
    def _note_versions(self, connector, tickets):
        links = self._find_links(connector, "ticket", [t.remote_id for t in tickets])
        by_id = links.grouped("remote_id")
        now = fields.Datetime.now()
        for ticket in tickets:
            link, version = by_id.get(ticket.remote_id), version_text(ticket.changed)
            if link and (link.remote_changed or "") != version:
                link.write({"remote_changed": version, "read_on": now})

    @api.model
    def _remove_tickets(self, connector, remote_ids):
        """Follow tickets that were deleted, with their bookings: what is billed
        waits for a decision."""
        self = self._for(connector)
        here = [("connector_id", "=", connector.id), ("remote_type", "=", "time_entry")]
        here.append(("parent_remote_id", "in", remote_ids))
        links = self.env["ticket.billing.link"].search(
            [*here, ("state", "=", "mapped")]
        )
        held = self.env["ticket.billing.inbox"].search([*here, ("state", "=", "held")])
        bookings = {*links.mapped("remote_id"), *held.mapped("remote_id")}
        self._remove_deleted(connector, bookings, Counter())
        self.env["ticket.billing.inbox"]._settle(connector, "ticket", remote_ids)

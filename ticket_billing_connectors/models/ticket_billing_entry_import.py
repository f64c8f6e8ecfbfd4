from datetime import UTC
from typing import NamedTuple
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from ..systems.records import RemoteTimeEntry, entry_problem, fingerprint
from .ticket_billing_import_base import RECORD_ERRORS, Batch
from .ticket_billing_mapping_rule import get_digest, get_values, prepare_rules
from .ticket_billing_match import Match
from .ticket_billing_ticket_import import naive_utc


class Surroundings(NamedTuple):
    """What is known about the time entries of one page, by remote id or key."""

    links: dict
    lines: dict
    tickets: dict
    agents: dict
    activities: dict
    ruled: dict


class TicketBillingEntryImport(models.AbstractModel):
    _name = "ticket.billing.entry.import"
    _description = "Import of Remote Time Entries"
    _inherit = "ticket.billing.match"

    @api.model
    def _import_entries(self, connector, entries, counts):
        """Bring bookings in; their tickets were imported before."""
        batch = Batch("time_entry", "entry", counts)
        known = self._look_around_entries(connector, entries)
        for entry in entries:
            self._import_entry(batch, known, entry)
        self._create_new(connector, self.env["account.analytic.line"], batch)

    @api.model
    def _look_around_entries(self, connector, entries):
        ids = [entry.remote_id for entry in entries]
        links = self._find_links(connector, "time_entry", ids)
        tickets = self._find_links(
            connector, "ticket", {entry.ticket_remote_id for entry in entries}
        )
        return Surroundings(
            links={link.remote_id: link for link in links},
            lines=self._find_targets("account.analytic.line", links),
            tickets=self._find_targets("helpdesk.ticket", tickets),
            agents=self._match_agents(connector, {e.agent_key for e in entries}),
            activities=self._match_activities(connector, {e.activity for e in entries}),
            ruled=connector.rule_ids._apply_to_entries(entries, tickets),
        )

    @api.model
    def _import_entry(self, batch, known, entry):
        link = known.links.get(entry.remote_id)
        line = known.lines.get(entry.remote_id)
        ruled = known.ruled.get(entry.remote_id, {})
        version = fingerprint(entry) + get_digest(ruled)
        if line and link.remote_version == version:
            batch.settle(entry, "unchanged")
            return
        reason, waits_for = self._get_entry_reason(known, entry)
        if reason:
            batch.hold(entry, reason, link=waits_for)
            return
        # A rule says more than what the agent has ticked.
        values = self._prepare_entry_billing(entry, line)
        values |= self._prepare_entry_values(known, entry)
        facts = {
            "remote_number": entry.ticket_number,
            "parent_remote_id": entry.ticket_remote_id,
            "remote_version": version,
            **self._prepare_entry_mapping(known, entry, ruled),
        }
        if not line:
            batch.new.append((entry, values, link, facts))
        elif self._update_line(line, values, entry):
            link.write(facts)
            batch.settle(entry, "changed")
        else:
            batch.hold(entry, "changed_after_billing")

    @api.model
    def _get_entry_reason(self, known, entry):
        """Return (reason code, link waited for); '' if the entry can come in."""
        problem = entry_problem(entry, fields.Datetime.now().replace(tzinfo=UTC))
        if problem:
            return problem, None
        if entry.ticket_remote_id not in known.tickets:
            return "ticket_held", None
        agent = known.agents.get(entry.agent_key, Match(reason="unknown_agent"))
        activity = known.activities[entry.activity]
        if "work_type_id" in known.ruled.get(entry.remote_id, {}):
            activity = Match()
        for match in (agent, activity):
            if match.reason:
                return match.reason, match.link
        return "", None

    @api.model
    def _prepare_entry_values(self, known, entry) -> dict:
        ticket = known.tickets[entry.ticket_remote_id]
        activity = known.activities[entry.activity].record
        zone = ZoneInfo(ticket._get_billing_tz())
        return {
            "ticket_id": ticket.id,
            "employee_id": known.agents[entry.agent_key].record.id,
            "work_type_id": activity.id if activity else False,
            "name": entry.text or ticket.name,
            "date": (entry.start or entry.booked_at).astimezone(zone).date(),
            "billing_start": naive_utc(entry.start),
            "billing_stop": naive_utc(entry.stop),
            "raw_minutes": entry.minutes,
            **get_values(known.ruled.get(entry.remote_id, {})),
        }

    @api.model
    def _prepare_entry_mapping(self, known, entry, ruled) -> dict:
        """Return what the link says about where employee and work type are from."""
        agent = known.agents[entry.agent_key].link
        activity = known.activities[entry.activity].link
        return {
            "agent_link_id": agent.id if agent else False,
            "activity_link_id": activity.id if activity else False,
            **prepare_rules(ruled),
        }

    @api.model
    def _prepare_entry_billing(self, entry, line) -> dict:
        """Return the kind of billing, where the agent said whether to bill it.

        What was made warranty or goodwill here stays that.
        """
        present = line.billing_type if line else "billable"
        if entry.billable is None or present not in ("billable", "internal"):
            return {}
        return {"billing_type": "billable" if entry.billable else "internal"}

    @api.model
    def _update_line(self, line, values, entry) -> bool:
        """Write what differs; False when billing has frozen the line.

        A billed line stays on its ticket when that was merged into another, with its
        title where it has no text of its own.
        """
        news = self._get_differences(line, values)
        if line.billing_locked:
            settled = {"ticket_id"} if entry.text else {"ticket_id", "name"}
            return not (news.keys() - settled)
        if news:
            line.write(news)
        return True

    # What is gone upstream

    @api.model
    def _remove_gone(self, connector, tickets, entries, counts):
        """Follow bookings that a ticket no longer has.

        Of a ticket that was merged they have moved on; otherwise they are deleted.
        """
        survivors = {t.remote_id: t.merged_into for t in tickets if t.merged_into}
        gone = [
            ("connector_id", "=", connector.id),
            ("remote_type", "=", "time_entry"),
            ("parent_remote_id", "in", [ticket.remote_id for ticket in tickets]),
            ("remote_id", "not in", [entry.remote_id for entry in entries]),
        ]
        links = self.env["ticket.billing.link"].search(
            [*gone, ("state", "=", "mapped")]
        )
        moved = links.filtered(lambda link: link.parent_remote_id in survivors)
        self._move_links(connector, moved, survivors)
        self._remove_links(connector, links - moved, counts)
        self.env["ticket.billing.inbox"].search(
            [*gone, ("state", "=", "held"), ("reason", "!=", "deleted_after_billing")]
        ).write({"state": "done", "waiting_link_id": False})

    @api.model
    def _remove_deleted(self, connector, remote_ids, counts):
        """Follow bookings the remote system says are deleted."""
        if not remote_ids:
            return
        links = self._find_links(connector, "time_entry", remote_ids)
        mapped = links.filtered(lambda link: link.state == "mapped")
        self._remove_links(connector, mapped, counts)
        self.env["ticket.billing.inbox"].search(
            [
                ("connector_id", "=", connector.id),
                ("remote_type", "=", "time_entry"),
                ("remote_id", "in", list(remote_ids)),
                ("state", "=", "held"),
                ("reason", "!=", "deleted_after_billing"),
            ]
        ).write({"state": "done", "waiting_link_id": False})

    @api.model
    def _move_links(self, connector, links, survivors):
        """Put time entries under the surviving ticket, if it came in already."""
        found = self._find_links(connector, "ticket", set(survivors.values()))
        tickets = self._find_targets("helpdesk.ticket", found)
        lines = self._find_targets("account.analytic.line", links)
        for link in links:
            survivor = survivors[link.parent_remote_id]
            line = lines.get(link.remote_id)
            if survivor in tickets:
                link.parent_remote_id = survivor
                if line and not line.billing_locked:
                    line.ticket_id = tickets[survivor]

    @api.model
    def _remove_links(self, connector, links, counts):
        """Remove time entries that were deleted upstream; hold billed ones."""
        batch = Batch("time_entry", "entry", counts)
        lines = self._find_targets("account.analytic.line", links)
        for link in links:
            line = lines.get(link.remote_id)
            gone = self._prepare_gone(link, line)
            if line and line.billing_locked:
                batch.hold(gone, "deleted_after_billing")
            else:
                if line and not self._unlink_line(line):
                    # Credited work has to be kept, but is not billed once more.
                    line.sudo().deleted_upstream = True
                # The link stays as a tombstone.
                link.write({"removed": True, "res_id": False, "remote_version": False})
                batch.settle(gone, "removed")
        self._close(connector, batch)

    @api.model
    def _unlink_line(self, line) -> bool:
        """Delete a time entry; False when billing keeps it."""
        try:
            with self.env.cr.savepoint():
                line.unlink()
        except RECORD_ERRORS:
            return False
        return True

    @api.model
    def _prepare_gone(self, link, line):
        """Describe a deleted booking by what is known here."""
        minutes = line.raw_minutes if line else 0
        return RemoteTimeEntry(
            remote_id=link.remote_id,
            ticket_remote_id=link.parent_remote_id or "",
            minutes=minutes,
            raw_value=str(minutes),
            ticket_number=link.remote_number or "",
            text=line.name if line else "",
        )

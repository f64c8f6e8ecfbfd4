import dataclasses
import datetime
from datetime import UTC

from odoo import api, models

from ..systems.status_time import SHORTEST, suggest, without, working_spans
from .ticket_billing_suggestion import zone_of


class TicketBillingSuggestionImport(models.AbstractModel):
    """Keeps open suggestions in line with the changes of state of tickets."""

    _name = "ticket.billing.suggestion.import"
    _description = "Import of Suggested Times"
    _inherit = "ticket.billing.match"

    @api.model
    def _import_status(self, connector, changes: dict[str, list]):
        """Suggest times for tickets, by their remote ids: see
        :class:`~..systems.records.RemoteStatusChange`.

        What people have decided on or changed stays as it is.
        """
        if not changes:
            return
        self = self.with_company(connector.company_id).with_context(
            connector_import=True
        )
        states = connector._get_working_states()
        worked = {
            remote_id: found
            for remote_id, found in changes.items()
            if working_spans(found, states)
        }
        links = self._find_links(connector, "ticket", changes)
        tickets = self._find_targets("helpdesk.ticket", links)
        who_of = self._get_technicians(connector, worked.values())
        business = self._get_business_hours(connector, worked.values())
        model = self.env["ticket.billing.suggestion"]
        union = self.env["helpdesk.ticket"].union(*tickets.values())
        known = model.search([("ticket_id", "in", union.ids)]).grouped("ticket_id")
        lines = model._find_entries(union)
        for remote_id, ticket in tickets.items():
            mine = known.get(ticket, model)
            found = [
                dataclasses.replace(change, agent_key=who_of(change.agent_key))
                for change in worked.get(remote_id, ())
            ]
            if not found and not mine:
                continue
            touched = mine.filtered(lambda s: s.state != "open" or s.edited)
            entries = lines.get(ticket, self.env["account.analytic.line"])
            spans = suggest(
                found,
                states,
                business,
                model._get_booked(entries) + touched._get_taken(who_of),
                model._get_day_bookings(entries),
                zone_of(ticket),
            )
            agents = {who_of(c.agent_key): c.agent_key for c in changes[remote_id]}
            (mine - touched)._replace_open(ticket, connector, spans, agents)

    @api.model
    def _leave_booked_out(self, connector, page):
        """Cut times that came apart from their tickets out of open suggestions."""
        apart = {entry.ticket_remote_id for entry in page.entries}
        apart -= page.status_changes.keys()
        if not (apart and connector.suggest_times):
            return
        model = self.env["ticket.billing.suggestion"]
        tickets = self._find_targets(
            "helpdesk.ticket", self._find_links(connector, "ticket", apart)
        )
        union = self.env["helpdesk.ticket"].union(*tickets.values())
        waiting = model.search(
            [
                ("ticket_id", "in", union.ids),
                ("state", "=", "open"),
                ("edited", "=", False),
                ("employee_id", "!=", False),
            ]
        )
        none = self.env["account.analytic.line"]
        lines = model._find_entries(waiting.ticket_id)
        for ticket, mine in waiting.grouped("ticket_id").items():
            spans = [suggestion._get_span() for suggestion in mine]
            rest = without(spans, model._get_booked(lines.get(ticket, none)))
            agents = {s.employee_id.id: s.agent_key for s in mine}
            rest = [span for span in rest if span.length >= SHORTEST]
            mine._replace_open(ticket, connector, rest, agents)

    @api.model
    def _get_technicians(self, connector, histories):
        """Return a function from remote agents to ids of employees; those that are
        not known stay what they are."""
        keys = {change.agent_key for found in histories for change in found}
        matches = self._match_agents(connector, keys - {""})
        employees = {
            key: match.record.id
            for key, match in matches.items()
            if match.record and not match.reason
        }
        return lambda key: employees.get(key, key)

    @api.model
    def _get_business_hours(self, connector, histories) -> list[tuple]:
        """Return the business hours between the first and the last change, but none
        before the day from which on is imported."""
        times = [change.at for found in histories for change in found]
        midnight = datetime.datetime.combine(connector.date_from, datetime.time(), UTC)
        start = max(min(times, default=midnight), midnight)
        stop = max(times, default=midnight)
        if start >= stop:
            return []
        calendar = connector.suggestion_calendar_id
        intervals = calendar._work_intervals_batch(start, stop)[False]
        return [
            (first.astimezone(UTC), _rounded(last)) for first, last, _m in intervals
        ]


def _rounded(time: datetime.datetime) -> datetime.datetime:
    """Return midnight for the last moment of a day, as calendars end it."""
    time = time.astimezone(UTC)
    return time + datetime.timedelta(microseconds=time.microsecond == 999_999)

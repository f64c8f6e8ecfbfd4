"""From the rows of a declared system to the normalised records."""

import datetime
from contextlib import suppress

from ..transport import errors
from .records import RemoteAgent, RemoteTicket, RemoteTimeEntry, clean
from .templates import pick_all
from .time_formats import noon

MAX_TEXT = 60_000
TIMES = {"created", "changed", "closed_at", "booked_at", "start", "stop"}
FLAGS = {"closed", "internal", "billable"}


class RowReader:
    """Translates rows; ``client`` is the :class:`~.declared_client.DeclaredClient`."""

    def __init__(self, client):
        self._client = client
        self._looked_up = {}

    def ticket(self, row) -> RemoteTicket:
        client = self._client
        declared = client.declaration
        found = pick_all(declared.tickets.fields, row, client.settings)
        people = declared.people
        for lookup, key in (
            (people.contact, "contact_key"),
            (people.customer, "customer_key"),
        ):
            more = self._look_up(lookup, clean(found.get(key)))
            found.update({name: value for name, value in more.items() if value})
        values = self._values(found)
        values.setdefault("closed", False)
        if not values["closed"]:
            values["closed_at"] = None
        values["contact_email"] = values.get("contact_email", "").lower()
        values["description"] = values.get("description", "")[:MAX_TEXT]
        number = values.get("number") or values["remote_id"]
        url = client.ticket_url(values["remote_id"], number)
        return RemoteTicket(**{**values, "number": number, "url": url})

    def entry(self, row, declared, unit, ticket_id="") -> RemoteTimeEntry:
        """Return a booking; ``declared`` are its picks, ``unit`` reads its amount."""
        settings = self._client.settings
        found = pick_all(declared, row, settings)
        amount, day = found.pop("amount", None), found.pop("work_day", None)
        minutes = unit(amount, settings)
        values = self._values(found)
        values.setdefault("ticket_remote_id", clean(ticket_id))
        values["text"] = values.get("text", "")[:MAX_TEXT]
        # A day without a time counts for itself, not for when it was typed in.
        values["booked_at"] = noon(day) if day else values.get("booked_at")
        if "start" not in declared and not day:
            values |= self._span(values["booked_at"], minutes)
        elif "stop" not in declared and values.get("start") and minutes is not None:
            values["stop"] = values["start"] + datetime.timedelta(minutes=minutes)
        return RemoteTimeEntry(minutes=minutes, raw_value=clean(amount), **values)

    def _span(self, booked_at, minutes):
        """Return start and stop by what the time of a booking marks."""
        anchor = getattr(self._client.settings, "booking_time", "unknown")
        if booked_at is None or minutes is None or minutes < 0 or anchor == "unknown":
            return {}
        length = datetime.timedelta(minutes=minutes)
        if anchor == "start":
            return {"start": booked_at, "stop": booked_at + length}
        return {"start": booked_at - length, "stop": booked_at}

    def _values(self, found):
        return {name: self._value(name, value) for name, value in found.items()}

    def _value(self, name, value):
        if name in TIMES:
            return self._client.time(value)
        if name in FLAGS:
            return bool(value)
        return clean(value)

    # People

    def agents(self, tickets, entries) -> list[RemoteAgent]:
        people = self._client.declaration.people
        agents = {}
        for declared, rows in (
            (people.in_tickets, tickets),
            (people.in_entries, entries),
        ):
            for row in rows if declared else ():
                agent = self._agent(pick_all(declared, row, self._client.settings))
                if agent.key:
                    agents[agent.key] = agent
        return list(agents.values())

    def _agent(self, found):
        more = self._look_up(
            self._client.declaration.people.agent, clean(found.get("key"))
        )
        values = {**found, **{name: value for name, value in more.items() if value}}
        return RemoteAgent(**{name: clean(value) for name, value in values.items()})

    def _look_up(self, lookup, key) -> dict:
        """Return what a lookup tells about ``key``; nothing if it is hidden."""
        if lookup is None or not key:
            return {}
        place = id(lookup), key
        if place not in self._looked_up:
            found = {}
            with suppress(errors.NotFound, errors.PermissionDenied):
                row = self._client.call(lookup.call, key=key)
                found = pick_all(lookup.fields, row, self._client.settings)
            self._looked_up[place] = found
        return self._looked_up[place]

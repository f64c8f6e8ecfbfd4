"""*Test connection* of a declared system, step by step."""

import datetime
from datetime import UTC

from ..transport import errors
from .records import STEPS, Check, clean

FAR_PAST = datetime.datetime(2000, 1, 1, tzinfo=UTC)
FAR_FUTURE = datetime.datetime(2099, 1, 1, tzinfo=UTC)
#: So many tickets are looked through for an example of a booking.
EXAMPLES = 20
#: More than a filter takes for the same time, less than zones differ.
LATER = datetime.timedelta(minutes=20)


def run_checks(client) -> list[Check]:
    """Return the steps passed, and the first that fails."""
    return take_steps(
        client.base_url,
        log_in=lambda: client.call(client.declaration.who),
        rights=lambda _me: _readable(client),
        time=lambda rows: _newest(client, rows),
    )


def take_steps(base_url: str, log_in, rights, time) -> list[Check]:
    """Test a connection step by step, ending with the first that fails.

    ``log_in()`` makes a first request, ``rights(its answer)`` returns the tickets
    that can be read, ``time(tickets)`` the facts of one booking as an example.
    """
    encrypted = base_url.lower().startswith("https:")
    passed = [
        Check("address"),
        Check("tls", facts={"encrypted": encrypted}),
        Check("service"),
        Check("log_in"),
    ]
    try:
        answer = log_in()
    except errors.ConnectorError as error:
        step = _step_of(error)
        return [*passed[: STEPS.index(step)], Check(step, error)]
    try:
        tickets = rights(answer)
        passed.append(Check("rights", facts={"tickets": len(tickets)}))
        passed.append(Check("time", facts=time(tickets)))
    except errors.ConnectorError as error:
        return [*passed, Check(STEPS[len(passed)], error)]
    return passed


def _readable(client):
    changed = client.declaration.tickets.changed
    walk = client.walk(changed)
    rows, _step = walk.read(FAR_PAST, None)
    if not rows:
        raise errors.PermissionDenied("It sees no ticket at all.")
    if _rows_since(walk, FAR_FUTURE):
        raise errors.InvalidRequest("It ignores the time of a change.")
    _check_zone(walk, rows[0], LATER + 2 * changed.format.precision)
    return rows


def _check_zone(walk, row, later):
    """Ask for a ticket by the very time of its change: if it is not found, times
    are understood in another zone than we think, and tickets would be missed."""
    time, key = walk.changed(row), walk.key(row)
    if time is None:
        raise errors.BadAnswer("A ticket has no time of its last change.")
    if key not in map(walk.key, walk.read(time, None)[0]):
        raise errors.InvalidRequest("It takes times in another time zone.")
    if key in map(walk.key, _rows_since(walk, time + later)):
        raise errors.InvalidRequest("It takes times in another time zone.")


def _rows_since(walk, late):
    """Return what changed since a time that is late, or in the future. A system that
    refuses it, having answered to an earlier one, heeds the time."""
    try:
        return walk.read(late, None)[0]
    except errors.InvalidRequest:
        return []


def _newest(client, rows):
    """Return a booking as an example, to judge the time unit by."""
    client.complete_settings()
    source = client.source
    booked = source.of_tickets(client, rows[:EXAMPLES])[1] or _listed(client, source)
    for row, ticket_id in reversed(booked):
        entry = source.entry(client, row, ticket_id)
        if entry.minutes:
            ticket = entry.ticket_number or clean(entry.ticket_remote_id)
            units, minutes = entry.raw_value, entry.minutes
            return {"ticket": ticket, "units": units, "minutes": minutes}
    return {}


def _listed(client, source):
    """Return the bookings on the first page of a list of their own."""
    if not source.has_pages:
        return []
    if source.has_cursor:
        rows = client.walk(source.entries).read(FAR_PAST, None)[0]
        rows = source.details_of(client, rows[:10])
    else:
        day = FAR_PAST.date().isoformat()
        rows, _step = client.read_page(source.entries, day=day)
    return [(row, "") for row in rows]


def _step_of(error) -> str:
    """Return the step at which a first call failed with ``error``."""
    if isinstance(error, errors.CertificateRefused):
        return "tls"
    if isinstance(error, errors.AddressRefused | errors.Unreachable):
        return "address"
    if isinstance(error, errors.AuthError):
        return "log_in"
    if isinstance(error, errors.PermissionDenied):
        return "rights"
    return "service"

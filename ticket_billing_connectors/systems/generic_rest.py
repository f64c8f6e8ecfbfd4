"""Any system with a REST interface that lists tickets by change time.

Nothing is declared here but how settings become a declaration: addresses, paging,
log-in and, by JMESPath, where the values stand in the answers.
"""

import dataclasses
from urllib.parse import parse_qsl

import jmespath

from ..transport.errors import InvalidRequest
from ..transport.page_styles import (
    BodyCursor,
    NextUrl,
    Offset,
    PageNumber,
    SinglePage,
)
from . import time_formats, units
from .base import System
from .connection_test import EXAMPLES, FAR_PAST
from .declaration import (
    Basic,
    Call,
    Declaration,
    Header,
    Listing,
    OAuth,
    People,
    Since,
    Tickets,
)
from .declared_client import DeclaredClient
from .expressions import BadExpression, check_expression
from .generic_rest_settings import ENTRY, TICKET, Settings
from .records import clean
from .templates import PLACEHOLDER
from .time_sources import NoTime, PerTicket

FORMATS = {
    "iso": time_formats.ISO_Z,
    "epoch_s": time_formats.EPOCH_S,
    "epoch_ms": time_formats.EPOCH_MS,
    "date": time_formats.DATE,
    "local": time_formats.LOCAL,
}
#: Addresses that begin at that of the connector, and what goes into requests by name.
PATHS = {
    "token_path", "list_path", "ticket_path", "ticket_page", "time_path", "note_path",
}  # fmt: skip
NAMES = {
    "auth_header", "list_query", "since_parameter", "page_parameter", "size_parameter",
    "note_field",
}  # fmt: skip
UNITS = {
    "minutes": units.minutes,
    "hours": units.hours,
    "seconds": units.seconds,
    "clock": units.clock,
    "units": units.units,
}


def declare(settings: Settings) -> Declaration:
    """Return the declaration that ``settings`` stand for.

    :raises InvalidRequest: one of them makes no sense
    """
    check(settings)
    query = dict(parse_qsl(settings.list_query, keep_blank_values=True))
    listing = Listing(
        settings.list_path,
        settings.list_rows,
        {**query, settings.since_parameter: "{since}"},
        paging=paging_of(settings),
    )
    picks = picks_of(settings, TICKET)
    changed = Since(
        listing,
        changed=settings.field_changed,
        key=settings.field_remote_id,
        format=FORMATS[settings.since_format],
        # Nobody says whether the list includes the time itself.
        inclusive=False,
    )
    return Declaration(
        code=CODE,
        name=NAME,
        auth=auth_of(settings),
        who=Call(settings.list_path, query),
        tickets=Tickets(
            changed=changed,
            one=Call(settings.ticket_path, answer=settings.ticket_rows),
            url=settings.ticket_page,
            fields={**picks, "closed": is_closed},
        ),
        time=time_of(settings),
        people=People(
            in_tickets=people_of(key=settings.field_agent_key),
            in_entries=people_of(
                key=settings.entry_agent_key,
                name=settings.agent_name,
                email=settings.agent_email,
            ),
        ),
        settings=Settings,
        write_back=notes_of(settings),
    )


def picks_of(settings, prefix) -> dict:
    """Return the picks among ``settings``, by name of the record's field."""
    names = [item.name for item in dataclasses.fields(settings)]
    return {
        name.removeprefix(prefix): getattr(settings, name)
        for name in names
        if name.startswith(prefix) and getattr(settings, name)
    }


def people_of(**picks):
    return {name: pick for name, pick in picks.items() if pick} if picks["key"] else {}


def is_closed(row, settings):
    state = clean(jmespath.search(settings.field_state, row)).lower()
    states = settings.closed_states.lower().split(",")
    return bool(state) and state in map(str.strip, states)


def paging_of(settings):
    page, size = settings.page_parameter, settings.size_parameter
    return {
        "none": SinglePage(),
        "page": PageNumber(page, size),
        "offset": Offset(page, size),
        "cursor": BodyCursor(settings.next_path, page, size),
        "next": NextUrl(settings.next_path, size),
    }[settings.paging]


def auth_of(settings):
    return {
        "bearer": Header({"Authorization": "Bearer {secret}"}),
        "header": Header({settings.auth_header: "{secret}"}),
        "basic": Basic(),
        "oauth": OAuth(settings.token_path),
    }[settings.log_in]


def time_of(settings):
    if settings.time_source == "none":
        return NoTime()
    in_row = settings.time_source == "row"
    rows = settings.time_rows
    return PerTicket(
        entries=rows if in_row else Listing(settings.time_path, rows),
        key=settings.field_remote_id,
        unit=UNITS[settings.time_unit],
        fields=picks_of(settings, ENTRY),
    )


def notes_of(settings):
    if not settings.note_path:
        return {}
    fields = {settings.note_field: "{text}"}
    return {"note": Call(settings.note_path, fields, method="POST")}


# Checks


def check(settings):
    """:raises InvalidRequest: a setting makes no sense; it is named"""
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        label = item.metadata.get("label", "")
        if item.name in PATHS and value:
            known = {"id", "number"} if item.name == "ticket_page" else {"id"}
            check_path(label, value, known)
        elif label and "JMESPath" in item.metadata["help"] and value:
            check_pick(label, value)
        elif item.metadata.get("choices") and value not in item.metadata["choices"]:
            raise InvalidRequest(f"{label}: {value} cannot be chosen.")
        elif item.name in NAMES:
            check_placeholders(label, value, set())
    for name in ("list_path", "field_remote_id", "field_changed", "field_state"):
        if not getattr(settings, name):
            raise InvalidRequest(f"{labels()[name]}: it is empty.")
    if settings.paging in ("page", "offset") and not settings.size_parameter:
        raise InvalidRequest("Parameter of its length: it is empty.")
    if settings.paging == "cursor" and not settings.next_path:
        raise InvalidRequest("Next page: it is empty.")


def check_path(label, path, known):
    if not path.startswith("/") or path.startswith("//"):
        raise InvalidRequest(f"{label}: it must begin with one slash.")
    check_placeholders(label, path, known)


def check_placeholders(label, text, known):
    """Nothing but ids is filled in: a secret in an address would end up in logs."""
    for name in PLACEHOLDER.findall(text):
        if name not in known:
            raise InvalidRequest(f"{label}: there is no {{{name}}}.")


def check_pick(label, expression):
    try:
        check_expression(expression)
    except BadExpression as bad:
        raise InvalidRequest(f"{label}: {bad} is no JMESPath.") from None


def labels():
    return {
        item.name: item.metadata["label"]
        for item in dataclasses.fields(Settings)
        if item.metadata.get("label")
    }


def preview(client: DeclaredClient) -> list[tuple[str, str]]:
    """Return (label, value) of what is picked from the first ticket and booking.

    :raises ConnectorError: the system does not answer
    """
    declared = client.declaration
    rows, _step = client.walk(declared.tickets.changed).read(FAR_PAST, None)
    found = []
    for row in rows[:1]:
        found += _picked(client, TICKET, picks_of(client.settings, TICKET), row)
    booked = declared.time.of_tickets(client, rows[:EXAMPLES])[1]
    for row, _ticket in booked[:1]:
        found += _picked(client, ENTRY, declared.time.fields, row)
    return found


def _picked(client, prefix, picks, row):
    names = labels()
    return [
        (names[prefix + name], clean(client.pick(expression, row))[:200])
        for name, expression in picks.items()
    ]


def _open(connection, settings):
    return DeclaredClient(declare(settings), connection, settings)


CODE, NAME = "generic_rest", "REST interface (set up here)"
SYSTEM = System(
    CODE,
    NAME,
    Settings,
    _open,
    needs_login=False,
    write_back=frozenset({"note"}),
)

"""Znuny 6 and 7 and OTRS 6 over the Generic Interface, by REST or SOAP.

The administrator of the system imports a web service; its name and routes are
free, so both are settings. Times are in the server's own zone. Faults arrive
with HTTP status 200. Single bookings of time are found only in the history of a
ticket; their activity and text belong to the article they were booked on.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..transport import errors
from ..transport.auth import SessionLogin
from ..transport.paging import ChangeWalk, Window
from ..transport.session import HttpSession
from . import znuny_soap
from .base import Connection, System
from .connection_test import take_steps
from .declaration import Webhook
from .records import (
    Check,
    Page,
    RemoteTicket,
    RemoteTimeEntry,
    clean,
    whole_minutes,
)
from .znuny_answers import (
    agents_of,
    articles_of,
    as_list,
    bookings_of,
    classify,
    customer_address,
    difference,
    field_value,
    fields_of,
    merged_into,
    status_changes,
)
from .znuny_settings import Settings
from .znuny_writing import ZnunyWriting

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
FAR_PAST = "2000-01-01 00:00:00"
FAR_FUTURE = "2099-01-01 00:00:00"
CLOSED_STATE_TYPES = {"closed", "merged", "removed"}
MAX_TEXT = 60_000
#: Ids per request: they have to fit into a URL.
BATCH = 50


class Znuny(ZnunyWriting):
    """An open connection; see :class:`~.base.TicketSystem`."""

    def __init__(self, connection: Connection, settings: Settings):
        self.connection = connection
        if settings.protocol == "soap":
            settings = dataclasses.replace(settings, **znuny_soap.ROUTES)
        self.settings = settings
        try:
            self._zone = ZoneInfo(settings.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise errors.InvalidRequest("The time zone is unknown.") from None

    @cached_property
    def _base(self):
        """The folder of the web application: /otrs unless a path is given."""
        base = self.connection.base_url.strip().rstrip("/")
        return base if urlsplit(base).path.strip("/") else f"{base}/otrs"

    @cached_property
    def _http(self):
        service = quote(self.settings.service, safe="")
        url = f"{self._base}/nph-genericinterface.pl/Webservice/{service}"
        options = {
            "policy": self.connection.policy,
            "classify": classify,
            "verify": self.connection.verify,
            **self.connection.options,
        }
        if self.settings.protocol == "soap":
            namespace = self.settings.soap_namespace
            http = znuny_soap.open_soap(url, namespace=namespace, **options)
        else:
            http = HttpSession(url, **options)
        http.auth = SessionLogin(self._log_in, "SessionID")
        return http

    def close(self):
        if "_http" in self.__dict__:
            self._http.close()

    def ticket_url(self, remote_id):
        query = f"Action=AgentTicketZoom;TicketID={quote(remote_id, safe='')}"
        return f"{self._base}/index.pl?{query}"

    def first_cursor(self, day: date):
        return f"{day.isoformat()} 00:00:00"

    # Reading

    def changes(self, cursor: str) -> Iterator[Page]:
        walk = ChangeWalk(
            search=self._search,
            load=self._load,
            key=lambda ticket: clean(ticket.get("TicketID")),
            changed=lambda ticket: clean(ticket.get("Changed")),
            window=Window(
                limit=self.settings.page_size, max_pages=self.settings.page_limit
            ),
        )
        for chunk in walk.run(cursor):
            yield self._page(chunk.items, chunk.cursor, chunk.last)

    def rewind(self, cursor: str) -> str:
        """Return ``cursor`` minus the overlap.

        Where the server's zone sets its clock back, an hour of its times comes
        twice: around then the overlap is that hour longer.
        """
        value = datetime.strptime(cursor, TIME_FORMAT)
        near = timedelta(hours=2)
        before = (value - near).replace(tzinfo=self._zone).utcoffset()
        after = (value + near).replace(tzinfo=self._zone).utcoffset()
        overlap = timedelta(minutes=self.settings.overlap_minutes)
        value -= overlap + max(before - after, timedelta())
        return value.strftime(TIME_FORMAT)

    def _log_in(self):
        fields = {
            "UserLogin": self.connection.login,
            "Password": self.connection.secret,
        }
        data = self._call(
            self.settings.route_session, fields, authenticate=False, idempotent=True
        )
        token = clean(data.get("SessionID"))
        if not token:
            raise errors.AuthError("It gave no session.")
        return token

    def _search(self, since, limit, order="Up"):
        """Return ticket ids by change time. No hit is an answer without a key."""
        data = self._call(
            self.settings.route_search,
            {
                "TicketLastChangeTimeNewerDate": since,
                "SortBy": "Changed",
                "OrderBy": order,
                "Limit": limit,
                "SearchInArchive": "AllTickets",
            },
            idempotent=True,
        )
        return [clean(remote_id) for remote_id in as_list(data.get("TicketID"))]

    def _load(self, ids):
        """Return tickets with articles; unreadable ones are left out."""
        options = {"AllArticles": 1, "DynamicFields": 1, "Extended": 1}
        route = self.settings.route_tickets
        tickets = self._in_batches(route, ids, "Ticket", **options)
        if ids and not tickets:
            raise errors.PermissionDenied("It may find tickets but not read them.")
        return tickets

    def _in_batches(self, route, ids, key, **options):
        """Return what ``route`` gives under ``key``, asking for some ids at a time."""
        batches = [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)]
        return [
            item
            for batch in batches
            for item in self._read_batch(route, batch, key, options)
        ]

    def _read_batch(self, route, ids, key, options):
        """Read ``ids``; one unreadable ticket fails the whole, so halve it then."""
        fields = {"TicketID": ",".join(ids), **options}
        try:
            data = self._call(route, fields, idempotent=True)
        except errors.PermissionDenied:
            if len(ids) == 1:
                return []
            middle = len(ids) // 2
            halves = ids[:middle], ids[middle:]
            return [
                item
                for half in halves
                for item in self._read_batch(route, half, key, options)
            ]
        return [item for item in as_list(data.get(key)) if isinstance(item, dict)]

    def _histories(self, ids) -> dict:
        """Return the rows of history by ticket id."""
        blocks = self._in_batches(self.settings.route_history, ids, "TicketHistory")
        return {
            clean(block.get("TicketID")): [
                row for row in as_list(block.get("History")) if isinstance(row, dict)
            ]
            for block in blocks
        }

    def _call(self, route, fields, **kw):
        """Call a configured route (``METHOD /path/{Field}``); return its object."""
        method, _space, path = route.strip().partition(" ")
        fields = dict(fields)
        for name in re.findall(r"{(\w+)}", path):
            value = quote(str(fields.pop(name, "")), safe=",")
            path = path.replace(f"{{{name}}}", value)
        data = self._http.call(method.upper(), path.strip(), fields, **kw)
        if not isinstance(data, dict):
            raise errors.BadAnswer("It is not an object.")
        return data

    # Translating

    def _page(self, tickets, cursor, last):
        page = Page([], [], agents_of(tickets), cursor, last)
        histories = self._histories([clean(data.get("TicketID")) for data in tickets])
        for data in tickets:
            history = histories.get(clean(data.get("TicketID")))
            if history is None:
                # Unreadable since a moment ago: without its bookings it would
                # look as if they were deleted.
                continue
            page.tickets.append(self._ticket(data, history))
            entries = self._entries(data, history)
            page.entries.extend(entries)
            page.note_raw(page.tickets[-1:], [data])
            page.note_raw(entries, bookings_of(history))
            page.notes.extend(difference(data, entries))
            if self.connection.with_status:
                changes = status_changes(history, self._utc)
                page.status_changes[page.tickets[-1].remote_id] = changes
        return page

    def _ticket(self, data, history):
        articles = articles_of(data)
        name, address = customer_address(articles)
        remote_id = clean(data.get("TicketID"))
        state_type = data.get("StateType")
        closed = state_type in CLOSED_STATE_TYPES
        closed_at = data.get("Closed") or data.get("Changed") if closed else None
        body = articles[0].get("Body") if articles else ""
        return RemoteTicket(
            remote_id=remote_id,
            number=clean(data.get("TicketNumber")),
            title=clean(data.get("Title")),
            description=clean(body)[:MAX_TEXT],
            state=clean(data.get("State")),
            closed=closed,
            created=self._utc(data.get("Created")),
            changed=self._utc(data.get("Changed")),
            closed_at=self._utc(closed_at),
            customer_key=clean(data.get("CustomerID")),
            contact_key=clean(data.get("CustomerUserID")),
            contact_name=name,
            contact_email=address,
            agent_key=clean(data.get("OwnerID")),
            queue=clean(data.get("Queue")),
            url=self.ticket_url(remote_id),
            purchase_order=field_value(data, self.settings.purchase_order_field),
            merged_into=merged_into(history) if state_type == "merged" else "",
        )

    def _entries(self, data, history):
        articles = {clean(a.get("ArticleID")): a for a in articles_of(data)}
        count, rows = Counter(), bookings_of(history)
        return [self._entry(data, row, articles, count) for row in rows]

    def _entry(self, data, row, articles, repeats):
        """A history row has no id of its own. The article's id, not the ticket's,
        identifies it where it can: a merge moves articles to another ticket."""
        ticket_id = clean(data.get("TicketID"))
        article_id = clean(row.get("ArticleID"))
        units = clean((clean(row.get("Name")).split("%%") + [""])[1])
        source = f"a{article_id}" if article_id not in ("", "0") else f"t{ticket_id}"
        key = (source, clean(row.get("CreateTime")), units)
        repeats[key] += 1
        article = articles.get(article_id, {})
        minutes = whole_minutes(units, self.settings.minutes_per_unit)
        booked_at = self._utc(row.get("CreateTime"))
        start, stop = self._span(booked_at, minutes)
        return RemoteTimeEntry(
            remote_id="/".join((*key, str(repeats[key]))),
            ticket_remote_id=ticket_id,
            minutes=minutes,
            raw_value=units,
            ticket_number=clean(data.get("TicketNumber")),
            booked_at=booked_at,
            start=start,
            stop=stop,
            agent_key=clean(row.get("CreateBy")),
            activity=field_value(article, self.settings.activity_field),
            text=clean(article.get(self.settings.entry_text.capitalize()))[:MAX_TEXT],
            internal=clean(article.get("IsVisibleForCustomer")) in ("", "0"),
        )

    def _span(self, booked_at, minutes):
        anchor = self.settings.booking_time
        if booked_at is None or minutes is None or anchor == "unknown":
            return None, None
        length = timedelta(minutes=minutes)
        if anchor == "start":
            return booked_at, booked_at + length
        return booked_at - length, booked_at

    def _utc(self, text):
        try:
            local = datetime.strptime(clean(text), TIME_FORMAT)
        except ValueError:
            return None
        return local.replace(tzinfo=self._zone).astimezone(UTC)

    # Testing the connection

    def check(self) -> list[Check]:
        return take_steps(
            self._base,
            log_in=lambda: self._search(FAR_FUTURE, 1),
            rights=self._readable,
            time=self._newest,
        )

    def _readable(self, later):
        """Return the newest tickets; ``later`` are those found in the future."""
        if later:
            raise errors.InvalidRequest("It ignores the time of a change.")
        ids = self._search(FAR_PAST, 50, "Down")
        if not ids:
            raise errors.PermissionDenied("It sees no ticket at all.")
        tickets = self._load(ids)
        if not self._histories([clean(tickets[0].get("TicketID"))]):
            raise errors.PermissionDenied("It may not read the history of tickets.")
        return tickets

    def _newest(self, tickets):
        """Return the newest booking as an example, to judge the time unit by."""
        self._check_field(self.settings.purchase_order_field, tickets)
        articles = [article for ticket in tickets for article in articles_of(ticket)]
        self._check_field(self.settings.activity_field, articles)
        histories = self._histories([clean(data.get("TicketID")) for data in tickets])
        for data in tickets:
            history = histories.get(clean(data.get("TicketID")), [])
            entries = self._entries(data, history)
            if entries:
                return {
                    "ticket": clean(data.get("TicketNumber")),
                    "units": entries[-1].raw_value,
                    "minutes": entries[-1].minutes,
                }
        return {}

    def _check_field(self, name, owners):
        names = {
            clean(item.get("Name")) for owner in owners for item in fields_of(owner)
        }
        if name and name not in names:
            raise errors.InvalidRequest(
                f"There is no field {name}. It has: {', '.join(sorted(names)) or '-'}."
            )


SYSTEM = System(
    "znuny",
    "Znuny / OTRS",
    Settings,
    Znuny,
    tells_status=True,
    webhook=Webhook("basic", ticket_id="body.Ticket.TicketID || body.TicketID"),
    write_back=frozenset({"note", "field"}),
)

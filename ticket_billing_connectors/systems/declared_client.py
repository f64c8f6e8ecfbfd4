"""One connection to a system that is described by a declaration."""

import datetime
import email.utils
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from urllib.parse import urlsplit

from ..transport import errors
from ..transport.page_styles import Received, Step
from ..transport.session import HttpSession
from ..transport.since_walk import SinceWalk
from ..transport.throttle import shared_bucket
from .base import Connection
from .connection_test import run_checks
from .declaration import AddToList, Call, Declaration, Listing, Since, chosen
from .logins import make_auth
from .position import Position
from .records import Page, RemoteAgent, RemoteOrganisation, clean
from .row_reader import RowReader
from .templates import as_html, fill, fill_path, pick, pick_all
from .time_formats import read_time, zone_of


class DeclaredClient:
    """An open connection; see :class:`~.base.TicketSystem`."""

    def __init__(self, declaration: Declaration, connection: Connection, settings):
        self.declaration = declaration
        self.connection = connection
        self.settings = settings
        self.zone = zone_of(getattr(settings, "time_zone", "UTC"))
        self.rows = RowReader(self)
        self._remote_time = None
        self._complete = False
        #: Ids of the tickets this run has read, and of those it cannot read.
        self.read_ids: set[str] = set()
        self.missing_ids: set[str] = set()

    @property
    def base_url(self):
        return self.connection.base_url.strip().rstrip("/")

    @cached_property
    def http(self) -> HttpSession:
        api = self.base_url + fill_path(self.declaration.base, self.values())
        http = self.open_session(api)
        auth = chosen(self.declaration.auth, self.settings)
        http.auth = make_auth(auth, self, http)
        return http

    @property
    def source(self):
        """Where time is kept."""
        return chosen(self.declaration.time, self.settings)

    def open_session(self, url, classify=None) -> HttpSession:
        """Return a session as the connection wants it, without log-in."""
        declared, connection = self.declaration, self.connection
        options = dict(connection.options)
        per_minute = getattr(self.settings, "per_minute", declared.per_minute)
        if per_minute:
            credential = urlsplit(url).netloc, connection.login, connection.secret
            options["bucket"] = shared_bucket(credential, per_minute)
        return HttpSession(
            url,
            connection.policy,
            classify=classify or declared.fault,
            verify=connection.verify,
            headers=fill(declared.headers, self.values()),
            **options,
        )

    def close(self):
        if "http" in self.__dict__:
            self.http.close()

    def values(self, **more) -> dict:
        """Return what placeholders stand for."""
        return {
            **self.settings.placeholders(),
            "login": self.connection.login,
            "secret": self.connection.secret,
            **more,
        }

    def pick(self, expression, row):
        return pick(expression, row, self.settings)

    def time(self, value) -> datetime.datetime | None:
        """Return a time of an answer, in UTC."""
        return read_time(value, self.zone)

    def ticket_url(self, remote_id, number=""):
        values = self.values(id=remote_id, number=number)
        return self.base_url + fill_path(self.declaration.tickets.url, values)

    # Requests

    def call(self, call: Call, **values):
        """Send a declared call and return what its ``answer`` picks."""
        answer = self._send(call, call.fields, values)
        return self.pick(call.answer, answer.data)

    def _send(self, call, declared_fields, values, step=None, idempotent=None):
        """Send a call or one page of a listing; return the Answer."""
        step = step or Step()
        values = self.values(**values)
        sent = fill(declared_fields, values)
        if isinstance(sent, dict):
            sent = {**sent, **step.fields}
        query = fill(call.query, values)
        if call.method == "GET":
            query, sent = {**query, **(sent or {})}, None
        if step.url:
            query = None
        path = step.url or fill_path(call.path, values)
        answer = self.http.fetch(
            call.method,
            path,
            params=query,
            payload=sent,
            idempotent=isinstance(call, Listing) or idempotent,
        )
        self._note_time(answer)
        return answer

    def _note_time(self, answer):
        with suppress(TypeError, ValueError):
            sent = answer.headers.get("Date")
            self._remote_time = email.utils.parsedate_to_datetime(sent)

    def read_page(
        self, listing: Listing, step: Step | None = None, size=None, **values
    ):
        """Return (rows, next step) of one page of a list."""
        step = step or listing.paging.first(size or self.settings.page_size)
        self._slow_down(listing)
        answer = self._send(listing, listing.fields, values, step)
        rows = self.pick(listing.answer, answer.data)
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise errors.BadAnswer("It holds no list of records.")
        url = step.url or f"{self.http.base_url}{listing.path}"
        page = Received(answer.data, answer.headers, len(rows), url)
        return rows, listing.paging.after(step, page)

    def _slow_down(self, listing):
        """Wait as long as the system wants between two requests for this list."""
        if listing.per_minute:
            who = self.base_url, self.connection.login, self.connection.secret
            key = (*who, listing.path)
            bucket = shared_bucket(key, listing.per_minute, listing.per_minute // 2)
            self.http.wait(bucket.reserve())

    def read_pages(self, listing: Listing, **values) -> Iterator[list[dict]]:
        """Yield the pages of a list that is read as a whole.

        :raises LoopDetected: a page repeats the one before, or they do not end
        """
        step, before = None, None
        for _page in range(self.settings.page_limit):
            rows, step = self.read_page(listing, step, **values)
            if rows and rows == before:
                raise errors.LoopDetected()
            yield rows
            if step is None:
                return
            before = rows
        raise errors.LoopDetected("There are too many pages.")

    def walk(self, since: Since) -> SinceWalk:
        """Return the walk over what changed, for a declared list of it."""

        def write(time):
            step = datetime.timedelta() if since.inclusive else since.format.precision
            return since.format.text_of(time - step, self.zone)

        return SinceWalk(
            read=lambda time, step: self.read_page(
                since.listing, step, since=write(time)
            ),
            key=lambda row: clean(self.pick(since.key, row)),
            changed=lambda row: self.time(self.pick(since.changed, row)),
            place=write,
            latest=lambda: self._remote_time,
            max_pages=self.settings.page_limit,
        )

    def load_tickets(self, ids: list[str]) -> list[dict]:
        """Return the rows of tickets; those that are gone or hidden are left out."""
        declared = self.declaration.tickets
        if declared.by_ids is None:
            return [row for one in ids for row in self._load_one(declared.one, one)]
        batches = (
            ids[at : at + declared.batch] for at in range(0, len(ids), declared.batch)
        )
        return [
            row
            for batch in batches
            for rows in self.read_pages(
                declared.by_ids, ids=batch, id_text=",".join(batch)
            )
            for row in rows
        ]

    def _load_one(self, call, remote_id):
        try:
            row = self.call(call, id=remote_id)
        except (errors.NotFound, errors.PermissionDenied):
            return []
        return [row] if isinstance(row, dict) else []

    # Synchronising

    def first_cursor(self, day: datetime.date) -> str:
        start = datetime.datetime.combine(day, datetime.time(), self.zone)
        if self.source.has_cursor:
            return str(Position(start, start, start))
        return str(Position(start))

    def rewind(self, cursor: str) -> str:
        """Return ``cursor`` minus the overlap."""
        overlap = datetime.timedelta(minutes=self.settings.overlap_minutes)
        return str(Position.parse(cursor).earlier(overlap))

    def changes(self, cursor: str) -> Iterator[Page]:
        """Yield changed tickets, then what the time source has of its own."""
        time = self.source
        position = Position.parse(cursor)
        self.read_ids, self.missing_ids = set(), set()
        for chunk in self.walk(self.declaration.tickets.changed).run(position.tickets):
            position = position.at(tickets=chunk.cursor)
            page = self.page_of(chunk.items)
            self.read_ids |= {ticket.remote_id for ticket in page.tickets}
            page.cursor, page.last = str(position), chunk.last and not time.has_pages
            yield page
        yield from time.pages(self, position)

    def read_again(self, ids: list[str]) -> Page:
        """Return the tickets with these ids as they are now, for a webhook's hint."""
        page = self.page_of(self.load_tickets(ids))
        page.whole = page.whole and self.source.whole
        return page

    def page_of(self, rows, entry_rows=()) -> Page:
        """Return tickets with the bookings they bring, and single bookings."""
        self.complete_settings()
        time = self.source
        readable, booked, notes = time.of_tickets(self, rows)
        booked += [(row, "") for row in entry_rows]
        status = self.declaration.status if self.connection.with_status else None
        page = Page(
            tickets=[self.rows.ticket(row) for row in readable],
            entries=[time.entry(self, row, ticket_id) for row, ticket_id in booked],
            agents=self.rows.agents(readable, [row for row, _ticket_id in booked]),
            cursor="",
            last=False,
            notes=notes,
            whole=time.whole and not entry_rows,
            status_changes=status.of_tickets(self, readable) if status else {},
        )
        page.note_raw(page.tickets, readable)
        page.note_raw(page.entries, [row for row, _ticket_id in booked])
        return page

    def complete_settings(self):
        """Look up the settings that were left empty."""
        for name, listing in self.declaration.look_up.items():
            if not self._complete and not getattr(self.settings, name):
                rows = (row for page in self.read_pages(listing) for row in page)
                value = clean(next(rows, {}).get("id"))
                self.settings = replace(self.settings, **{name: value})
        self._complete = True

    def check(self):
        return run_checks(self)

    # Who is there

    def organisations(self) -> Iterator[RemoteOrganisation]:
        """Yield the customers the system knows, none if it has no list of them."""
        return self._list(self.declaration.organisations, RemoteOrganisation)

    def agents(self) -> Iterator[RemoteAgent]:
        """Yield those who work on tickets, none if the system has no list of them."""
        return self._list(self.declaration.agents, RemoteAgent)

    def _list(self, directory, kind):
        seen, directory = {""}, chosen(directory, self.settings)
        for rows in self.read_pages(directory.listing) if directory else ():
            for row in rows:
                found = pick_all(directory.fields, row, self.settings)
                values = {name: clean(value) for name, value in found.items()}
                record = kind(**values)
                if record.remote_id not in seen:
                    seen.add(record.remote_id)
                    yield record

    # Writing

    def write_back(self, kind: str, remote_id: str, text: str, name: str = ""):
        """Write a ``note``, ``field`` or ``tag`` to a ticket.

        :raises ConnectorError: it was refused, or the system has no such thing
        """
        self._write(self.declaration.write_back, kind, remote_id, text, name)

    def take_back(self, kind: str, remote_id: str, text: str, name: str = ""):
        """Undo :meth:`write_back`.

        :raises ConnectorError: it was refused, or the system has no such thing
        """
        self._write(self.declaration.take_back, kind, remote_id, text, name)

    def _write(self, calls, kind, remote_id, text, name):
        call = calls.get(kind)
        if call is None:
            raise errors.InvalidRequest("It cannot be written to like this.")
        values = {"id": remote_id, "text": text, "html": as_html(text), "name": name}
        values["field_id"] = int(name) if name.isdecimal() else name
        if isinstance(call, AddToList):
            items = self.call(call.read, **values) or []
            if text in items:
                return
            call, values["items"] = call.write, [*items, text]
        # A note sent twice is there twice, whatever the method.
        once = kind == "note"
        answer = self._send(call, call.fields, values, idempotent=not once)
        if self.pick(self.declaration.refused, answer.data):
            raise errors.InvalidRequest("It refused the change.")

    def has_note(self, remote_id: str, text: str) -> bool | None:
        """Return whether a note with ``text`` is on a ticket; None if the system
        cannot tell.

        :raises ConnectorError: it could not be read
        """
        call = self.declaration.notes
        if call is None:
            return None
        notes = self.call(call, id=remote_id) or []
        return any(text in clean(note) for note in notes)

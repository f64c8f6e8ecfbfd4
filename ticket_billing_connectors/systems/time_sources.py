"""Where a system keeps booked time: one class per kind.

``fields`` picks the fields of :class:`~.records.RemoteTimeEntry` from a row, and
``amount``, which ``unit`` (see :mod:`.units`) turns into minutes, or ``work_day`` for
systems that know only the day of the work.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..transport import errors
from . import units
from .declaration import Call, Listing, Since
from .records import Page, RemoteStatusChange, clean
from .templates import Pick, pick_all

#: More bookings than these out of sight at once are a lost right, not deletions.
FEW = 20
#: What follows the ticket in the id of a booking that was counted.
TOTAL = re.compile(r"(.*)#(\d+)", re.DOTALL)
MAX_TOTAL = 40


@dataclass(frozen=True, slots=True)
class NoTime:
    """The system keeps no time; base of the kinds that do."""

    fields: dict[str, Pick] = field(default_factory=dict)
    unit: units.Unit = units.minutes
    #: Whether it keeps its own place in the cursor.
    has_cursor = False
    #: Whether it adds pages after those of the tickets.
    has_pages = False
    #: Whether tickets come with all their bookings.
    whole = True

    def of_tickets(self, client, rows) -> tuple[list, list, list]:
        """Return (rows of tickets to take, (row, ticket id) of bookings, notes)."""
        return rows, [], []

    def entry(self, client, row, ticket_id=""):
        return client.rows.entry(row, self.fields, self.unit, ticket_id)

    def pages(self, client, position) -> Iterator[Page]:
        """Yield the pages of bookings that are listed on their own."""
        return iter(())


@dataclass(frozen=True, slots=True)
class PerTicket(NoTime):
    """Bookings belong to a ticket: a list of ``{id}``'s, or a pick of its row.

    ``expand(rows, ticket row, settings)`` makes rows of bookings out of rows that
    are none: growing totals, changes of state. Where the ticket's row tells that
    there are no bookings, ``booked`` picks nothing from it.
    """

    entries: Listing | Pick = "entries"
    key: Pick = "id"
    expand: Callable[[list, dict, Any], list] | None = None
    booked: Pick = "`true`"

    def of_tickets(self, client, rows):
        taken, booked, notes = [], [], []
        for row in rows:
            remote_id = clean(client.pick(self.key, row))
            try:
                found = self._rows(client, row, remote_id)
            except (errors.NotFound, errors.PermissionDenied):
                # Without its bookings it would look as if they were deleted.
                notes.append(f"The bookings of ticket {remote_id} cannot be read.")
                continue
            taken.append(row)
            booked += [(item, remote_id) for item in found]
        return taken, booked, notes

    def _rows(self, client, row, remote_id):
        if not client.pick(self.booked, row):
            return []
        if isinstance(self.entries, Listing):
            pages = client.read_pages(self.entries, id=remote_id)
            found = [item for page in pages for item in page]
        else:
            found = client.pick(self.entries, row) or []
        return self.expand(found, row, client.settings) if self.expand else found


@dataclass(frozen=True, slots=True)
class Counter(NoTime):
    """A ticket holds nothing but the ``total`` of its time, in ``unit``.

    What it grew by since it was seen last is a booking, whose ``fields`` are picked
    from the ticket's row. Its id ``ticket:total#number`` tells what was seen, once it
    came in. A total that was lowered makes a booking of less than no time, which waits
    for a person's decision. Totals are rounded, not differences: together they are
    never more than the total.
    """

    total: Pick = "total"
    key: Pick = "id"
    #: Bookings of earlier synchronisations do not come again.
    whole = False

    def of_tickets(self, client, rows):
        ids = [clean(client.pick(self.key, row)) for row in rows]
        known = {remote_id: [] for remote_id in ids}
        for key, ticket_id in client.connection.known_of(ids).items():
            known[ticket_id].append(key)
        booked = []
        for row, remote_id in zip(rows, ids, strict=True):
            total = clean(client.pick(self.total, row))[:MAX_TOTAL] or "0"
            grown = self._grown(client, f"{remote_id}:", total, known[remote_id])
            if grown:
                known[remote_id].append(grown["id"])
                booked.append(({**row, "_grown": grown}, remote_id))
        return rows, booked, []

    def _grown(self, client, prefix, total, known) -> dict:
        """Return id and amount of the booking since the last total, if any."""
        seen = self._seen(prefix, known)
        read = [self.unit(text, client.settings) for text in (*seen, total)]
        minutes = read.pop()
        before = next((each for each in reversed(read) if each is not None), 0)
        if minutes == before or seen[-1:] == [total]:
            return {}
        amount = total if minutes is None else minutes - before
        return {"id": f"{prefix}{total}#{len(seen) + 1}", "amount": amount}

    def _seen(self, prefix, known):
        """Return the totals that came in, the last one at the end."""
        found = [TOTAL.fullmatch(key.removeprefix(prefix)) for key in known]
        in_order = sorted(filter(None, found), key=lambda match: int(match[2]))
        return [match[1] for match in in_order]

    def entry(self, client, row, ticket_id=""):
        picks = {**self.fields, "remote_id": "_grown.id", "amount": "_grown.amount"}
        return client.rows.entry(row, picks, units.minutes, ticket_id)


@dataclass(frozen=True, slots=True)
class _OwnList(NoTime):
    """Bookings are listed on their own, whatever changed on their tickets.

    ``of_read_tickets``: those are left out whose tickets cannot be read, since the
    list goes beyond what is to be billed.
    """

    of_read_tickets: bool = False
    has_pages = True
    whole = False

    def _page(self, client, rows, position) -> Page:
        """Return ``rows`` of bookings as a page, with their tickets not known yet."""
        place = self.fields["ticket_remote_id"]
        wanted = [clean(client.pick(place, row)) for row in rows]
        new = set(wanted) - {"", *client.read_ids, *client.missing_ids}
        if not self.of_read_tickets:
            # They come by themselves whenever they change.
            new -= client.connection.known_tickets(new)
        tickets = client.load_tickets(sorted(new))
        key = client.declaration.tickets.fields["remote_id"]
        found = {clean(client.pick(key, row)) for row in tickets}
        client.read_ids |= new & found
        client.missing_ids |= new - found
        if self.of_read_tickets:
            pairs = zip(rows, wanted, strict=True)
            rows = [row for row, ticket in pairs if ticket in client.read_ids]
        page = client.page_of(tickets, rows)
        page.cursor = str(position)
        return page


@dataclass(frozen=True, slots=True)
class ByWorkDate(_OwnList):
    """Bookings are listed by the day of the work: all from ``{day}`` on.

    Changes and deletions show in no other way than by reading the open window again,
    which begins the setting ``window_days`` before the last change, and comparing.
    ``one`` reads a single booking ``{id}``, or ``in_ticket`` those of the ticket
    ``{id}``, to tell a deleted one from one that was moved to an earlier day.
    """

    entries: Listing | None = None
    one: Call | None = None
    in_ticket: Listing | None = None
    key: Pick = "id"

    def pages(self, client, position):
        day = self._first_day(client, position)
        seen = set()
        for rows in client.read_pages(self.entries, day=day.isoformat()):
            seen |= {clean(client.pick(self.key, row)) for row in rows}
            yield self._page(client, rows, position)
        known = client.connection.known_entries(day)
        missing = {key: known[key] for key in sorted(known.keys() - seen)}
        self._check_missing(missing, known)
        moved, gone = self._look_for(client, missing)
        page = self._page(client, moved, position)
        page.gone, page.last = gone, True
        yield page

    def _first_day(self, client, position):
        window = datetime.timedelta(days=client.settings.window_days)
        first = (position.tickets - window).date()
        return max(first, client.connection.since or first)

    def _check_missing(self, missing, known):
        if len(missing) > max(FEW, len(known) / 2):
            raise errors.PermissionDenied("Most bookings known here are hidden.")

    def _look_for(self, client, missing):
        moved, gone = [], []
        for remote_id, ticket_id in missing.items():
            try:
                row = self._find(client, remote_id, ticket_id)
            except errors.NotFound:
                gone.append(remote_id)
            except errors.PermissionDenied:
                continue
            else:
                moved.append(row)
        return moved, gone

    def _find(self, client, remote_id, ticket_id):
        """Return the row of a booking.

        :raises NotFound: it was deleted
        """
        if self.one:
            return client.call(self.one, id=remote_id)
        for rows in client.read_pages(self.in_ticket, id=ticket_id):
            for row in rows:
                if clean(client.pick(self.key, row)) == remote_id:
                    return row
        raise errors.NotFound()


@dataclass(frozen=True, slots=True)
class Feed(_OwnList):
    """Bookings are listed by when they changed.

    Where ``entries`` lists only ids, ``details`` reads the bookings ``{ids}``;
    ``deleted`` lists deleted ones since ``{since}``, ``deleted_id`` picks the id of
    one, or those of all bookings in what was deleted; ``needs_deleted=False`` goes on
    where that list is hidden, as it mostly is. ``split(row, settings)`` makes
    several rows out of one; those are no bookings (any more) from which ``void`` picks
    something.
    """

    entries: Since | None = None
    details: Listing | None = None
    deleted: Listing | None = None
    deleted_id: Pick = "id"
    needs_deleted: bool = True
    split: Callable[[dict, Any], list[dict]] | None = None
    void: Pick = "`false`"
    has_cursor = True

    def pages(self, client, position):
        for chunk in client.walk(self.entries).run(position.entries):
            position = position.at(entries=chunk.cursor)
            kept, void = [], []
            for row in self.details_of(client, chunk.items):
                (void if client.pick(self.void, row) else kept).append(row)
            page = self._page(client, kept, position)
            key = self.fields["remote_id"]
            page.gone = [clean(client.pick(key, row)) for row in void]
            page.last = chunk.last and self.deleted is None
            yield page
        if self.deleted:
            yield self._deleted_page(client, position)

    def details_of(self, client, rows):
        """Return the rows of bookings for those of the list."""
        if self.details is not None and rows:
            ids = [client.pick(self.entries.key, row) for row in rows]
            pages = client.read_pages(self.details, ids=ids)
            rows = [row for page in pages for row in page]
        if self.split is None:
            return rows
        return [part for row in rows for part in self.split(row, client.settings)]

    def _deleted_page(self, client, position):
        gone, notes = [], []
        try:
            gone = self._gone(client, position.deleted)
            # A run that was interrupted has read later bookings, but no deletions.
            position = position.at(deleted=position.entries)
        except errors.PermissionDenied:
            if self.needs_deleted:
                raise
            notes.append("What was deleted cannot be read.")
        page = self._page(client, [], position)
        page.gone, page.last = gone, True
        page.notes += notes
        return page

    def _gone(self, client, start):
        since = self.entries.format.text_of(start, client.zone)
        pages = client.read_pages(self.deleted, since=since)
        found = [client.pick(self.deleted_id, row) for page in pages for row in page]
        lists = (item if isinstance(item, list) else [item] for item in found)
        return [clean(key) for keys in lists for key in keys]


@dataclass(frozen=True, slots=True)
class StatusHistory:
    """Where changes of state are listed, for each ticket ``{id}``.

    ``fields`` picks those of :class:`~.records.RemoteStatusChange`; rows without a
    ``state`` or time are other events. They are no
    bookings: times derived from them (:mod:`.status_time`) are confirmed by people.
    """

    changes: Listing
    fields: dict[str, Pick]
    key: Pick = "id"

    def of_tickets(self, client, rows) -> dict[str, list[RemoteStatusChange]]:
        """Return the changes by ticket id; of what cannot be read, nothing is known."""
        found = {}
        for row in rows:
            remote_id = clean(client.pick(self.key, row))
            with suppress(errors.NotFound, errors.PermissionDenied):
                pages = client.read_pages(self.changes, id=remote_id)
                changes = [self._change(client, row) for page in pages for row in page]
                found[remote_id] = [c for c in changes if c.at and c.state]
        return found

    def _change(self, client, row):
        picked = pick_all(self.fields, row, client.settings)
        state, agent = clean(picked["state"]), clean(picked.get("agent_key"))
        return RemoteStatusChange(client.time(picked["at"]), state, agent)

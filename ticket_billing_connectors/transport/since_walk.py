"""Reading a list that is sorted by change time, from a time on, without loss.

The next search starts at the last time of the page before (inclusive), so rows
that move meanwhile cannot shift others out of sight: pages are only turned where
a whole one shares one time.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .errors import LoopDetected
from .paging import Chunk

#: Earlier rows than asked for are no fault up to here: zones, coarse filters.
TOLERANCE = datetime.timedelta(hours=26)
MAX_PAGES = 10_000


@dataclass(slots=True)
class SinceWalk:
    """Walk over everything changed since a time.

    ``read(since, step)`` returns (rows, next step or None); step None stands for the
    first page. ``key(row)`` is its id, ``changed(row)`` the aware time of its change
    (None if unreadable), ``place(time)`` what the remote filter makes of a time: two
    times it cannot tell apart have the same place. ``latest()`` is a time nothing can
    have changed after (None if unknown): one ticket of the year 2099 must not make us
    skip all others.
    """

    read: Callable[[datetime.datetime, Any], tuple[list, Any]]
    key: Callable[[Any], str]
    changed: Callable[[Any], datetime.datetime | None]
    place: Callable[[datetime.datetime], Any]
    latest: Callable[[], datetime.datetime | None] = lambda: None
    max_pages: int = MAX_PAGES

    def run(self, since: datetime.datetime) -> Iterator[Chunk]:
        """Yield chunks, oldest change first; their cursors are times.

        :raises LoopDetected: the remote side ignores the time to start from, or
            the same page comes again and again
        """
        seen: set = set()
        for _page in range(self.max_pages):
            rows, step = self.read(since, None)
            self._check_start(rows, since)
            newest = self._newest(rows, since)
            if step is None:
                yield Chunk(self._fresh(rows, seen), newest, True)
                return
            if self.place(newest) != self.place(since):
                yield Chunk(self._fresh(rows, seen), newest, False)
                since = newest
                continue
            yield Chunk(self._fresh(rows, seen), since, False)
            since, last = yield from self._turn_pages(since, rows, step, seen)
            if last:
                return
        raise LoopDetected("There are too many pages.")

    def _turn_pages(self, since, rows, step, seen):
        """Read the pages of one time; return (time reached, whether all is read).

        A row that changes meanwhile leaves its place, and those behind it move up
        past the page we are at: so all pages are read until nothing new comes.
        """
        while True:
            found, newest, before = 0, self._newest(rows, since), rows
            while step is not None and self.place(newest) == self.place(since):
                rows, step = self.read(since, step)
                self._check_moved(rows, before)
                before = rows
                newest = self._newest(rows, since)
                fresh = self._fresh(rows, seen)
                found += len(fresh)
                yield Chunk(fresh, since, False)
            last = step is None
            if not found:
                break
            rows, step = self.read(since, None)
            yield Chunk(self._fresh(rows, seen), since, False)
        yield Chunk([], newest, last)
        return newest, last

    def _check_start(self, rows, since):
        times = [time for time in map(self.changed, rows) if time]
        if times and min(times) < since - TOLERANCE:
            raise LoopDetected("It ignores the time to start from.")

    def _check_moved(self, rows, before):
        if rows and self._versions(rows) == self._versions(before):
            raise LoopDetected()

    def _versions(self, rows):
        return [(self.key(row), self.changed(row)) for row in rows]

    def _newest(self, rows, since):
        newest = max(filter(None, map(self.changed, rows)), default=since)
        latest = self.latest()
        return max(min(newest, latest), since) if latest else newest

    def _fresh(self, rows, seen):
        """Return the rows not seen in this version before, and note them."""
        fresh = []
        for row, version in zip(rows, self._versions(rows), strict=True):
            if version not in seen:
                seen.add(version)
                fresh.append(row)
        return fresh

"""Reading everything that changed since a value, without losing or repeating.

For systems without stable pages: results are asked for in ascending order of
their change time, and the next page starts at the last value of this one
(inclusive, because several records may share it).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from .errors import LoopDetected


@dataclass(frozen=True, slots=True)
class Window:
    """How far one search reaches; numbers of records, ``max_pages`` of searches.

    ``limit`` grows up to ``max_limit`` when a whole page shares one change time.
    """

    limit: int = 50
    max_limit: int = 12_800
    max_pages: int = 10_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records not seen before, and the value to resume from once they are kept."""

    items: list[Any]
    cursor: str
    last: bool


@dataclass(slots=True)
class ChangeWalk:
    """Walk over everything changed since a value.

    ``search(since, limit)`` returns ids in ascending order of change time,
    beginning with those equal to ``since``. ``load(ids)`` returns records for
    them; ids that vanished meanwhile may be left out. ``key(record)`` and
    ``changed(record)`` give id and change time, the latter as text or number
    that sorts like time.

    A record that changes between search and load carries a later time than its
    place in the list. Such a time must not become the next start, or records
    in between are skipped: so a full page is searched once more after loading,
    and only records still in it, before any that is new, count for the next start.
    """

    search: Callable[[Any, int], list[str]]
    load: Callable[[list[str]], list[Any]]
    key: Callable[[Any], str]
    changed: Callable[[Any], Any]
    window: Window = field(default_factory=Window)

    def run(self, since) -> Iterator[Chunk]:
        """Yield chunks, oldest change first.

        :raises LoopDetected: the remote side ignores the start value or the
            order, or more records than ``max_limit`` share one change time
        """
        seen = set()
        limit = self.window.limit
        for _page in range(self.window.max_pages):
            ids = self.search(since, limit)
            last = len(ids) < limit
            records = sorted(self.load(ids), key=self.changed)
            if records and self.changed(records[0]) < since:
                raise LoopDetected("It ignores the time to start from.")
            following = self._next_start(records, ids, since, limit, last)
            fresh = [r for r in records if self._version(r) not in seen]
            seen.update(map(self._version, fresh))
            yield Chunk(fresh, following, last)
            if last:
                return
            if following == since:
                limit = self._wider(limit)
            else:
                since, limit = following, self.window.limit
        raise LoopDetected("There are too many pages.")

    def _version(self, record):
        return self.key(record), self.changed(record)

    def _next_start(self, records, ids, since, limit, last):
        if not last:
            known = set(ids)
            again = takewhile(known.__contains__, self.search(since, limit))
            still = set(again)
            records = [r for r in records if self.key(r) in still]
        return max((self.changed(r) for r in records), default=since)

    def _wider(self, limit):
        if limit >= self.window.max_limit:
            raise LoopDetected("Too many records share one change time.")
        return min(limit * 2, self.window.max_limit)

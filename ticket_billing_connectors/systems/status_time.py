"""Working time derived from changes of state: suggestions for people to confirm.

Work is what lies between a change into a working state and the change out of it,
within business hours, and not booked already. All times are aware; ``who`` may be
anything that tells technicians apart.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .records import RemoteStatusChange

#: What is shorter says nothing.
SHORTEST = datetime.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time of one technician."""

    who: Any
    start: datetime.datetime
    stop: datetime.datetime

    @property
    def length(self) -> datetime.timedelta:
        return self.stop - self.start

    @property
    def minutes(self) -> int:
        """Whole minutes: never more than there are."""
        return self.length // datetime.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DayBooking:
    """Time booked on a day, nobody knows when."""

    who: Any
    day: datetime.date
    minutes: int


Interval = tuple[datetime.datetime, datetime.datetime]


def suggest(
    changes: Iterable[RemoteStatusChange],
    states: Iterable[str],
    business: Iterable[Interval],
    booked: Iterable[Span] = (),
    day_bookings: Iterable[DayBooking] = (),
    zone: datetime.tzinfo = datetime.UTC,
) -> list[Span]:
    """Return what one ticket's ``changes`` suggest, in order of time.

    ``states`` are the working states, ``business`` the business hours. What
    technicians booked themselves on the ticket is left out; ``zone`` says to which
    day a time belongs.
    """
    spans = within(working_spans(changes, states), business)
    spans = without(spans, booked)
    for booking in day_bookings:
        spans = shortened(spans, booking, zone)
    return [span for span in spans if span.length >= SHORTEST]


def working_spans(changes, states) -> list[Span]:
    """Return who had the ticket in a working state, and from when to when.

    He who set the state works until somebody sets another, or until another takes
    over. A ticket that still is in a working state says nothing yet.
    """
    wanted = {state.strip().lower() for state in states}
    spans, current = [], None
    for change in sorted(changes, key=lambda change: change.at):
        if current and change.at > current.at:
            spans.append(Span(current.agent_key, current.at, change.at))
        current = change if change.state.strip().lower() in wanted else None
    return spans


def within(spans: Iterable[Span], business: Iterable[Interval]) -> list[Span]:
    """Return the parts of ``spans`` that lie in business hours."""
    hours = _joined(sorted(business))
    return [
        replace(span, start=max(span.start, start), stop=min(span.stop, stop))
        for span in spans
        for start, stop in hours
        if start < span.stop and span.start < stop
    ]


def _joined(hours):
    """Return intervals in order, those that touch or overlap as one."""
    joined = []
    for start, stop in hours:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        elif start < stop:
            joined.append((start, stop))
    return joined


def without(spans: Iterable[Span], booked: Iterable[Span]) -> list[Span]:
    """Return the parts of ``spans`` that the same technician did not book."""
    rest = list(spans)
    for taken in booked:
        rest = [part for span in rest for part in _cut(span, taken)]
    return rest


def _cut(span, taken):
    if span.who != taken.who or taken.stop <= span.start or span.stop <= taken.start:
        return [span]
    parts = [replace(span, stop=taken.start), replace(span, start=taken.stop)]
    return [part for part in parts if part.start < part.stop]


def shortened(spans, booking: DayBooking, zone) -> list[Span]:
    """Return ``spans`` without minutes booked on a day: its first ones."""
    left = datetime.timedelta(minutes=max(booking.minutes, 0))
    rest = []
    for span in spans:
        same_day = span.start.astimezone(zone).date() == booking.day
        if span.who == booking.who and same_day:
            taken = min(left, span.length)
            left -= taken
            span = replace(span, start=span.start + taken)
        if span.start < span.stop:
            rest.append(span)
    return rest

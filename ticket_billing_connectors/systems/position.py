"""Where a synchronisation resumes: the time of the last change that came in."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Position:
    """The remote times of the last change of a ticket and, where they are listed on
    their own, of a booking, and up to when deleted bookings were read. As text: these,
    with a space between."""

    tickets: datetime
    entries: datetime | None = None
    deleted: datetime | None = None

    @classmethod
    def parse(cls, cursor: str) -> "Position":
        return cls(*map(datetime.fromisoformat, cursor.split()))

    def __str__(self):
        times = (self.tickets, self.entries, self.deleted)
        return " ".join(time.astimezone(UTC).isoformat() for time in times if time)

    def at(self, **times) -> "Position":
        return replace(self, **times)

    def earlier(self, span: timedelta) -> "Position":
        times = (self.tickets, self.entries, self.deleted)
        return Position(*(time and time - span for time in times))

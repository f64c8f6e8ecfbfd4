"""Local time of a contract, in whole minutes since 1970 (UTC)."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from .errors import ConfigurationError

DAY = 24 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
MINUTE = timedelta(minutes=1)


def to_minute(moment: datetime) -> int:
    """Minute in which an aware ``moment`` lies; seconds are cut off."""
    return (moment - EPOCH) // MINUTE


def to_moment(minute: int) -> datetime:
    """Start of a minute as a UTC datetime."""
    return EPOCH + minute * MINUTE


class Zone:
    """Offsets of a time zone, looked up once per day.

    Raise :class:`ConfigurationError` if the zone is unknown.
    """

    def __init__(self, name: str):
        try:
            self._zone = ZoneInfo(name)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"unknown time zone {name!r}") from error
        self._constant: dict[int, int | None] = {}

    def _exact_offset(self, minute: int) -> int:
        return self._zone.utcoffset(to_moment(minute).astimezone(self._zone)) // MINUTE

    def offset(self, minute: int) -> int:
        """Offset of local time from UTC in minutes."""
        day = minute // DAY
        if day not in self._constant:
            first = self._exact_offset(day * DAY)
            last = self._exact_offset(day * DAY + DAY - 1)
            self._constant[day] = first if first == last else None
        constant = self._constant[day]
        return self._exact_offset(minute) if constant is None else constant

    def midnight(self, day: date) -> int:
        """UTC minute at which a local day begins."""
        local = (day.toordinal() - EPOCH_DAY) * DAY
        return local - self.offset(local - self.offset(local))

    def spans(self, start: int, minutes: int) -> Iterator[tuple[int, int, int]]:
        """Cut ``minutes`` from ``start`` on into spans of constant offset.

        Yield first minute, minute after the last, and offset.
        """
        stop = start + minutes
        while start < stop:
            offset = self.offset(start)
            end = min(stop, (start // DAY + 1) * DAY)
            if self.offset(end - 1) != offset:
                end = self._change(start, end, offset)
            yield start, end, offset
            start = end

    def _change(self, start: int, end: int, offset: int) -> int:
        minutes = range(start, end)
        return start + bisect_left(
            minutes, True, key=lambda minute: self.offset(minute) != offset
        )

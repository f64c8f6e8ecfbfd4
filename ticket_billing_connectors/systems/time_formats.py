"""How systems write points in time, in their filters and in their answers."""

import datetime
from dataclasses import dataclass
from datetime import UTC
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..transport.errors import InvalidRequest

HOUR = datetime.timedelta(hours=1)
#: "Never" in systems that have no empty date.
NEVER = datetime.datetime(1971, 1, 1, tzinfo=UTC)


class TimeFormat(Protocol):
    """How the filter of a list takes a point in time."""

    #: The smallest step the filter can tell apart.
    precision: datetime.timedelta

    def text_of(self, time: datetime.datetime, zone: ZoneInfo) -> str:
        """Return ``time``, never a later one."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text by a ``strftime`` pattern, in UTC or, if ``local``, in the zone of the
    remote server or user."""

    pattern: str
    precision: datetime.timedelta = datetime.timedelta(seconds=1)
    local: bool = False

    def text_of(self, time, zone):
        return self._local(time, zone).strftime(self.pattern)

    def _local(self, time, zone):
        if not self.local:
            return time.astimezone(UTC)
        there = time.astimezone(zone)
        if there.utcoffset() == there.replace(fold=not there.fold).utcoffset():
            return there
        # An hour that comes twice when clocks are set back: who knows which of
        # them is understood. The hour before it is earlier than both.
        return there.replace(fold=0) - HOUR


@dataclass(frozen=True, slots=True)
class Epoch:
    """Seconds since 1970 times ``factor``."""

    factor: int = 1
    precision: datetime.timedelta = datetime.timedelta(seconds=1)

    def text_of(self, time, zone):
        return str(int(time.timestamp()) * self.factor)


ISO_Z = Pattern("%Y-%m-%dT%H:%M:%SZ")
LOCAL = Pattern("%Y-%m-%d %H:%M:%S", local=True)
LOCAL_MINUTE = Pattern("%Y-%m-%d %H:%M", datetime.timedelta(minutes=1), local=True)
DATE = Pattern("%Y-%m-%d", datetime.timedelta(days=1))
EPOCH_S = Epoch()
EPOCH_MS = Epoch(1000)


def read_time(value, zone: ZoneInfo | None = None) -> datetime.datetime | None:
    """Return a time as an answer writes it, in UTC; None if there is none.

    Understands ISO texts (those without offset are in ``zone``, or UTC), offsets
    without colon, and numbers: seconds or milliseconds since 1970.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) > 1e11 else value
            time = datetime.datetime.fromtimestamp(seconds, UTC)
        else:
            time = datetime.datetime.fromisoformat(str(value).strip())
        if time.tzinfo is None:
            time = time.replace(tzinfo=zone or UTC)
        time = time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return time if time > NEVER else None


def noon(value) -> datetime.datetime | None:
    """Return noon (UTC) of a day: the same day in every zone of Europe."""
    try:
        day = datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
    return datetime.datetime.combine(day, datetime.time(12), UTC)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name.

    :raises InvalidRequest: there is none
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidRequest("The time zone is unknown.") from None

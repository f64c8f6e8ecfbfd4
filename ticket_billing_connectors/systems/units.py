"""What remote systems count time in, as whole minutes."""

import datetime
import re
from collections.abc import Callable
from contextlib import suppress
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation

from .records import whole_minutes

SPAN = re.compile(r"(\d{1,5}):([0-5]\d)(?::([0-5]\d))?")
EPOCH = datetime.datetime(1970, 1, 1)
Unit = Callable[[object, object], int | None]


def seconds(value, settings) -> int | None:
    """Return seconds in minutes, a begun minute as a whole one.

    >>> seconds("5400", None), seconds(61, None)
    (90, 2)
    """
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    # Not times 1/60: that fraction has no exact figure. And -3 seconds are not 0
    # minutes: a figure that makes no sense has to show.
    return whole_minutes(number / 60, Decimal(1), ROUND_UP)


def minutes(value, settings) -> int | None:
    """Return minutes, a begun one as a whole one."""
    return whole_minutes(value, Decimal(1))


def hours(value, settings) -> int | None:
    """Return hours of two decimals in minutes: the nearest, since 10 minutes come
    as 0.17 hours.

    >>> hours(0.17, None), hours("1.33", None)
    (10, 80)
    """
    return whole_minutes(value, Decimal(60), ROUND_HALF_UP)


def clock(value, settings) -> int | None:
    """Return a span like ``01:30`` (hours may exceed 24) in minutes.

    >>> clock("27:00", None)
    1620
    """
    match = SPAN.fullmatch(str(value).strip())
    if not match:
        return None
    whole = int(match[1]) * 60 + int(match[2])
    return whole + (1 if int(match[3] or 0) else 0)


def units(value, settings) -> int | None:
    """Return plain numbers times the setting ``minutes_per_unit``."""
    return whole_minutes(value, settings.minutes_per_unit)


def duration(value, settings) -> int | None:
    """Return a span in minutes that is written as seconds, or as the point in time
    that is so long after the beginning of 1970.

    >>> duration("5400", None), duration("1970-01-02 01:30:00", None)
    (90, 1530)
    """
    text = str(value).strip()
    if "-" in text[1:]:
        with suppress(ValueError):
            time = datetime.datetime.fromisoformat(text).replace(tzinfo=None)
            return seconds((time - EPOCH).total_seconds(), settings)
    return seconds(text, settings)

"""Short ways to make conditions and entries."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ticket_billing.rating import Conditions, Entry, Rate

BERLIN = "Europe/Berlin"
RATE = Rate("default", Decimal(100))
DAY = date(2026, 6, 1)  # a Monday


def conditions(**values) -> Conditions:
    """Conditions in Berlin at 100.00 per hour."""
    values.setdefault("rates", (RATE,))
    return Conditions(BERLIN, **values)


def entry(key="e1", minutes=60, **values) -> Entry:
    """An entry without clock time on ticket T1."""
    values.setdefault("ticket", "T1")
    values.setdefault("day", DAY)
    return Entry(key=key, minutes=minutes, **values)


def clocked(key, start: str, stop: str, **values) -> Entry:
    """An entry from local clock times (``2026-06-01T09:00``)."""
    zone = ZoneInfo(BERLIN)
    begin, end = (datetime.fromisoformat(text) for text in (start, stop))
    day = begin.date()
    begin, end = (each.replace(tzinfo=zone).astimezone(UTC) for each in (begin, end))
    values.setdefault("minutes", int((end - begin).total_seconds()) // 60)
    values.setdefault("ticket", "T1")
    return Entry(key=key, day=day, start=begin, stop=end, **values)


def figures(item, code: str) -> dict:
    """Figures of the step ``code`` of an item."""
    return next(step.figures for step in item.steps if step.code == code)

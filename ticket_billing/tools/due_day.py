"""When a period is billed, and up to which day: arithmetic of days alone."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

LENGTHS = {
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
}


def first_day(day: date, period: str) -> date:
    """First day of the week, month or quarter of ``day``."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    month = day.month
    if period == "quarter":
        month -= (month - 1) % 3
    return day.replace(month=month, day=1)


def due_day(first: date, period: str, number: int) -> date:
    """The ``number``-th day of the period that begins on ``first``, or its last."""
    last = first + LENGTHS[period] - timedelta(days=1)
    return min(first + timedelta(days=number - 1), last)


def last_due_day(today: date, period: str, number: int) -> date:
    """The latest due day up to ``today``."""
    first = first_day(today, period)
    due = due_day(first, period, number)
    if due > today:
        due = due_day(first - LENGTHS[period], period, number)
    return due


def work_before(today: date, period: str, number: int, current: bool) -> date:
    """First day whose work a run of ``today`` leaves alone.

    It never goes back and passes every day, so a run that was missed is made up for
    by the next one. ``current``: the period of the due day is billed up to it, not
    the one before.
    """
    due = last_due_day(today, period, number)
    return due if current else first_day(due, period)

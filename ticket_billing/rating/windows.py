"""Surcharge windows: which percent applies to which minute of a local day."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal

from .clock import DAY, EPOCH_DAY, Zone
from .explain import step
from .holidays import PublicHolidays
from .segments import NO_SURCHARGE, Segment, Surcharge, Work
from .types import HUNDRED, Combination, Conditions, Key, Window

EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class _Span:
    """A window within one day; ``shift`` is -1 where it began the day before."""

    window: Window
    shift: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class DayPlan:
    """Surcharges of one local day: ``surcharges[i]`` holds until ``stops[i]``."""

    day: date
    stops: tuple[int, ...]
    surcharges: tuple[Surcharge, ...]

    def bands(self, start: int, stop: int) -> Iterable[tuple[int, int, Surcharge]]:
        """Yield the parts of ``start`` to ``stop`` (minutes of the day)."""
        index = bisect_right(self.stops, start)
        while start < stop:
            end = min(stop, self.stops[index])
            yield start, end, self.surcharges[index]
            start = end
            index += 1


def _minutes(clock: time | None, otherwise: int) -> int:
    return otherwise if clock is None else clock.hour * 60 + clock.minute


def _spans(window: Window) -> list[_Span]:
    start = _minutes(window.start, 0)
    stop = _minutes(window.stop, DAY)
    if start < stop:
        return [_Span(window, 0, start, stop)]
    return [_Span(window, 0, start, DAY), _Span(window, -1, 0, stop)]


def combine(
    percents: Sequence[tuple[Decimal, Key]], combination: str
) -> tuple[Decimal, tuple[Key, ...]]:
    """Combine overlapping surcharges: percent and the keys that count.

    Of equally high ones the first counts.
    """
    if combination == "highest":
        percent, key = max(percents, key=lambda pair: pair[0])
        return percent, (key,)
    keys = tuple(key for _percent, key in percents)
    if combination == "additive":
        return sum(percent for percent, _key in percents), keys
    factor = Decimal(1)
    for percent, _key in percents:
        factor *= 1 + percent / HUNDRED
    return (factor - 1) * HUNDRED, keys


class WindowTable:
    """All windows of a contract, planned per day and location on demand.

    A window over midnight belongs to the day it begins on: weekday and holiday
    are those of that day. With weekdays and holidays it holds on either.
    """

    def __init__(self, conditions: Conditions, zone: Zone):
        self._zone = zone
        self._combination = conditions.combination
        self._emergency = conditions.emergency_percent
        spans = [span for window in conditions.windows for span in _spans(window)]
        self._spans = spans
        self._day_spans = [span for span in spans if _whole_day(span.window)]
        self.has_clock_windows = len(spans) > len(self._day_spans)
        self.has_holidays = any(window.holidays for window in conditions.windows)
        self._calendar = conditions.holidays or PublicHolidays()
        self._location = conditions.default_location
        self._plans: dict[tuple, DayPlan] = {}

    def location(self, work: Work) -> str | None:
        """Service location whose holidays count, if any window asks for them."""
        if not self.has_holidays:
            return None
        return work.entry.location or self._location

    def cut(self, work: Work) -> list[Segment]:
        """Cut work at midnight and wherever the surcharge changes.

        Raise :class:`UnknownLocation` if its holidays are not known.
        """
        location = self.location(work)
        emergency = work.entry.emergency
        if work.start is None or not work.minutes:
            day = work.entry.day.toordinal() - EPOCH_DAY
            plan = self._plan(day, location, emergency, self._day_spans)
            minutes = work.minutes
            return [Segment(work, plan.day, None, minutes, minutes, plan.surcharges[0])]
        segments: list[Segment] = []
        for start, stop, offset in self._zone.spans(work.start, work.minutes):
            local, local_stop = start + offset, stop + offset
            while local < local_stop:
                day, clock = divmod(local, DAY)
                end = min(local_stop, (day + 1) * DAY)
                plan = self._plan(day, location, emergency, self._spans)
                for left, right, surcharge in plan.bands(clock, clock + end - local):
                    utc = day * DAY + left - offset
                    _append(segments, work, plan.day, utc, right - left, surcharge)
                local = end
        return segments

    def plan(self, day: date) -> DayPlan:
        """Surcharges of a day without emergency at the default location."""
        number = day.toordinal() - EPOCH_DAY
        return self._plan(number, self._location, False, self._spans)

    def _plan(self, day, location, emergency, spans) -> DayPlan:
        key = (day, location, emergency, spans is self._spans)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make_plan(day, location, emergency, spans)
        return plan

    def _make_plan(self, day: int, location, emergency: bool, spans) -> DayPlan:
        today = date.fromordinal(day + EPOCH_DAY)
        holding = [span for span in spans if self._holds(span, day, location)]
        edges = {DAY} | {span.start for span in holding if span.start}
        edges |= {span.stop for span in holding if span.stop}
        stops: list[int] = []
        surcharges: list[Surcharge] = []
        start = 0
        for stop in sorted(edges):
            windows = [s.window for s in holding if s.start <= start < s.stop]
            surcharge = self._surcharge(windows, emergency)
            if surcharges and surcharges[-1] == surcharge:
                stops[-1] = stop
            else:
                stops.append(stop)
                surcharges.append(surcharge)
            start = stop
        return DayPlan(today, tuple(stops), tuple(surcharges))

    def _holds(self, span: _Span, day: int, location: str | None) -> bool:
        window = span.window
        begin = date.fromordinal(day + span.shift + EPOCH_DAY)
        if not (window.valid_from or begin) <= begin <= (window.valid_to or begin):
            return False
        if window.weekdays is None and not window.holidays:
            return True
        if window.weekdays is not None and begin.weekday() in window.weekdays:
            return True
        return window.holidays and self._calendar.is_holiday(location, begin)

    def _surcharge(self, windows: list[Window], emergency: bool) -> Surcharge:
        percents = [(window.percent, window.key) for window in windows]
        if emergency and self._emergency:
            percents.append((self._emergency, EMERGENCY))
        if not percents:
            return NO_SURCHARGE
        percent, keys = combine(percents, self._combination)
        names = ", ".join(str(key) for key in keys)
        explanation = step(
            "window", percent=percent, keys=names, combination=self._combination
        )
        return Surcharge(percent, keys, explanation)


def plan_week(windows: tuple[Window, ...], combination: Combination) -> list[DayPlan]:
    """Surcharges of a common week, Monday first, then of a holiday on a Wednesday."""
    conditions = Conditions(
        timezone="UTC",
        windows=windows,
        combination=combination,
        holidays=_OneHoliday(),
    )
    table = WindowTable(conditions, Zone(conditions.timezone))
    days = [_HOLIDAY + timedelta(days=number) for number in range(5, 12)]
    return [table.plan(day) for day in (*days, _HOLIDAY)]


_HOLIDAY = date(2025, 1, 1)


class _OneHoliday:
    """A calendar of a single public holiday, a Wednesday."""

    def is_holiday(self, location: str | None, day: date) -> bool:
        return day == _HOLIDAY


def _whole_day(window: Window) -> bool:
    return window.start is None and window.stop is None


def _append(segments, work, day, utc, minutes, surcharge) -> None:
    """Add minutes, to the last segment where day and surcharge are the same."""
    last = segments[-1] if segments else None
    if last and last.day == day and last.surcharge == surcharge:
        last.raw += minutes
        last.billable += minutes
    else:
        segments.append(Segment(work, day, utc, minutes, minutes, surcharge))

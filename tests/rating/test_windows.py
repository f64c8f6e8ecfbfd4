"""Surcharge windows: edges, midnight, holidays, both changes of the clock."""

from datetime import date, time
from decimal import Decimal

import pytest
from builders import clocked, conditions, entry, figures

from ticket_billing.rating import (
    ConfigurationError,
    Rounding,
    Window,
    lines,
    plan_week,
    rate,
)
from ticket_billing.rating.types import Conditions

NIGHT = Window("night", Decimal(50), time(20), time(6))
SATURDAY = Window("saturday", Decimal(25), weekdays=frozenset({5}))
HOLIDAY = Window("holiday", Decimal(100), holidays=True)


def pieces(terms, work) -> list[tuple]:
    """Minutes and percent of the items of one entry."""
    items = rate(terms, [work]).items
    return [(item.billable_minutes, item.surcharge_percent) for item in items]


def test_edge_is_inclusive_at_the_start_and_exclusive_at_the_end():
    terms = conditions(windows=(NIGHT,))
    before = clocked("a", "2026-06-02T19:59", "2026-06-02T20:00")
    first = clocked("a", "2026-06-02T20:00", "2026-06-02T20:01")
    last = clocked("a", "2026-06-02T05:59", "2026-06-02T06:00")
    after = clocked("a", "2026-06-02T06:00", "2026-06-02T06:01")
    percents = [pieces(terms, work)[0][1] for work in (before, first, last, after)]
    assert percents == [0, 50, 50, 0]


def test_window_over_midnight_belongs_to_the_day_it_begins_on():
    friday_night = Window("night", Decimal(50), time(20), time(6), frozenset({4}))
    terms = conditions(windows=(friday_night,))
    saturday = clocked("a", "2026-06-06T05:00", "2026-06-06T07:00")
    sunday = clocked("a", "2026-06-07T05:00", "2026-06-07T07:00")
    assert pieces(terms, saturday) == [(60, 50), (60, 0)]
    assert pieces(terms, sunday) == [(120, 0)]


@pytest.mark.parametrize(
    ("combination", "percent"),
    [("highest", "50"), ("additive", "75"), ("multiplicative", "87.5")],
)
def test_overlap(combination, percent):
    terms = conditions(windows=(NIGHT, SATURDAY), combination=combination)
    work = clocked("a", "2026-06-06T21:00", "2026-06-06T22:00")
    (item,) = rate(terms, [work]).items
    assert item.surcharge_percent == Decimal(percent)
    assert item.unit_price == 100 + Decimal(percent)
    assert figures(item, "window")["combination"] == combination


def test_spring_forward_has_no_third_hour():
    window = Window("w", Decimal(10), time(2), time(4))
    work = clocked("a", "2026-03-29T01:30", "2026-03-29T04:30")
    assert work.minutes == 120
    assert pieces(conditions(windows=(window,)), work) == [
        (30, 0),
        (60, 10),
        (30, 0),
    ]


def test_fall_back_has_the_third_hour_twice():
    window = Window("w", Decimal(10), time(2), time(2, 30))
    work = clocked("a", "2026-10-25T01:30", "2026-10-25T03:30")
    assert work.minutes == 180
    assert pieces(conditions(windows=(window,)), work) == [
        (30, 0),
        (30, 10),
        (30, 0),
        (30, 10),
        (60, 0),
    ]


def test_breaks_shorten_the_time_from_the_start_on():
    work = clocked("a", "2026-06-02T19:30", "2026-06-02T21:30", minutes=60)
    assert pieces(conditions(windows=(NIGHT,)), work) == [(30, 0), (30, 50)]


def test_weekdays_and_holidays_hold_on_either():
    window = Window("w", Decimal(30), weekdays=frozenset({6}), holidays=True)
    terms = conditions(windows=(window,), default_location="DE-BY")
    corpus_christi = entry("a", day=date(2026, 6, 4))
    assert pieces(terms, corpus_christi) == [(60, 30)]


def test_missing_location_is_a_warning():
    (item,) = rate(conditions(windows=(HOLIDAY,)), [entry()]).items
    assert item.warning == "location_missing"


def test_unknown_location_is_held():
    terms = conditions(windows=(HOLIDAY,))
    (item,) = rate(terms, [entry(location="DE-XX")]).items
    assert (item.state, item.reason) == ("held", "unknown_location")


def test_missing_clock_time_gets_day_windows_and_a_warning():
    terms = conditions(windows=(NIGHT, SATURDAY))
    day = date(2026, 6, 6)
    (item,) = rate(terms, [entry(day=day)]).items
    assert (item.surcharge_percent, item.warning) == (25, "clock_time_missing")


def test_surcharge_on_a_line_of_its_own():
    terms = conditions(
        windows=(NIGHT,),
        surcharge_display="separate_line",
        rounding=Rounding(15, "up"),
    )
    work = clocked("a", "2026-06-02T20:00", "2026-06-02T20:50")
    base, extra = lines(rate(terms, [work]).items)
    assert (base.kind, base.minutes, base.unit_price) == ("time", 60, 100)
    assert (extra.kind, extra.minutes, extra.unit_price) == ("surcharge", 60, 50)
    assert sum(item.raw_minutes for item in base.items + extra.items) == 50


def test_rounding_line_has_its_surcharge_line_too():
    terms = conditions(
        windows=(NIGHT,),
        surcharge_display="separate_line",
        rounding=Rounding(60, "up", "ticket"),
    )
    work = [
        clocked("a", "2026-06-02T20:00", "2026-06-02T20:10"),
        clocked("b", "2026-06-02T21:00", "2026-06-02T21:10"),
    ]
    found = [(x.kind, x.minutes) for x in lines(rate(terms, work).items)]
    assert found[-2:] == [("rounding_adjust", 40), ("surcharge", 40)]


def test_emergency_is_one_more_surcharge():
    terms = conditions(
        windows=(NIGHT,), combination="additive", emergency_percent=Decimal(30)
    )
    work = clocked("a", "2026-06-02T21:00", "2026-06-02T22:00", emergency=True)
    assert pieces(terms, work) == [(60, 80)]


def test_unknown_zone_prices_nothing():
    with pytest.raises(ConfigurationError):
        rate(Conditions("Europe/Nowhere"), [entry()])


def drawn(plan) -> list[tuple]:
    """Hours and percent of the parts of a day with a surcharge."""
    return [
        (start / 60, stop / 60, surcharge.percent)
        for start, stop, surcharge in plan.bands(0, 24 * 60)
        if surcharge.percent
    ]


def test_week_shows_seven_days_and_a_holiday_on_a_wednesday():
    weekdays = frozenset(range(5))
    night = Window("night", Decimal(50), time(20), time(6), weekdays)
    holiday = Window("holiday", Decimal(100), holidays=True)
    week = plan_week((night, SATURDAY, holiday), "highest")
    assert drawn(week[0]) == [(20, 24, 50)]
    assert drawn(week[1]) == [(0, 6, 50), (20, 24, 50)]
    assert drawn(week[5]) == [(0, 6, 50), (6, 24, 25)]
    assert drawn(week[6]) == []
    assert drawn(week[7]) == [(0, 24, 100)]


def test_week_combines_overlapping_windows():
    week = plan_week((NIGHT, SATURDAY), "additive")
    assert drawn(week[5]) == [(0, 6, 75), (6, 20, 25), (20, 24, 75)]
    assert drawn(week[6]) == [(0, 6, 50), (20, 24, 50)]


def test_window_holds_from_its_first_to_its_last_day():
    old = Window("old", Decimal(50), time(20), time(6), valid_to=date(2026, 6, 2))
    new = Window("new", Decimal(60), time(20), time(6), valid_from=date(2026, 6, 3))
    terms = conditions(windows=(old, new))
    # The night of the last day is one window, over midnight.
    last = clocked("a", "2026-06-03T05:00", "2026-06-03T06:00")
    first = clocked("a", "2026-06-03T20:00", "2026-06-03T21:00")
    assert pieces(terms, last) == [(60, 50)]
    assert pieces(terms, first) == [(60, 60)]

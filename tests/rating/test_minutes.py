"""Rounding of minutes, and where the surplus goes."""

from decimal import Decimal

import pytest
from builders import conditions, entry

from ticket_billing.rating import (
    ConfigurationError,
    Rounding,
    billable_minutes,
    lines,
    rate,
)


@pytest.mark.parametrize(
    ("rounding", "raw", "billable"),
    [
        (Rounding(), 7, 7),
        (Rounding(15, "none"), 7, 7),
        (Rounding(15, "up"), 0, 0),
        (Rounding(15, "up"), 15, 15),
        (Rounding(15, "up"), 16, 30),
        (Rounding(15, "down"), 29, 15),
        (Rounding(15, "down"), 14, 0),
        (Rounding(15, "nearest"), 7, 0),
        (Rounding(15, "nearest"), 8, 15),
        (Rounding(10, "nearest"), 5, 10),
        (Rounding(15, "nearest", minimum=15), 7, 15),
        (Rounding(15, "up", minimum=20), 5, 30),
        (Rounding(15, "down", minimum=20), 5, 20),
        (Rounding(1, "none", minimum=30), 5, 30),
        (Rounding(15, "up", first_block=30), 5, 30),
        (Rounding(15, "up", first_block=30), 31, 45),
        (Rounding(60, "up", first_block=30), 61, 90),
        (Rounding(15, "up", first_block=30, minimum=60), 20, 60),
    ],
)
def test_billable_minutes(rounding, raw, billable):
    assert billable_minutes(raw, rounding) == billable


def test_increment_must_be_positive():
    with pytest.raises(ConfigurationError):
        rate(conditions(rounding=Rounding(0, "up")), [])


def test_surplus_of_one_line_goes_to_its_last_entry():
    terms = conditions(rounding=Rounding(15, "up", "ticket"), line_grouping="ticket")
    items = rate(terms, [entry("a", 5), entry("b", 16)]).items
    assert [item.billable_minutes for item in items] == [5, 25]
    assert [line.net for line in lines(items)] == [Decimal("50.00")]


def test_surplus_over_several_lines_is_a_line():
    terms = conditions(rounding=Rounding(15, "up", "ticket"))
    items = rate(terms, [entry("a", 5), entry("b", 16)]).items
    adjust = items[-1]
    assert (adjust.kind, adjust.entry, adjust.raw_minutes) == (
        "rounding_adjust",
        None,
        0,
    )
    assert [line.minutes for line in lines(items)] == [5, 16, 9]


def test_minutes_rounded_off_are_a_negative_line():
    terms = conditions(rounding=Rounding(15, "down", "ticket"))
    items = rate(terms, [entry("a", 20), entry("b", 20)]).items
    assert [line.net for line in lines(items)] == [
        Decimal("33.33"),
        Decimal("33.33"),
        Decimal("-16.67"),
    ]


def test_minutes_rounded_off_come_from_the_end():
    terms = conditions(rounding=Rounding(60, "down", "ticket"), line_grouping="ticket")
    items = rate(terms, [entry("a", 70), entry("b", 20), entry("c", 10)]).items
    assert [item.billable_minutes for item in items] == [60, 0, 0]


def test_warranty_is_rounded_apart():
    terms = conditions(rounding=Rounding(60, "up", "ticket"), line_grouping="ticket")
    items = rate(terms, [entry("a", 10), entry("b", 20, billing="warranty")]).items
    assert [item.billable_minutes for item in items] == [60, 60]


def test_visits_are_rounded_over_tickets():
    terms = conditions(rounding=Rounding(60, "up", "visit"), line_grouping="visit")
    work = [
        entry("a", 10, visit="V"),
        entry("b", 20, visit="V", ticket="T2"),
        entry("c", 5),
    ]
    minutes = [(x.kind, x.billable_minutes) for x in rate(terms, work).items]
    assert minutes == [
        ("time", 10),
        ("time", 20),
        ("rounding_adjust", 30),
        ("time", 60),
    ]

"""Rounding of minutes, and where the surplus goes."""

from datetime import time
from decimal import Decimal

import pytest
from builders import clocked, conditions, entry, figures

from ticket_billing.rating import (
    Allotment,
    ConfigurationError,
    History,
    Rounding,
    Window,
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


LIFETIME = Rounding(15, "up", "ticket", memory="lifetime")


def remembered(raw, billable, work, **values):
    """Items of new work on ticket T1 after ``raw`` minutes billed as ``billable``."""
    values.setdefault("rounding", LIFETIME)
    history = History(rounded_tickets={"T1": (raw, billable)})
    return rate(conditions(**values), work, history=history).items


def test_ticket_is_rounded_over_its_lifetime():
    (first,) = rate(conditions(rounding=LIFETIME), [entry(minutes=10)]).items
    assert (first.billable_minutes, first.net) == (15, 25)
    (second,) = remembered(10, 15, [entry(minutes=4)])
    assert (second.state, second.reason) == ("written_off", "rounded_before")
    assert (second.raw_minutes, second.billable_minutes, second.line) == (4, 0, None)
    (third,) = remembered(14, 15, [entry(minutes=10)])
    assert (third.state, third.billable_minutes, third.net) == ("open", 15, 25)
    explained = figures(third, "rounding")
    assert (explained["raw"], explained["billable"]) == (10, 15)
    assert (explained["raw_before"], explained["billable_before"]) == (14, 15)


def test_minutes_billed_before_are_taken_off_the_work():
    items = remembered(1, 15, [entry("a", 20), entry("b", 5), entry("c", 4)])
    found = [(x.kind, x.billable_minutes, x.reason) for x in items]
    assert found == [
        ("time", 15, None),
        ("time", 0, "rounded_before"),
        ("time", 0, "rounded_before"),
    ]


def test_nothing_is_paid_back_when_too_much_was_billed_before():
    (item,) = remembered(10, 120, [entry(minutes=30)])
    assert (item.billable_minutes, item.reason) == (0, "rounded_before")
    assert figures(item, "rounding")["billable"] == 0


def test_remembered_minutes_need_no_rate():
    (item,) = remembered(10, 15, [entry(minutes=4)], rates=())
    assert item.reason == "rounded_before"


def test_remembered_minutes_end_a_surcharge_early():
    night = Window("night", Decimal(50), time(20), time(6))
    work = clocked("a", "2026-06-01T19:55", "2026-06-01T20:05")
    items = remembered(10, 25, [work], windows=(night,))
    found = [(x.raw_minutes, x.billable_minutes, x.reason) for x in items]
    assert found == [(5, 5, None), (5, 0, "rounded_before")]


@pytest.mark.parametrize(
    ("basis", "found"),
    [("raw", ("covered", None, 4)), ("rounded", ("written_off", "rounded_before", 0))],
)
def test_remembered_minutes_use_an_allotment_only_by_raw_minutes(basis, found):
    allotment = Allotment("A", Decimal(60), basis=basis)
    (item,) = remembered(10, 15, [entry(minutes=4)], allotments=(allotment,))
    assert (item.state, item.reason, item.allotment_used) == found


def test_emergency_fee_is_due_without_billable_minutes():
    items = remembered(
        10, 15, [entry(minutes=4, emergency=True)], emergency_flat_fee=Decimal(80)
    )
    assert sorted((x.kind, x.net) for x in items) == [
        ("emergency_fee", 80),
        ("time", 0),
    ]


@pytest.mark.parametrize(
    "rounding",
    [
        Rounding(15, "up", "ticket", memory="invoice"),
        Rounding(15, "up", "entry", memory="lifetime"),
    ],
)
def test_only_tickets_have_a_memory(rounding):
    (item,) = remembered(10, 15, [entry(minutes=4)], rounding=rounding)
    assert item.billable_minutes == 15
    assert "raw_before" not in figures(item, "rounding")


def test_free_work_has_no_memory():
    (item,) = remembered(10, 15, [entry(minutes=4, billing="warranty")])
    assert (item.billable_minutes, item.reason) == (15, "warranty")


def test_rounded_down_to_nothing_is_written_off():
    terms = conditions(rounding=Rounding(15, "down"))
    items = rate(terms, [entry("a", 14), entry("b", 29)]).items
    assert [(x.state, x.reason, x.raw_minutes) for x in items] == [
        ("written_off", "nothing_due", 14),
        ("open", None, 29),
    ]
    assert [line.minutes for line in lines(items)] == [15]


def test_work_without_minutes_stays_on_the_line_of_its_ticket():
    terms = conditions(rounding=Rounding(15, "down"), line_grouping="ticket")
    items = rate(terms, [entry("a", 14), entry("b", 29)]).items
    assert {x.state for x in items} == {"open"}
    assert [line.minutes for line in lines(items)] == [15]


@pytest.mark.parametrize("scope", ["entry", "ticket", "invoice"])
def test_credited_part_keeps_its_billable_minutes(scope):
    terms = conditions(rounding=Rounding(15, "up", scope, minimum=60))
    part = entry("a", 17, billable=20)
    items = rate(terms, [part, entry("b", 10)]).items
    assert [(x.entry, x.raw_minutes, x.billable_minutes) for x in items] == [
        ("a", 17, 20),
        ("b", 10, 60),
    ]


def test_credited_surplus_without_worked_minutes():
    part = clocked("a", "2026-06-01T09:00", "2026-06-01T09:00", billable=5)
    (item,) = rate(conditions(rounding=Rounding(15, "up")), [part]).items
    assert (item.raw_minutes, item.billable_minutes, item.state) == (0, 5, "open")

"""Corrections of settled work: up, down, moved, gone."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest
from builders import clocked, conditions, entry, figures
from hypothesis import given
from hypothesis import strategies as st

from ticket_billing.rating import (
    Allotment,
    FlatFee,
    History,
    Rate,
    Rounding,
    Window,
    correct,
    gather,
    lines,
    rate,
    reproduce,
)
from ticket_billing.rating.money import hourly_net

UP = conditions(rounding=Rounding(15, "up"))
NIGHT = Window("night", Decimal(50), time(20), time(6))


def rated(terms, *work):
    return rate(terms, work).items


def amounts(items) -> list[tuple]:
    return [(x.state, x.raw_minutes, x.billable_minutes, x.net) for x in items]


@pytest.mark.parametrize(
    ("before", "after", "net"), [(60, 90, "50.00"), (90, 60, "-50.00")]
)
def test_difference_is_billed_or_given_back(before, after, net):
    """GP-052 and GP-054."""
    old, new = (rated(UP, entry(minutes=minutes)) for minutes in (before, after))
    (item,) = correct(old, new)
    assert (item.kind, item.state, item.entry) == ("correction", "open", "e1")
    assert (item.raw_minutes, item.billable_minutes) == (after - before,) * 2
    assert (item.unit_price, item.net, item.segment) == (100, Decimal(net), 1)
    assert figures(item, "correction") == {"before": before, "after": after}
    assert [step.code for step in item.steps].count("net") == 1
    (line,) = lines([item])
    assert (line.kind, line.minutes, line.net) == (
        "correction",
        after - before,
        item.net,
    )
    assert reproduce(item) == item.net


def test_nothing_changed():
    items = rated(UP, entry(minutes=50))
    assert correct(items, items) == ()
    assert correct(items, rated(UP, entry(minutes=50, day=date(2026, 6, 2)))) == ()


def test_raw_minutes_that_change_no_price_are_kept():
    (item,) = correct(rated(UP, entry(minutes=50)), rated(UP, entry(minutes=58)))
    assert amounts([item]) == [("written_off", 8, 0, 0)]
    assert (item.reason, item.line) == ("rounded_before", None)


def test_second_correction_regards_the_first():
    old, new = rated(UP, entry(minutes=50)), rated(UP, entry(minutes=58))
    settled = (*old, *correct(old, new))
    assert correct(settled, new) == ()
    (back,) = correct(settled, old)
    assert (back.raw_minutes, back.reason, back.segment) == (-8, "rounded_before", 2)
    (more,) = correct(settled, rated(UP, entry(minutes=61)))
    assert amounts([more]) == [("open", 3, 15, 25)]
    assert correct((*settled, more), rated(UP, entry(minutes=61))) == ()


def test_changed_rate_gives_back_the_old_price():
    old = rated(UP, entry())
    new = rated(UP, entry(rate=Decimal(80)))
    items = correct(old, new)
    assert amounts(items) == [("open", 60, 60, 80), ("open", -60, -60, -100)]
    assert [item.segment for item in items] == [1, 2]
    assert [reproduce(item) for item in items] == [80, -100]
    assert [line.net for line in lines(items)] == [80, -100]


def test_corrected_price_that_is_gone_is_explained_once():
    old, cheap = rated(UP, entry()), rated(UP, entry(rate=Decimal(80)))
    settled = (*old, *correct(old, cheap))
    (item,) = correct(settled, rated(UP, entry(billing="internal")))[1:]
    assert amounts([item]) == [("open", -60, -60, -80)]
    assert figures(item, "correction") == {"before": 60, "after": 0}
    assert [step.code for step in item.steps].count("correction") == 1


def test_discount_and_surcharge_are_kept():
    terms = conditions(windows=(NIGHT,), discount_percent=Decimal(10))
    old = rated(terms, clocked("a", "2026-06-01T19:00", "2026-06-01T21:00"))
    new = rated(terms, clocked("a", "2026-06-01T19:30", "2026-06-01T20:20"))
    items = correct(old, new)
    assert amounts(items) == [("open", -30, -30, -45), ("open", -40, -40, -90)]
    assert [item.surcharge_percent for item in items] == [0, 50]
    assert [reproduce(item) for item in items] == [-45, -90]


def test_surcharge_on_its_own_line_is_corrected_apart():
    night = Window("night", Decimal(100), time(20), time(6))
    terms = conditions(windows=(night,), surcharge_display="separate_line")
    old = rated(terms, clocked("a", "2026-06-01T21:00", "2026-06-01T22:00"))
    new = rated(terms, clocked("a", "2026-06-01T19:00", "2026-06-01T20:00"))
    (item,) = correct(old, new)
    assert amounts([item]) == [("open", 0, -60, -100)]
    assert reproduce(item) == -100


def test_deleted_work_is_given_back():
    old = rated(UP, entry())
    assert amounts(correct(old, ())) == [("open", -60, -60, -100)]


@pytest.mark.parametrize("reason", ["internal", "warranty"])
def test_work_that_becomes_free_is_given_back_and_written_off(reason):
    items = correct(rated(UP, entry()), rated(UP, entry(billing=reason)))
    assert {(x.state, x.reason): x.raw_minutes for x in items} == {
        ("written_off", reason): 60,
        ("open", None): -60,
    }
    assert sum(item.net for item in items) == -100


def test_internal_work_keeps_its_reason():
    old, new = (rated(UP, entry(minutes=m, billing="internal")) for m in (60, 90))
    (item,) = correct(old, new)
    assert (item.reason, item.raw_minutes, item.net) == ("internal", 30, 0)


def test_covered_work_gives_back_its_allotment():
    terms = conditions(allotments=(Allotment("A", Decimal(60)),))
    old, new = rated(terms, entry(minutes=90)), rated(terms, entry(minutes=40))
    covered, overage = correct(old, new)
    assert amounts([covered]) == [("covered", -20, -20, 0)]
    assert (covered.allotment, covered.allotment_used) == ("A", -20)
    assert (covered.period, covered.line) == (date(2026, 6, 1), None)
    assert amounts([overage]) == [("open", -30, -30, -50)]
    assert overage.allotment == "A"


def test_work_moved_to_another_period():
    terms = conditions(allotments=(Allotment("A", Decimal(60)),))
    july = rated(terms, entry(day=date(2026, 7, 1)))
    items = correct(rated(terms, entry()), july)
    assert [(x.period.month, x.allotment_used) for x in items] == [(7, 60), (6, -60)]


def test_flat_fee_is_given_back_per_unit():
    terms = conditions(flat_fees=(FlatFee("f", Decimal("19.90"), None, 15),))
    old = rated(terms, entry(minutes=20))
    items = correct(old, rated(conditions(), entry(minutes=20)))
    assert {(x.quantity, x.billable_minutes, x.net) for x in items} == {
        (0, 15, 25),  # 20 minutes by the hour, of which 5 were charged as overage
        (-1, -15, Decimal("-19.90")),
    }
    assert [line.net for line in lines(items)] == [item.net for item in items]
    assert [reproduce(item) for item in items] == [item.net for item in items]


def test_time_within_a_flat_fee_costs_nothing_more():
    terms = conditions(flat_fees=(FlatFee("f", Decimal(20)),))
    second = [rated(terms, entry("a"), entry(minutes=m))[1:] for m in (30, 60)]
    (item,) = correct(*second)
    assert (item.raw_minutes, item.net, item.reason) == (30, 0, "rounded_before")


def test_time_of_a_settled_flat_fee_stays_covered():
    terms = conditions(flat_fees=(FlatFee("f", Decimal(20)),))
    history = History(flat_tickets={"T1": 0})
    both = [rate(terms, [entry(minutes=m)], history=history).items for m in (30, 60)]
    (item,) = correct(*both)
    assert (item.state, item.reason, item.raw_minutes) == ("covered", "flat_fee", 30)
    assert figures(item, "correction") == {"before": 30, "after": 60}


def test_raw_minutes_stay_with_the_charge():
    """Those of the night are rounded to the same 20 minutes before and after."""
    terms = conditions(windows=(NIGHT,), rounding=Rounding(15, "up"))
    old = rated(terms, clocked("a", "2026-06-01T19:50", "2026-06-01T20:10"))
    new = rated(terms, clocked("a", "2026-06-01T19:35", "2026-06-01T20:12"))
    assert amounts(correct(old, new)) == [("open", 17, 15, 25)]


def test_held_work_is_not_corrected():
    assert correct(rated(UP, entry()), rated(UP, entry(minutes=-1))) == ()


def test_currency_without_cents():
    terms = conditions(currency_decimals=0)
    (item,) = correct(rated(terms, entry()), rated(terms, entry(minutes=61)))
    assert str(item.net) == "2"
    assert reproduce(item) == 2


def test_stored_prices_may_have_other_digits():
    (old,) = rated(UP, entry())
    stored = replace(old, unit_price=Decimal("100.0"), discount_percent=Decimal("0.0"))
    assert correct((stored,), (old,)) == ()


def corrected(before, after, changed, *others):
    """Corrections of one entry and of those that were rounded together with it."""
    own, *rest = (
        correct(
            [each for each in before if each.entry == key],
            [each for each in after if each.entry == key],
        )
        for key in (changed, *others)
    )
    return gather(own, [item for items in rest for item in items])


@pytest.mark.parametrize(
    ("minutes", "expected"), [(12, []), (25, [(15, Decimal("25.00"))])]
)
def test_work_rounded_together_is_corrected_together(minutes, expected):
    terms = conditions(rounding=Rounding(15, "up", "ticket"), line_grouping="ticket")
    before = rate(terms, [entry("e1", 10), entry("e2", 10)]).items
    after = rate(terms, [entry("e1", minutes), entry("e2", 10)]).items
    new = corrected(before, after, "e1", "e2")
    assert sum(item.raw_minutes for item in (*before, *new)) == minutes + 10
    assert [(line.minutes, line.net) for line in lines(new)] == expected
    assert {item.entry for item in new} == {"e1"}
    for item in new:
        if item.state == "open":
            assert reproduce(item) == expected[0][1]


@given(
    old=st.lists(st.integers(1, 200), min_size=2, max_size=4),
    minutes=st.integers(1, 400),
    price=st.decimals(1, 200, places=2),
)
def test_gathered_corrections_multiply_out(old, minutes, price):
    terms = conditions(
        rates=(Rate("r", price),),
        rounding=Rounding(15, "up", "ticket"),
        line_grouping="ticket",
    )
    keys = [f"e{number}" for number in range(len(old))]
    before, after = (
        rate(terms, [entry(k, m) for k, m in zip(keys, each, strict=True)]).items
        for each in (old, [minutes, *old[1:]])
    )
    new = corrected(before, after, *keys)
    assert sum(i.raw_minutes for i in (*before, *new)) == minutes + sum(old[1:])
    for line in lines(new):
        assert line.net == hourly_net(line.minutes, price, Decimal(0), 2)
    charged = [item for item in new if item.state == "open"]
    assert sum(i.billable_minutes for i in charged) == sum(
        i.billable_minutes for i in after
    ) - sum(i.billable_minutes for i in before)


def test_worked_minutes_stay_with_work_that_is_rounded_together():
    """The allotment goes to the changed entry; the other one is charged instead."""
    terms = conditions(
        rounding=Rounding(10, "up", scope="ticket", memory="lifetime"),
        allotments=(Allotment("hours", Decimal(60)),),
    )
    old = rated(terms, entry("e1", minutes=45))
    new = rated(terms, entry("e0", minutes=40), entry("e1", minutes=45))
    assert {item.state for item in new if item.entry == "e1"} == {"covered", "open"}
    changed = correct((), [item for item in new if item.entry == "e0"])
    other = correct(old, [item for item in new if item.entry == "e1"])
    gathered = gather(changed, other)
    worked = {"e0": 0, "e1": 0}
    for item in gathered:
        worked[item.entry] += item.raw_minutes
    assert worked == {"e0": 40, "e1": 0}

"""Minimum and cap per ticket."""

from datetime import date
from decimal import Decimal

import pytest
from builders import DAY, conditions, entry, figures

from ticket_billing.rating import (
    Allotment,
    Charge,
    FlatFee,
    History,
    Item,
    correct_limits,
    lines,
    rate,
    reproduce,
)

MATERIAL = Charge("m", "T1", "material", Decimal(1), Decimal(30), DAY)


def minimum(amount, **values):
    return conditions(minimum_per_ticket=Decimal(amount), **values)


def cap(amount, **values):
    return conditions(cap_per_ticket=Decimal(amount), **values)


def billed(**kinds) -> History:
    """What ticket T1 paid before."""
    nets = {kind: Decimal(net) for kind, net in kinds.items()}
    return History(billed_tickets={"T1": nets})


def nets(rating) -> list[tuple]:
    return [(line.kind, line.net) for line in lines(rating.items)]


def test_minimum_is_reached_by_a_line_of_its_own():
    work = [
        entry("a", 10),
        entry("b", 5, day=date(2026, 6, 9)),
        entry("c", 60, ticket="T2"),
    ]
    items = rate(minimum(40), work).items
    adjust = items[-1]
    assert (adjust.kind, adjust.ticket, adjust.entry) == ("minimum_adjust", "T1", None)
    assert (adjust.quantity, adjust.unit_price, adjust.net) == (1, 15, 15)
    assert adjust.day == date(2026, 6, 9)
    assert figures(adjust, "minimum") == {
        "minimum": "40.00",
        "before": "0",
        "now": "25.00",
    }
    assert reproduce(adjust) == 15
    assert sum(line.net for line in lines(items)) == 140


@pytest.mark.parametrize(
    ("before", "due"), [("0", 30), ("10", 20), ("29.99", "0.01"), ("30", 0), ("99", 0)]
)
def test_minimum_regards_what_was_paid_before(before, due):
    rating = rate(minimum(40), [entry(minutes=6)], history=billed(time=before))
    found = dict(nets(rating))
    assert found.get("minimum_adjust", 0) == Decimal(due)


def test_no_minimum_for_what_costs_nothing():
    work = [
        entry("covered", 5, ticket="T1"),
        entry("goodwill", 5, ticket="T2", billing="goodwill", work_type="onsite"),
        entry("held", -5, ticket="T3"),
        entry("internal", 5, ticket="T4", billing="internal"),
    ]
    terms = minimum(
        40,
        allotments=(Allotment("A", Decimal(60)),),
        show_covered_lines=True,
        warranty_display="discount_line",
    )
    rating = rate(terms, work, history=billed(time=10))
    assert sum(item.net for item in rating.items) == 0
    assert not [x for x in rating.items if x.kind == "minimum_adjust"]


def test_minimum_is_not_discounted():
    rating = rate(minimum(40, discount_percent=Decimal(50)), [entry(minutes=30)])
    assert nets(rating) == [("time", 25), ("minimum_adjust", 15)]


def test_cap_takes_off_what_is_too_much():
    work = [entry("a", 360), entry("b", 60, ticket="T2")]
    items = rate(cap(500), work).items
    adjust = items[-1]
    assert (adjust.kind, adjust.ticket, adjust.entry) == ("cap_adjust", "T1", None)
    assert (adjust.quantity, adjust.unit_price, adjust.net) == (1, -100, -100)
    assert (adjust.warning, adjust.state) == ("cap_reached", "open")
    assert figures(adjust, "cap") == {
        "cap": "500.00",
        "before": "0",
        "now": "600.00",
        "scope": "lifetime",
    }
    assert reproduce(adjust) == -100


def test_cap_that_is_just_reached_changes_nothing():
    (item,) = rate(cap(100), [entry()]).items
    assert (item.net, item.warning) == (100, None)


def test_cap_remembers_what_was_billed():
    history = billed(time=660, cap_adjust=-260)
    rating = rate(cap(500), [entry(minutes=90)], history=history)
    assert nets(rating) == [("time", 150), ("cap_adjust", -50)]


def test_cap_per_invoice_starts_again():
    history = billed(time=600, cap_adjust=-100)
    terms = cap(500, cap_scope="invoice")
    assert nets(rate(terms, [entry()], history=history)) == [("time", 100)]


def test_used_up_cap_writes_off_and_keeps_the_list_value():
    """GP-070: the ticket is reopened after its cap was billed."""
    history = billed(time=660, cap_adjust=-160)
    terms = cap(500, discount_percent=Decimal(10))
    work = [entry("a", 60), entry("b", 30), entry("c", 60, ticket="T2")]
    rating = rate(terms, work, history=history)
    first, second, other = rating.items
    for item, value in ((first, "100.00"), (second, "50.00")):
        assert (item.state, item.reason) == ("written_off", "cap_reached")
        assert (item.net, item.line, item.unit_price) == (0, None, 0)
        assert figures(item, "list_value")["value"] == value
        assert figures(item, "cap")["before"] == "500"
        assert reproduce(item) == 0
    assert (first.warning, second.warning) == ("cap_reached", None)
    assert (first.raw_minutes, first.billable_minutes) == (60, 60)
    assert (other.state, nets(rating)) == ("open", [("time", 90)])


def test_used_up_cap_writes_off_charges_and_fees():
    terms = cap(0, flat_fees=(FlatFee("f", Decimal(20), None, 15),))
    work = [entry("a", 10), entry("b", 20)]
    items = rate(terms, work, [MATERIAL]).items
    assert {x.state for x in items} == {"written_off"}
    values = [figures(x, "list_value")["value"] for x in items]
    assert values == ["20.00", "0.00", "25.00", "30.00"]


def test_used_up_cap_leaves_the_rest_of_a_shared_line_exact():
    """Extra tickets of an allotment share a line."""
    extra = Allotment("A", Decimal(0), "tickets", overage_price=Decimal("49.99"))
    terms = cap(100, allotments=(extra,), discount_percent=Decimal(33))
    work = [entry(key, ticket=key) for key in ("T1", "T2")]
    rating = rate(terms, work, history=billed(overage=100))
    (line,) = lines(rating.items)
    assert (line.quantity, line.net) == (1, Decimal("33.49"))
    assert [reproduce(item) for item in line.items] == [line.net]


def test_cap_counts_only_its_kinds():
    terms = cap(50, cap_kinds=frozenset({"time"}))
    rating = rate(terms, [entry()], [MATERIAL])
    assert nets(rating) == [("time", 100), ("material", 30), ("cap_adjust", -50)]
    history = billed(time=100, material=30, cap_adjust=-50)
    rating = rate(terms, [entry()], [MATERIAL], history)
    assert nets(rating) == [("material", 30)]


def test_raised_cap_leaves_room_for_what_the_old_one_took_off():
    terms = cap(80, cap_kinds=frozenset({"time"}))
    rating = rate(terms, [entry()], history=billed(time=100, cap_adjust=-50))
    assert nets(rating) == [("time", 100), ("cap_adjust", -70)]


def test_cap_does_not_touch_what_costs_nothing():
    terms = cap(
        0,
        allotments=(Allotment("A", Decimal(60)),),
        show_covered_lines=True,
        warranty_display="discount_line",
    )
    work = [entry("a"), entry("b", billing="warranty"), entry("c", -1), entry("d", 30)]
    items = rate(terms, work).items
    assert [(x.state, x.reason) for x in items] == [
        ("held", "invalid_minutes"),
        ("covered", None),
        ("open", "warranty"),
        ("written_off", "cap_reached"),
    ]


def test_returned_goods_are_paid_back_from_a_used_up_cap():
    back = Charge("back", "T1", "material", Decimal(-1), Decimal(30), DAY)
    history = billed(material=500)
    assert nets(rate(cap(500), [], [back], history)) == [("material", -30)]
    rating = rate(cap(500), [entry()], [back], history)
    assert nets(rating) == []


def test_minimum_comes_before_the_cap():
    terms = minimum(80, cap_per_ticket=Decimal(50))
    assert nets(rate(terms, [entry(minutes=24)])) == [
        ("time", 40),
        ("minimum_adjust", 40),
        ("cap_adjust", -30),
    ]


def test_limits_are_in_whole_units_of_the_currency():
    terms = cap("500.4", currency_decimals=0)
    assert nets(rate(terms, [entry(minutes=600)])) == [
        ("time", 1000),
        ("cap_adjust", -500),
    ]


def correction(net) -> Item:
    return Item("correction", "T1", DAY, entry="a", net=Decimal(net))


@pytest.mark.parametrize(
    ("terms", "history", "change", "adjusted"),
    [
        # The history holds the correction, as ``correct_limits`` expects it.
        (cap(150), {"time": 100, "correction": 100}, 100, [("cap_adjust", -50)]),
        (
            cap(150),
            {"time": 200, "cap_adjust": -50, "correction": -100},
            -100,
            [("cap_adjust", 50)],
        ),
        (cap(150), {"time": 100, "correction": 20}, 20, []),
        (cap(150, cap_scope="invoice"), {"time": 100, "correction": 100}, 100, []),
        (
            cap(150, cap_kinds=frozenset({"time"})),
            {"time": 100, "correction": 100},
            100,
            [],
        ),
        (
            minimum(50),
            {"time": 20, "minimum_adjust": 30, "correction": 60},
            60,
            [("minimum_adjust", -30)],
        ),
        (minimum(50), {"time": 80, "correction": -60}, -60, [("minimum_adjust", 30)]),
        (
            minimum(50),
            {"time": 20, "minimum_adjust": 30, "correction": -20},
            -20,
            [("minimum_adjust", -30)],
        ),
    ],
)
def test_corrections_keep_the_limits(terms, history, change, adjusted):
    items = correct_limits(terms, billed(**history), [correction(change)])
    assert [(item.kind, item.net) for item in items] == adjusted
    assert all(reproduce(item) == item.net for item in items)


def test_covered_corrections_have_no_limits():
    covered = Item("correction", "T1", DAY, entry="a", state="covered")
    assert correct_limits(cap(150), billed(time=200), [covered]) == ()

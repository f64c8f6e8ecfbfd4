"""Material, travel and expenses."""

from decimal import Decimal

import pytest
from builders import DAY, conditions

from ticket_billing.rating import (
    Charge,
    distance_travel,
    flat_travel,
    lines,
    marked_up,
    rate,
    zone_travel,
)

ZONES = [(Decimal(50), Decimal(59)), (Decimal(20), Decimal(35))]


def charge(key="c", kind="material", quantity="2", price="10.005", **values):
    ticket = values.pop("ticket", "T1")
    return Charge(key, ticket, kind, Decimal(quantity), Decimal(price), DAY, **values)


def test_unit_price_is_rounded_before_it_is_multiplied():
    (line,) = lines(rate(conditions(), [], [charge(quantity="10")]).items)
    assert (line.unit_price, line.net) == (Decimal("10.01"), Decimal("100.10"))


def test_only_journeys_of_one_ticket_share_a_line():
    charges = [
        charge("a", "travel"),
        charge("b", "travel"),
        charge("c", "travel", ticket="T2"),
        charge("d", "travel", quantity="-1"),
        charge("e", "material"),
        charge("f", "material"),
    ]
    found = lines(rate(conditions(), [], charges).items)
    assert [line.quantity for line in found] == [4, 2, -1, 2, 2]


def test_discount_only_on_the_kinds_named():
    terms = conditions(
        discount_percent=Decimal(10), discount_kinds=frozenset({"material"})
    )
    charges = [charge("a", price="10"), charge("b", "expense", price="10")]
    found = lines(rate(terms, [], charges).items)
    assert [line.net for line in found] == [18, 20]


@pytest.mark.parametrize(
    ("billing", "display", "state", "line"),
    [
        ("internal", "discount_line", "written_off", False),
        ("goodwill", "hidden", "written_off", False),
        ("goodwill", "discount_line", "open", True),
    ],
)
def test_free_charges(billing, display, state, line):
    terms = conditions(warranty_display=display)
    (item,) = rate(terms, [], [charge(billing=billing)]).items
    assert (item.state, item.reason, item.net) == (state, billing, 0)
    assert bool(lines([item])) is line


def test_markup():
    assert marked_up(Decimal("249.90"), Decimal(15)) == Decimal("287.39")
    assert marked_up(Decimal("0.10"), Decimal(5)) == Decimal("0.11")


@pytest.mark.parametrize(
    ("km", "parts"),
    [
        ("20", [("zone", 1, 35, 1)]),
        ("20.1", [("zone", 1, 59, 2)]),
        ("50", [("zone", 1, 59, 2)]),
        ("64", [("zone", 1, 59, 2), ("beyond_zones", 14, Decimal("0.70"), None)]),
    ],
)
def test_zones(km, parts):
    journey = zone_travel(ZONES, Decimal(km), Decimal("0.70"))
    assert [(x.code, x.quantity, x.unit_price, x.zone) for x in journey] == parts


def test_zones_must_exist():
    with pytest.raises(ValueError, match="zones"):
        zone_travel([], Decimal(1))


def test_distance_and_vehicles():
    (there,) = distance_travel(Decimal("0.70"), Decimal(30), round_trip=False)
    (both,) = distance_travel(Decimal("0.70"), Decimal(30), vehicles=2)
    assert (there.quantity, both.quantity) == (30, 120)
    assert flat_travel(Decimal(45), vehicles=2)[0].quantity == 2

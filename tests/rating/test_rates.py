"""Which rate applies: precedence, validity, changes of the standard rate."""

from datetime import date
from decimal import Decimal

import pytest
from builders import clocked, conditions, entry, figures

from ticket_billing.rating import Rate, find_conflicts, lines, rate
from ticket_billing.rating.errors import AmbiguousRate, NoRate
from ticket_billing.rating.rates import RateBook

FULL = {"ticket": "T1", "contract": "C", "work_type": "onsite", "employee": "anna"}
PRECEDENCE = [
    ("ticket", "contract", "work_type", "employee"),
    ("ticket",),
    ("contract", "work_type", "employee"),
    ("contract", "work_type"),
    ("contract", "employee"),
    ("contract",),
    ("work_type", "employee"),
    ("employee",),
    ("work_type",),
    (),
]
WORK = entry(**FULL)


def narrowed(names, value) -> Rate:
    key = "+".join(names) or "default"
    return Rate(key, Decimal(value), **{name: FULL[name] for name in names})


@pytest.mark.parametrize("position", range(len(PRECEDENCE)))
def test_most_specific_wins(position):
    rates = [narrowed(names, 10 + i) for i, names in enumerate(PRECEDENCE)]
    price = RateBook(rates[position:][::-1]).find(WORK, WORK.day)
    assert price.value == 10 + position
    assert price.step.figures["level"] == rates[position].key


def test_rate_of_something_else_does_not_apply():
    rates = [
        Rate(name, Decimal(1), **{name: "other"}) for name in FULL if name != "ticket"
    ]
    with pytest.raises(NoRate):
        RateBook(rates).find(WORK, WORK.day)


def test_price_on_the_entry_beats_all_and_is_final():
    terms = conditions(
        rates=(narrowed(PRECEDENCE[0], 10),),
        work_type_factor={"onsite": Decimal("0.5")},
    )
    (item,) = rate(terms, [entry(**FULL, rate=Decimal(77))]).items
    assert item.unit_price == 77


def test_expired_rate_gives_way_to_a_less_specific_one():
    old = Rate("old", Decimal(50), contract="C", valid_to=date(2026, 5, 31))
    book = RateBook([old, narrowed((), 100)])
    assert book.find(WORK, date(2026, 5, 31)).value == 50
    assert book.find(WORK, date(2026, 6, 1)).value == 100


def test_entry_over_midnight_is_split_where_the_rate_changes():
    old = Rate("old", Decimal(95), valid_to=date(2026, 6, 30))
    new = Rate("new", Decimal(99), valid_from=date(2026, 7, 1))
    work = clocked("a", "2026-06-30T23:00", "2026-07-01T01:00")
    found = lines(rate(conditions(rates=(new, old)), [work]).items)
    assert [(line.minutes, line.unit_price) for line in found] == [(60, 95), (60, 99)]


def test_midnight_alone_does_not_split_a_line():
    work = clocked("a", "2026-06-30T23:00", "2026-07-01T01:00")
    (line,) = lines(rate(conditions(), [work]).items)
    assert (line.minutes, len(line.items)) == (120, 2)


@pytest.mark.parametrize(
    ("kind", "value", "price"), [("adjust", "-5", 95), ("multiplier", "0.9", 90)]
)
def test_changed_standard_rate(kind, value, price):
    standard = Rate("std", Decimal(100), employee="anna")
    other = Rate("other", Decimal(50))
    own = Rate("own", Decimal(value), kind, contract="C")
    (item,) = rate(conditions(rates=(standard, other, own)), [WORK]).items
    assert item.unit_price == price
    assert figures(item, "rate")["base_key"] == "std"


def test_change_without_standard_rate_is_held():
    own = Rate("own", Decimal(5), "adjust", contract="C")
    (item,) = rate(conditions(rates=(own,)), [WORK]).items
    assert (item.state, item.reason, item.net) == ("held", "no_rate", 0)


def test_equal_rates_are_held_and_both_named():
    twins = (Rate("a", Decimal(1)), Rate("b", Decimal(2)))
    with pytest.raises(AmbiguousRate) as caught:
        RateBook(twins).find(WORK, WORK.day)
    assert caught.value.keys == ("a", "b")
    (item,) = rate(conditions(rates=twins), [WORK]).items
    assert (item.state, item.reason) == ("held", "ambiguous_rate")
    assert figures(item, "held")["keys"] == "a, b"


def test_conflicts_are_found_when_saving():
    june = {"valid_from": date(2026, 6, 1), "valid_to": date(2026, 6, 30)}
    rates = [
        Rate("a", Decimal(1), contract="C", **june),
        Rate("b", Decimal(1), contract="C", valid_from=date(2026, 6, 30)),
        Rate("c", Decimal(1), contract="D"),
        Rate("d", Decimal(1), contract="C", valid_to=date(2026, 5, 31)),
        Rate("e", Decimal(1)),
        Rate("f", Decimal(2), "multiplier"),
    ]
    assert find_conflicts(rates) == [("a", "b"), ("e", "f")]

"""Credited work that becomes less: it is not given back twice."""

from decimal import Decimal

from builders import conditions, entry
from hypothesis import given
from hypothesis import strategies as st

from ticket_billing.rating import Credited, correct, rate, reproduce, use_up
from ticket_billing.rating.money import hourly_net

EXACT = conditions()


def rated(minutes: int):
    return rate(EXACT, [entry(minutes=minutes)]).items


@given(
    billed=st.integers(1, 600),
    now=st.integers(0, 600),
    percent=st.integers(0, 100),
    parts=st.integers(1, 3),
)
def test_credit_is_used_up_before_more_is_given_back(billed, now, percent, parts):
    before = rated(billed)
    price = before[0].unit_price
    share = billed * percent // 100 // parts
    credited = [Credited(n, share, price, Decimal(0)) for n in range(parts) if share]
    items = use_up(correct(before, rated(now)), credited)
    charged = sum(item.billable_minutes for item in items if item.line)
    used = -sum(item.billable_minutes for item in items if item.credited is not None)
    assert sum(item.raw_minutes for item in items) == now - billed
    assert used == min(len(credited) * share, max(billed - now, 0))
    assert charged - used == now - billed
    assert len({item.segment for item in items}) == len(items)
    for item in (item for item in items if item.line):
        net = hourly_net(item.billable_minutes, price, Decimal(0), 2)
        assert item.net == reproduce(item) == net


def test_credit_at_another_price_is_none_of_this_work():
    items = correct(rated(60), rated(0))
    credited = [Credited("other", 30, Decimal(1), Decimal(0))]
    assert use_up(items, credited) == items

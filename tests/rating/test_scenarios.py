"""The worked examples that one rating can answer, to the cent."""

from decimal import Decimal

import pytest
from rating_examples import NotOneRating, expected_lines, load, play

from ticket_billing.rating import lines


def _is_one_rating(example: dict) -> bool:
    try:
        play(example)
    except NotOneRating:
        return False
    return True


EXAMPLES = [example for example in load() if _is_one_rating(example)]


def test_most_examples_are_answered_here():
    assert len(EXAMPLES) >= 30


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["id"])
def test_lines(example):
    _rating, found = play(example)
    assert found == expected_lines(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["id"])
def test_total(example):
    rating, _lines = play(example)
    total = sum(line.net for line in lines(rating.items))
    invoices = example["expected"]["invoices"]
    assert total == sum(Decimal(invoice["net_total"]) for invoice in invoices)
    for wrong in example["wrong_answers"]:
        assert total != Decimal(wrong["net_total"]), wrong["cause"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["id"])
def test_warnings(example):
    rating, _lines = play(example)
    found = {(x.entry or x.ticket, x.warning) for x in rating.items if x.warning}
    assert found == {
        (each.get("entry") or each["ticket"], each["code"])
        for each in example["expected"]["exceptions"]
    }


def test_quota_balances():
    by_id = {example["id"]: play(example)[0].balances for example in EXAMPLES}
    (unused,) = by_id["GP-036"]
    assert (unused.used, unused.lapsed) == (480, 120)
    (full,) = by_id["GP-040"]
    assert (full.available, full.used, full.overage) == (120, 120, 15)
    (prorated,) = by_id["GP-046"]
    assert (prorated.available, prorated.used, prorated.overage) == (300, 300, 180)

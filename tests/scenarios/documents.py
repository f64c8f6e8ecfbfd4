"""Invoices and credit notes, as Odoo has them and as a scenario expects them."""

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

TYPES = {"out_invoice": "invoice", "out_refund": "credit_note"}
PLACES = Decimal("0.000001")


def _number(value) -> Decimal:
    """A figure to compare: six decimals, no trailing zeros."""
    exact = Decimal(str(value)).quantize(PLACES, ROUND_HALF_UP)
    return exact.normalize() + 0


def read(move, names: dict, kind: str | None = None) -> tuple:
    """An ``account.move`` in comparable form; ``names`` are keys of its sources.

    ``kind`` stands for the kinds of its lines where a scenario has another word.
    """
    records = move.invoice_line_ids.filtered(lambda li: li.display_type == "product")
    return (
        TYPES[move.move_type],
        move.currency_id.name,
        _freeze(_read_line(line, names, kind) for line in records),
        _number(move.amount_untaxed),
    )


def _read_line(line, names: dict, kind: str | None) -> tuple:
    items = line.billing_item_ids or line.credited_billing_item_ids
    per_unit = line._get_minutes_per_unit()
    sources = {names.get(item.charge_id or item.entry_id) for item in items}
    return (
        kind or ", ".join(sorted(set(items.mapped("kind")))),
        tuple(sorted(source for source in sources if source)),
        _number(line.quantity * (per_unit or 1)),
        _number(line.price_unit * (60 / per_unit if per_unit else 1)),
        _number(line.price_subtotal),
    )


def expect(document: dict) -> tuple:
    """A document of a scenario in comparable form."""
    return (
        document["type"],
        document["currency"],
        _freeze(_expect_line(line) for line in document["lines"]),
        _number(document["net_total"]),
    )


def _expect_line(line: dict) -> tuple:
    minutes = line.get("minutes")
    return (
        line["kind"],
        tuple(sorted(line["entries"])),
        _number(line["quantity"] if minutes is None else minutes),
        _number(line["unit_price"]),
        _number(line["net"]),
    )


def _freeze(lines) -> frozenset:
    """A multiset that can be compared and counted."""
    return frozenset(Counter(lines).items())


def describe(document: tuple) -> str:
    kind, currency, lines, total = document
    texts = [
        f"{count} x " * (count > 1)
        + f"{name} {'+'.join(sources) or '-'}: {quantity:f} at {price:f} = {net:f}"
        for (name, sources, quantity, price, net), count in sorted(lines)
    ]
    return f"{kind} {total:f} {currency} [{'; '.join(texts)}]"


def compare(actual: list[tuple], expected: list[tuple]) -> list[str]:
    """What is there but not expected, and what is missing."""
    there, wanted = Counter(actual), Counter(expected)
    return [
        *(f"unexpected {describe(each)}" for each in (there - wanted).elements()),
        *(f"missing {describe(each)}" for each in (wanted - there).elements()),
    ]


def find_wrong_answers(documents: list[tuple], wrong_answers: list[dict]) -> list[str]:
    """Typical mistakes among the totals of ``documents``."""
    totals = {total for *_rest, total in documents}
    return [
        f"wrong answer {wrong['net_total']}: {wrong['cause']}"
        for wrong in wrong_answers
        if _number(wrong["net_total"]) in totals
    ]

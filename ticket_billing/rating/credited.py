"""Credited work that becomes less: what was credited is not given back again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from .explain import step
from .money import hourly_net
from .results import Item
from .types import Key

REASON = "credited"


@dataclass(frozen=True, slots=True)
class Credited:
    """Minutes of a settled item that a credit note took back for good."""

    item: Key
    minutes: int
    unit_price: Decimal
    discount_percent: Decimal


def use_up(items: Sequence[Item], credited: Iterable[Credited]) -> tuple[Item, ...]:
    """Corrections of an entry of which a part was credited before.

    As far as there is less work to charge, what was credited of it at the same price is
    used up first: that part is written off, and names the item that it is taken from.
    Where the same minutes only get another price, the credit stands.
    """
    left = -sum(item.billable_minutes for item in items if _is_charged(item))
    segment = max((item.segment for item in items), default=0)
    sources = list(credited)
    result = []
    for item in items:
        while left > 0 and _is_charged(item) and item.billable_minutes < 0:
            source = next((s for s in sources if _has_price_of(s, item)), None)
            if source is None:
                break
            minutes = min(left, source.minutes, -item.billable_minutes)
            left -= minutes
            sources.remove(source)
            if minutes < source.minutes:
                sources.append(replace(source, minutes=source.minutes - minutes))
            segment += 1
            item, used = _split(item, minutes, source.item, segment)
            result.append(used)
        if item.billable_minutes or not _is_charged(item):
            result.append(item)
    return tuple(result)


def _is_charged(item: Item) -> bool:
    return item.line is not None and item.state == "open" and not item.quantity


def _has_price_of(source: Credited, item: Item) -> bool:
    return (source.unit_price, source.discount_percent) == (
        item.unit_price,
        item.discount_percent,
    )


def _split(item: Item, minutes: int, source: Key, segment: int) -> tuple[Item, Item]:
    """What is still given back, and the part of ``minutes`` that was credited."""
    raw = item.raw_minutes * minutes // -item.billable_minutes
    steps = tuple(each for each in item.steps if each.code != "net")
    used = replace(
        item,
        segment=segment,
        raw_minutes=raw,
        billable_minutes=-minutes,
        net=_net(item, -minutes),
        state="written_off",
        reason=REASON,
        credited=source,
        line=None,
        steps=(*steps, step("written_off", reason=REASON)),
    )
    rest = item.billable_minutes + minutes
    net = _net(item, rest)
    kept = replace(
        item,
        raw_minutes=item.raw_minutes - raw,
        billable_minutes=rest,
        net=net,
        steps=(*steps, _net_step(item, rest, net)),
    )
    return kept, used


def _net(item: Item, minutes: int) -> Decimal:
    decimals = _get_net_figures(item)["decimals"]
    return hourly_net(minutes, item.unit_price, item.discount_percent, decimals)


def _net_step(item: Item, minutes: int, net: Decimal):
    figures = {**_get_net_figures(item), "minutes": minutes}
    return step("net", **{**figures, "line_net": net, "net": net})


def _get_net_figures(item: Item) -> dict:
    return next(each.figures for each in item.steps if each.code == "net")

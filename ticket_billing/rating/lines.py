"""Invoice lines: nets are rounded once per line and shared among its items."""

from collections.abc import Iterable
from decimal import Decimal

from .explain import figure, step
from .money import apportion, half_up, hourly_net, quantity_net
from .results import Item, Line, Step
from .types import ZERO, Conditions, Entry, Key

NOTHING_DUE = "nothing_due"
_HOUR = Decimal(60)


def owner(entry: Entry, conditions: Conditions) -> Key:
    """What the time of ``entry`` shares a line with.

    Work without a visit stands alone where lines are per visit. A line is on one
    invoice only.
    """
    grouping = conditions.line_grouping
    worker = entry.employee if conditions.lines_per_worker else None
    if grouping in ("ticket", "ticket_rate"):
        return ("ticket", entry.ticket, entry.invoice, worker)
    if grouping == "visit" and entry.visit is not None:
        return ("visit", entry.ticket, entry.visit, entry.invoice, worker)
    return ("entry", entry.key)


def price_lines(values: Iterable[dict], decimals: int) -> None:
    """Set the nets of item values, line by line.

    Items without a line have none. May be done again when lines have changed.
    """
    groups: dict[Key, list[dict]] = {}
    for each in values:
        if each.get("line") is not None:
            groups.setdefault(each["line"], []).append(each)
    for group in groups.values():
        _set_nets(group, decimals)


def _set_nets(line: list[dict], decimals: int) -> None:
    first = line[0]
    price = first.get("unit_price", ZERO)
    discount = first.get("discount_percent", ZERO)
    weights = [each["quantity"] for each in line if "quantity" in each]
    minutes = quantity = None
    if weights:
        quantity = sum(weights)
        net = quantity_net(quantity, price, discount, decimals)
    else:
        weights = [each["billable_minutes"] for each in line]
        minutes = sum(weights)
        net = hourly_net(minutes, price, discount, decimals)
    total = figure(net)
    figures = {
        "minutes": minutes,
        "quantity": figure(quantity),
        "decimals": decimals,
        "line_net": total,
        "net": total,
    }
    if len(line) == 1:
        first.update(net=net, net_step=Step("net", figures))
        return
    for each, share in zip(line, apportion(net, weights, decimals), strict=True):
        each["net"] = share
        each["net_step"] = Step("net", {**figures, "net": figure(share)})


def write_off_empty(values: Iterable[dict]) -> None:
    """Write off work whose line has no minutes left: they were rounded down."""
    minutes: dict[Key, int] = {}
    work = [each for each in values if _is_work(each)]
    for each in work:
        key = each["line"]
        minutes[key] = minutes.get(key, 0) + abs(each["billable_minutes"])
    for each in work:
        if not minutes[each["line"]]:
            reason = each.get("reason") or NOTHING_DUE
            kept = [x for x in each["steps"] if x.code not in ("price", "discount")]
            each["steps"] = (*kept, step("written_off", reason=reason))
            each.update(state="written_off", reason=reason, line=None)


def _is_work(values: dict) -> bool:
    is_open = values.get("state", "open") == "open"
    is_by_time = "quantity" not in values and values["kind"] != "flat"
    return is_open and is_by_time and values.get("line") is not None


def make_items(values: Iterable[dict], first: int = 0) -> list[Item]:
    """Items of priced values; segments are numbered per entry from ``first`` on."""
    segments: dict[Key, int] = {}
    items = []
    for each in values:
        entry = each.get("entry")
        if entry is not None:
            each["segment"] = segments[entry] = segments.get(entry, first - 1) + 1
        explanation = each.pop("net_step", None)
        if explanation:
            each["steps"] = (*each["steps"], explanation)
        items.append(Item(**each))
    return items


def lines(items: Iterable[Item]) -> list[Line]:
    """Group items into invoice lines, in the order of their first items.

    Items without a line (held, written off, hidden cover) are left out.
    """
    groups: dict[Key, list[Item]] = {}
    for item in items:
        if item.line is not None:
            groups.setdefault(item.line, []).append(item)
    return [_line(key, tuple(group)) for key, group in groups.items()]


def _line(key: Key, items: tuple[Item, ...]) -> Line:
    first = items[0]
    quantity = sum((item.quantity for item in items), ZERO)
    minutes = None
    if not any(item.quantity for item in items):
        minutes = sum(item.billable_minutes for item in items)
        quantity = half_up(minutes / _HOUR, 6)
    return Line(
        key,
        first.kind,
        items,
        minutes,
        quantity,
        first.unit_price,
        first.surcharge_percent,
        first.discount_percent,
        sum((item.net for item in items), ZERO),
    )

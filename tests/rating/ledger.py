"""What earlier runs leave behind, read from their items as the product does."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from ticket_billing.rating import History, Item


def history_of(items: Iterable[Item]) -> History:
    """History that settled items leave for the next rating."""
    used = defaultdict(Decimal)
    flat = Counter()
    billed = defaultdict(lambda: defaultdict(Decimal))
    rounded = defaultdict(lambda: (0, 0))
    emergencies, counted = set(), set()
    for item in items:
        if item.state == "covered" and item.allotment is not None:
            used[item.allotment, item.period] += item.allotment_used
        if item.state == "open":
            billed[item.ticket][item.kind] += item.net
        if item.kind == "flat":
            flat[item.ticket] += item.billable_minutes
        elif item.kind == "emergency_fee":
            emergencies.add(item.ticket)
        elif item.kind in ("overage", "quota_covered") and item.entry is None:
            counted.add(item.ticket)
        if is_rounded(item):
            raw, billable = rounded[item.ticket]
            raw, billable = raw + item.raw_minutes, billable + item.billable_minutes
            rounded[item.ticket] = (raw, billable)
    return History(used, flat, emergencies, counted, billed, rounded)


def is_rounded(item: Item) -> bool:
    """Say whether the minutes of an item went through the rounding of its ticket."""
    if item.kind in ("surcharge", "goodwill"):
        return False
    return any(step.code == "rounding" for step in item.steps)

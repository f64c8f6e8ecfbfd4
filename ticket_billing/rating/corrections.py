"""Corrections: what to bill or give back when settled work has changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from .explain import step
from .lines import make_items, price_lines
from .results import Item, Step
from .types import ZERO, Key

KIND = "correction"
ROUNDED_BEFORE = "rounded_before"
_PRICE = ("unit_price", "surcharge_percent", "discount_percent")


@dataclass(slots=True)
class _Change:
    """Items of one price, or of one way not to be charged, before and after."""

    before: list[Item] = field(default_factory=list)
    after: list[Item] = field(default_factory=list)

    @property
    def sample(self) -> Item:
        """The item that says what the change is about."""
        return (self.after or self.before)[0]

    def difference(self, name: str) -> int | Decimal:
        return _total(self.after, name) - _total(self.before, name)


def correct(before: Sequence[Item], after: Sequence[Item]) -> tuple[Item, ...]:
    """Items that turn what was settled for an entry into what is right for it.

    ``before`` are its settled items in the state they were rated with, earlier
    corrections among them; ``after`` are its items rated again. Raw minutes of
    ``before`` and of the result add up to those of ``after``. Where nothing has
    changed, or where the work cannot be priced any more (held items in ``after``),
    there is nothing to correct.

    What is charged differs by minutes or quantity per price: each difference is on a
    line of its own, negative where it is given back.
    """
    if any(item.state == "held" for item in after):
        return ()
    values = [
        _correction(key, change)
        for key, change in _changes(before, after).items()
        if _is_due(key, change)
    ]
    rest = _total(after, "raw_minutes") - _total(before, "raw_minutes")
    rest -= sum(each["raw_minutes"] for each in values)
    if rest:
        _place_rest(rest, values, (*after, *before)[0])
    last = max((item.segment for item in before), default=-1)
    return tuple(make_items(values, last + 1))


def gather(own: Sequence[Item], others: Iterable[Item]) -> tuple[Item, ...]:
    """Corrections of one entry with the minutes that ``others`` would be charged.

    ``others`` are corrections of work that has not changed itself, but was rounded
    together with the entry: what they are charged counts for the entry, what was
    worked stays with them. What cancels out costs nothing and is written off; parts
    that are not charged stay as they are.
    """
    gathered = list(own)
    kept = []
    moved: dict[Key, int] = {}
    for item in others:
        if item.line is None or _measure(item) != "billable_minutes":
            kept.append(item)
            continue
        # What is charged moves, what was worked does not.
        moved[item.entry] = moved.get(item.entry, 0) + item.raw_minutes
        item = replace(item, raw_minutes=0)
        index = next((i for i, x in enumerate(gathered) if _is_like(x, item)), None)
        if index is None:
            gathered.append(_moved(item, gathered))
        else:
            gathered[index] = _added(gathered[index], item)
    for index, item in enumerate(kept):
        raw = item.raw_minutes + moved.pop(item.entry, 0)
        kept[index] = replace(item, raw_minutes=raw)
    return (*map(_settled, gathered), *kept)


def _is_like(item: Item, other: Item) -> bool:
    return item.line is not None and item.line[2] == other.line[2]


def _moved(item: Item, own: Sequence[Item]) -> Item:
    """A correction of other work as one of the entry of ``own``."""
    entry = own[0].entry if own else item.entry
    last = max((each.segment for each in own), default=item.segment)
    line = (KIND, entry, item.line[2])
    return replace(item, entry=entry, segment=last + 1, line=line)


def _added(item: Item, other: Item) -> Item:
    """A correction with the minutes of another one of the same price."""
    values = {name: getattr(item, name) for name in _PRICE}
    values["billable_minutes"] = item.billable_minutes + other.billable_minutes
    values["line"] = item.line
    price_lines([values], _decimals(item))
    kept = (each for each in item.steps if each.code != "net")
    return replace(
        item,
        raw_minutes=item.raw_minutes + other.raw_minutes,
        billable_minutes=values["billable_minutes"],
        net=values["net"],
        steps=(*kept, values["net_step"]),
    )


def _settled(item: Item) -> Item:
    is_charged = item.line is not None and _measure(item) == "billable_minutes"
    return _cancelled(item) if is_charged and not item.billable_minutes else item


def _cancelled(item: Item) -> Item:
    """A correction that another one of the same price cancels out."""
    kept = [each for each in item.steps if each.code not in ("price", "net")]
    return replace(
        item,
        state="written_off",
        reason=ROUNDED_BEFORE,
        net=ZERO,
        line=None,
        steps=(*kept, step("written_off", reason=ROUNDED_BEFORE)),
    )


def _changes(before: Iterable[Item], after: Iterable[Item]) -> dict[Key, _Change]:
    changes: dict[Key, _Change] = {}
    for item in after:
        changes.setdefault(_key(item), _Change()).after.append(item)
    for item in before:
        changes.setdefault(_key(item), _Change()).before.append(item)
    return changes


def _key(item: Item) -> Key:
    """What may be added up: work of one price, or not charged for one reason."""
    if item.state == "open":
        price = (item.unit_price, item.surcharge_percent, item.discount_percent)
        return ("open", _is_per_unit(item), *price)
    return (item.state, item.reason, item.allotment, item.period)


def _is_per_unit(item: Item) -> bool:
    """Say whether the price is per unit; time within a flat fee has no quantity."""
    return bool(item.quantity) or item.kind == "flat"


def _is_due(key: Key, change: _Change) -> bool:
    state, reason = key[:2]
    if state == "open":
        return bool(change.difference(_measure(change.sample)))
    if reason == ROUNDED_BEFORE:  # only raw minutes: part of the rest
        return False
    names = ("raw_minutes", "billable_minutes", "allotment_used")
    return any(change.difference(name) for name in names)


def _measure(item: Item) -> str:
    """What the price of an item is multiplied with."""
    is_quantity = item.state == "open" and _is_per_unit(item)
    return "quantity" if is_quantity else "billable_minutes"


def _correction(key: Key, change: _Change) -> dict:
    item = change.sample
    measure = _measure(item)
    values = _values(item)
    values.update(
        raw_minutes=change.difference("raw_minutes"),
        billable_minutes=change.difference("billable_minutes"),
        state=item.state,
        reason=item.reason,
        allotment=item.allotment,
        period=item.period,
        allotment_used=change.difference("allotment_used"),
    )
    before, after = _total(change.before, measure), _total(change.after, measure)
    values["steps"] = (*_steps(item), step(KIND, before=before, after=after))
    if item.state == "open":
        _charge(values, key, change)
    return values


def _charge(values: dict, key: Key, change: _Change) -> None:
    """Put the price and a line to what is charged or given back."""
    item = change.sample
    measure = _measure(item)
    values[measure] = change.difference(measure)
    for name in _PRICE:
        values[name] = getattr(item, name)
    values["line"] = (KIND, item.entry, key)
    price_lines([values], _decimals(item))


def _decimals(item: Item) -> int:
    """Decimals of the currency, as the net of a charged item was rounded."""
    return next(each.figures["decimals"] for each in item.steps if each.code == "net")


def _place_rest(rest: int, values: list[dict], item: Item) -> None:
    """Keep raw minutes that change no price: with the biggest charge, or alone."""
    charges = [each for each in values if each["state"] == "open"]
    if charges:
        biggest = max(charges, key=lambda each: abs(each["billable_minutes"]))
        biggest["raw_minutes"] += rest
        return
    alone = _values(item)
    alone.update(raw_minutes=rest, state="written_off", reason=ROUNDED_BEFORE)
    alone["steps"] = (step("written_off", reason=ROUNDED_BEFORE),)
    values.append(alone)


def _steps(item: Item) -> list[Step]:
    """Steps of an item without those that belong to its own amount."""
    return [each for each in item.steps if each.code not in ("net", KIND)]


def _values(item: Item) -> dict:
    """What a correction has in common with the item that it is about."""
    names = ("ticket", "day", "entry", "employee", "work_type", "start", "stop")
    return {"kind": KIND, **{name: getattr(item, name) for name in names}}


def _total(items: Iterable[Item], name: str) -> int | Decimal:
    return sum(getattr(item, name) for item in items)

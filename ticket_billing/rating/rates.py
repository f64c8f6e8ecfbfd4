"""Hourly rates: the most specific one that is valid on the work date."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from .errors import AmbiguousRate, NoRate
from .explain import step
from .results import Step
from .types import Entry, Key, Rate

_WITHOUT_TICKET = (
    ("contract", "work_type", "employee"),
    ("contract", "work_type"),
    ("contract", "employee"),
    ("contract",),
    ("work_type", "employee"),
    ("employee",),
    ("work_type",),
    (),
)
LEVELS = tuple(("ticket", *level) for level in _WITHOUT_TICKET) + _WITHOUT_TICKET
"""What a rate is narrowed by, most specific first."""

_NARROWING = ("ticket", "contract", "work_type", "employee")


@dataclass(frozen=True, slots=True)
class HourlyPrice:
    """Price per hour before factor and surcharge, with its explanation."""

    value: Decimal
    step: Step
    is_override: bool = False


def _level(rate: Rate) -> tuple[str, ...]:
    return tuple(name for name in _NARROWING if getattr(rate, name) is not None)


def _group(rates: Iterable[Rate]) -> dict[tuple, dict[tuple, list[Rate]]]:
    """Rates by level, then by what they are narrowed to."""
    groups: dict[tuple, dict[tuple, list[Rate]]] = defaultdict(dict)
    for rate in rates:
        level = _level(rate)
        values = tuple(getattr(rate, name) for name in level)
        groups[level].setdefault(values, []).append(rate)
    return groups


def _overlap(first: Rate, second: Rate) -> bool:
    return not (_ends_before(first, second) or _ends_before(second, first))


def _ends_before(first: Rate, second: Rate) -> bool:
    if first.valid_to is None or second.valid_from is None:
        return False
    return first.valid_to < second.valid_from


def find_conflicts(rates: Iterable[Rate]) -> list[tuple[Key, Key]]:
    """Keys of all pairs that are equally specific on a common day."""
    return [
        (first.key, second.key)
        for level in _group(rates).values()
        for equal in level.values()
        for first, second in combinations(equal, 2)
        if _overlap(first, second)
    ]


class _Index:
    """Rates looked up level by level."""

    def __init__(self, rates: Iterable[Rate]):
        groups = _group(rates)
        self._levels = [(level, groups[level]) for level in LEVELS if level in groups]

    def find(self, entry: Entry, day: date) -> tuple[Rate, tuple[str, ...]] | None:
        for level, rates in self._levels:
            values = tuple([getattr(entry, name) for name in level])
            valid = [rate for rate in rates.get(values, ()) if _is_valid(rate, day)]
            if len(valid) > 1:
                raise AmbiguousRate(valid[0].key, valid[1].key)
            if valid:
                return valid[0], level
        return None


def _is_valid(rate: Rate, day: date) -> bool:
    if rate.valid_from is not None and day < rate.valid_from:
        return False
    return rate.valid_to is None or day <= rate.valid_to


class RateBook:
    """Finds the price per hour of an entry; results are kept.

    Adjustments and multipliers refer to the standard rate: the most specific
    fixed one that names neither contract nor ticket.
    """

    def __init__(self, rates: Iterable[Rate]):
        rates = sorted(rates, key=lambda rate: str(rate.key))
        self._all = _Index(rates)
        self._standard = _Index(
            rate
            for rate in rates
            if rate.kind == "fixed" and rate.contract is None and rate.ticket is None
        )
        self._by_ticket = any(rate.ticket is not None for rate in rates)
        self._found: dict[tuple, HourlyPrice] = {}

    def find(self, entry: Entry, day: date) -> HourlyPrice:
        """Price per hour of ``entry`` on ``day``.

        Raise :class:`NoRate` or :class:`AmbiguousRate`.
        """
        if entry.rate is not None:
            return _override(entry.rate)
        ticket = entry.ticket if self._by_ticket else None
        key = (entry.contract, entry.work_type, entry.employee, ticket, day)
        price = self._found.get(key)
        if price is None:
            price = self._found[key] = self._look_up(entry, day)
        return price

    def _look_up(self, entry: Entry, day: date) -> HourlyPrice:
        found = self._all.find(entry, day)
        if found is None:
            raise NoRate(f"no rate for entry {entry.key} on {day}")
        rate, level = found
        figures = {
            "value": rate.value,
            "key": rate.key,
            "level": "+".join(level) or "default",
            "kind": rate.kind,
        }
        if rate.kind == "fixed":
            return HourlyPrice(rate.value, step("rate", **figures))
        standard = self._standard.find(entry, day)
        if standard is None:
            raise NoRate(f"no standard rate to change for entry {entry.key}")
        base = standard[0].value
        value = base + rate.value if rate.kind == "adjust" else base * rate.value
        figures.update(base=base, base_key=standard[0].key)
        return HourlyPrice(value, step("rate", **figures))


def _override(value: Decimal) -> HourlyPrice:
    return HourlyPrice(value, step("rate", value=value, level="entry"), True)

"""Allotments: what is included, used and carried over, period by period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .money import half_up, hourly_net
from .results import Balance
from .segments import Segment
from .types import HUNDRED, ZERO, Allotment, Key

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_Buckets = list[tuple[int, Decimal]]
"""What is left of the grants of periods (number of the period, quantity)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Price of a segment, for allotments that count money."""

    unit_price: Decimal
    discount_percent: Decimal
    decimals: int


@dataclass(slots=True, eq=False)
class Part:
    """A piece of a segment that an allotment covers, or that none does."""

    segment: Segment
    start: int | None
    raw: int
    billable: int
    ledger: "Ledger | None" = None
    period: int = 0
    before: Decimal = ZERO
    taken: Decimal = ZERO

    @property
    def is_empty(self) -> bool:
        return not self.raw and not self.billable


class Ledger:
    """One allotment with what is used of it.

    ``used`` is what earlier runs took, by first day of the period. Later use is
    respected: what a later period has taken from a carry-over is not given twice.
    """

    def __init__(self, allotment: Allotment, used: Mapping[date, Decimal], decimals=2):
        self.allotment = allotment
        self._length = _MONTHS.get(allotment.period)
        self._decimals = decimals if allotment.unit == "amount" else 0
        self.used: dict[int, Decimal] = {}
        self.overage: dict[int, Decimal] = {}
        self._openings: dict[int, _Buckets] = {}
        for day, quantity in used.items():
            number = self.number(day)
            self.used[number] = self.used.get(number, ZERO) + quantity

    def number(self, day: date) -> int:
        """Number of the period that ``day`` lies in; a block has one: 0."""
        if self._length is None:
            return 0
        return (day.year * 12 + day.month - 1) // self._length

    def first_day(self, number: int) -> date:
        """First day of a period (of a block: its start)."""
        if self._length is None:
            return self.allotment.start or date.min
        year, month = divmod(number * self._length, 12)
        return date(year, month + 1, 1)

    def last_day(self, day: date) -> date:
        """Last day on which what is included on ``day`` can be used."""
        expires = self.allotment.expires or date.max
        if self._length is None:
            return expires
        following = self.first_day(self.number(day) + 1)
        return min(expires, date.fromordinal(following.toordinal() - 1))

    def is_for(self, work_type: Key) -> bool:
        """Say whether the allotment is for this type of work."""
        work_types = self.allotment.work_types
        return work_types is None or work_type in work_types

    def is_in_force(self, day: date) -> bool:
        """Say whether the allotment can be used on this day."""
        start, expires = self.allotment.start, self.allotment.expires
        return (start is None or day >= start) and (expires is None or day <= expires)

    def is_valid(self, work_type: Key, day: date) -> bool:
        """Say whether the allotment is for this work on this day."""
        return self.is_for(work_type) and self.is_in_force(day)

    def grant(self, number: int) -> Decimal:
        """What a period adds, in proportion to its days if it is a first one."""
        allotment = self.allotment
        start = allotment.start
        if self._length is None:
            return allotment.quantity
        if allotment.expires and self.first_day(number) > allotment.expires:
            return ZERO
        if start is None or number > self.number(start):
            return allotment.quantity
        if number < self.number(start):
            return ZERO
        if allotment.first_period == "full":
            return allotment.quantity
        following = self.first_day(number + 1)
        days = (following - self.first_day(number)).days
        share = allotment.quantity * (following - start).days / days
        return half_up(share, self._decimals)

    def free(self, number: int) -> Decimal:
        """What can still be taken in a period."""
        buckets, shortage = self._after(number)
        left = sum((quantity for _grant, quantity in buckets), ZERO)
        if shortage or left <= 0:
            return ZERO
        if self.allotment.carry_over and any(later > number for later in self.used):
            owed = self._later_shortage(number, left)
            left -= owed - self._later_shortage(number, ZERO)
        return left

    def take(self, number: int, quantity: Decimal) -> None:
        """Use ``quantity`` in a period."""
        self.used[number] = self.used.get(number, ZERO) + quantity
        for later in [each for each in self._openings if each > number]:
            del self._openings[later]

    def add_overage(self, part: Part, terms: Terms) -> None:
        """Note work that the allotment did not cover."""
        number = self.number(part.segment.day)
        quantity = self._cost(part, terms)
        self.overage[number] = self.overage.get(number, ZERO) + quantity

    def balance(self, number: int) -> Balance:
        """State of a period."""
        opening = self._opening(number)
        buckets, _shortage = self._after(number)
        left = sum((quantity for _grant, quantity in buckets), ZERO)
        carried = sum((quantity for _, quantity in self._close(buckets, number)), ZERO)
        return Balance(
            self.allotment.key,
            self.first_day(number),
            sum((quantity for _grant, quantity in opening), self.grant(number)),
            self.used.get(number, ZERO),
            self.overage.get(number, ZERO),
            carried,
            left - carried,
        )

    def balances(self) -> list[Balance]:
        """State of all periods with use or overage."""
        return [self.balance(number) for number in sorted({*self.used, *self.overage})]

    # Carry-over: grants are used oldest first, the rest moves on at the end.

    def _first(self, number: int) -> int:
        start = self.allotment.start
        known = [self.number(start)] if start else list(self.used)
        return min([*known, number])

    def _opening(self, number: int) -> _Buckets:
        """What comes over into a period."""
        if self._length is None or self.allotment.carry_over is None:
            return []
        if number not in self._openings:
            buckets: _Buckets = []
            for earlier in range(self._first(number), number):
                buckets = self._openings.setdefault(earlier, buckets)
                buckets = self._close(self._after(earlier)[0], earlier)
            self._openings[number] = buckets
        return self._openings[number]

    def _after(self, number: int) -> tuple[_Buckets, Decimal]:
        buckets = [*self._opening(number), (number, self.grant(number))]
        return _spend(buckets, self.used.get(number, ZERO))

    def _close(self, buckets: _Buckets, number: int) -> _Buckets:
        """What of the rest of a period comes over into the next one."""
        carry = self.allotment.carry_over
        if carry is None or self._length is None:
            return []
        oldest = number + 1 - carry.expires_after_periods
        kept = [(grant, left) for grant, left in buckets if left and grant >= oldest]
        excess = sum((left for _grant, left in kept), ZERO) - carry.maximum
        return _spend(kept, excess)[0] if excess > 0 else kept

    def _later_shortage(self, number: int, extra: Decimal) -> Decimal:
        """What later periods would lack if ``extra`` more were used in this one."""
        buckets = [*self._opening(number), (number, self.grant(number))]
        buckets, _short = _spend(buckets, self.used.get(number, ZERO) + extra)
        total = ZERO
        for later in range(number + 1, max(self.used) + 1):
            buckets = self._close(buckets, later - 1) + [(later, self.grant(later))]
            buckets, short = _spend(buckets, self.used.get(later, ZERO))
            total += short
        return total

    # Coverage of work.

    def cover(self, part: Part, terms: Terms, follows: bool) -> tuple[Part, Part]:
        """Split ``part`` into what is covered and what is left (either may be empty).

        Whole minutes are covered. ``follows``: the allotment covered the end of the
        work that a rounding surplus belongs to.
        """
        number = self.number(part.segment.day)
        free = self.free(number)
        raw, billable = self._covered_minutes(part, free, terms, follows)
        start = part.start
        covered = Part(part.segment, start, raw, billable, self, number, free)
        if not covered.is_empty:
            covered.taken = max(min(self._cost(covered, terms), free), ZERO)
            self.take(number, covered.taken)
        rest = Part(
            part.segment,
            None if start is None else start + raw,
            part.raw - raw,
            part.billable - billable,
        )
        return covered, rest

    def _covered_minutes(self, part, free, terms, follows) -> tuple[int, int]:
        """Raw and billable minutes of ``part`` for which ``free`` is enough."""
        if self.allotment.basis == "raw" and self.allotment.unit == "minutes":
            if not part.raw:
                return (0, part.billable) if follows else (0, 0)
            raw = min(part.raw, int(free))
            whole = raw == part.raw
            return raw, part.billable if whole else min(part.billable, raw)
        if free <= 0:
            return 0, 0
        if self._cost(part, terms) <= free:
            return part.raw, part.billable
        cost, minutes = self._price(part, terms)
        billable = int(free * minutes / cost)
        return min(part.raw, billable), billable

    def _price(self, part: Part, terms: Terms) -> tuple[Decimal, int]:
        """What a number of billable minutes takes, as (quantity, minutes)."""
        if self.counts_money:
            return terms.unit_price * (HUNDRED - terms.discount_percent), 60 * 100
        if self.allotment.basis == "weighted":
            return HUNDRED + part.segment.surcharge.percent, 100
        return Decimal(1), 1

    @property
    def counts_money(self) -> bool:
        """Say whether work is counted by its price."""
        return self.allotment.unit == "amount" or self.allotment.basis == "amount"

    def _cost(self, part: Part, terms: Terms) -> Decimal:
        if self.counts_money:
            price, discount = terms.unit_price, terms.discount_percent
            return hourly_net(part.billable, price, discount, terms.decimals)
        if self.allotment.basis == "raw":
            return Decimal(part.raw)
        cost, minutes = self._price(part, terms)
        return part.billable * cost / minutes


def _spend(buckets: _Buckets, quantity: Decimal) -> tuple[_Buckets, Decimal]:
    """Take ``quantity`` from the oldest first: what is left, and what is lacking."""
    rest = []
    for grant, left in buckets:
        taken = min(left, quantity)
        quantity -= taken
        rest.append((grant, left - taken))
    return rest, max(quantity, ZERO)


def balance(
    allotment: Allotment, used: Mapping[date, Decimal], on: date, decimals: int = 2
) -> Balance:
    """State of an allotment in the period of ``on``.

    ``used`` is by first day of the period.
    """
    ledger = Ledger(allotment, used, decimals)
    return ledger.balance(ledger.number(on))

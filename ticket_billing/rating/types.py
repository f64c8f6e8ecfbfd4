"""Inputs of the rating core.

Everything here is plain data. Keys (``Key``) are opaque to the core: the models
pass record ids, tests pass strings. Times are aware datetimes, minutes are
integers, prices are :class:`~decimal.Decimal` in the currency of the contract.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal, Protocol

Key = Hashable

ZERO = Decimal(0)
HUNDRED = Decimal(100)

RoundingMode = Literal["up", "nearest", "down", "none"]
RoundingScope = Literal["entry", "visit", "ticket", "invoice"]
LineGrouping = Literal["entry", "visit", "ticket", "ticket_rate"]
Combination = Literal["highest", "additive", "multiplicative"]
BillingType = Literal["billable", "internal", "deleted", "warranty", "goodwill"]


class HolidayCalendar(Protocol):
    """Public holidays of a service location."""

    def is_holiday(self, location: str | None, day: date) -> bool:
        """Say whether ``day`` is a public holiday at ``location``.

        ``location`` is ``CC-STATE`` or ``CC-STATE/Municipality`` (``DE-BY/Augsburg``).
        """


@dataclass(frozen=True, slots=True)
class Rounding:
    """How raw minutes become billable minutes (all figures in minutes).

    With ``memory`` of a ticket's ``lifetime``, the scope ``ticket`` is rounded
    together with what earlier runs billed; other scopes remember nothing.
    """

    increment: int = 1
    mode: RoundingMode = "none"
    scope: RoundingScope = "entry"
    first_block: int = 0
    minimum: int = 0
    memory: Literal["invoice", "lifetime"] = "invoice"


@dataclass(frozen=True, slots=True)
class Rate:
    """A price per hour, narrowed by what it is for; ``None`` means any.

    ``value`` is a price per hour (``fixed``), an amount per hour added to the
    standard rate (``adjust``), or a factor on it (``multiplier``). Validity is
    inclusive on both ends and judged at the local work date.
    """

    key: Key
    value: Decimal
    kind: Literal["fixed", "adjust", "multiplier"] = "fixed"
    contract: Key | None = None
    work_type: Key | None = None
    employee: Key | None = None
    ticket: Key | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A surcharge in percent while local time lies inside the window.

    ``start``/``stop`` are local clock times, may cross midnight, and ``None``
    means the whole day. ``weekdays`` counts from Monday = 0. With ``holidays``
    the window holds on public holidays of the service location. ``valid_from`` and
    ``valid_to`` are the first and last day on which it can begin.
    """

    key: Key
    percent: Decimal
    start: time | None = None
    stop: time | None = None
    weekdays: frozenset[int] | None = None
    holidays: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class CarryOver:
    """What of an unused period may be used later (unit of the allotment)."""

    maximum: Decimal
    expires_after_periods: int = 1


@dataclass(frozen=True, slots=True)
class Allotment:
    """Work included in a contract: per period, or as a prepaid block.

    ``quantity`` is in minutes, money or tickets as ``unit`` says. A block is
    valid from ``start`` to ``expires``; a period allotment restarts every
    ``period`` from ``start`` on (``None``: first day of the period).
    """

    key: Key
    quantity: Decimal
    unit: Literal["minutes", "amount", "tickets"] = "minutes"
    period: Literal["month", "quarter", "year"] | None = "month"
    start: date | None = None
    expires: date | None = None
    basis: Literal["raw", "rounded", "weighted", "amount"] = "rounded"
    work_types: frozenset[Key] | None = None
    carry_over: CarryOver | None = None
    first_period: Literal["full", "prorate_days"] = "full"
    overage_price: Decimal | None = None
    overage_surcharges: bool = True
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FlatFee:
    """A flat price per ticket of a type, with minutes included in it."""

    key: Key
    price: Decimal
    ticket_type: Key | None = None
    included_minutes: int | None = None
    """``None``: all the time of the ticket is included."""
    valid_from: date | None = None
    valid_to: date | None = None

    def is_valid(self, day: date) -> bool:
        """Whether work of this day has this fee."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that a contract and its policy say about prices."""

    timezone: str
    currency_decimals: int = 2
    unit_price_decimals: int = 2
    rounding: Rounding = field(default_factory=Rounding)
    rates: tuple[Rate, ...] = ()
    windows: tuple[Window, ...] = ()
    combination: Combination = "highest"
    surcharge_display: Literal["in_unit_price", "separate_line"] = "in_unit_price"
    holidays: HolidayCalendar | None = None
    default_location: str | None = None
    allotments: tuple[Allotment, ...] = ()
    flat_fees: tuple[FlatFee, ...] = ()
    work_type_factor: Mapping[Key, Decimal] = field(default_factory=dict)
    discount_percent: Decimal = ZERO
    discount_kinds: frozenset[str] | None = None
    emergency_percent: Decimal = ZERO
    emergency_flat_fee: Decimal = ZERO
    line_grouping: LineGrouping = "entry"
    lines_per_worker: bool = False
    show_covered_lines: bool = False
    warranty_display: Literal["discount_line", "hidden"] = "hidden"
    max_minutes_per_entry: int = 24 * 60
    minimum_per_ticket: Decimal = ZERO
    cap_per_ticket: Decimal | None = None
    cap_scope: Literal["lifetime", "invoice"] = "lifetime"
    cap_kinds: frozenset[str] | None = None
    """Kinds of lines that count for the cap; ``None`` means all."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of recorded work. ``minutes`` are raw and never change.

    ``start``/``stop`` are aware datetimes or both ``None``; ``day`` is the local
    work date.
    """

    key: Key
    ticket: Key
    minutes: int
    day: date
    start: datetime | None = None
    stop: datetime | None = None
    employee: Key | None = None
    work_type: Key | None = None
    contract: Key | None = None
    billing: BillingType = "billable"
    emergency: bool = False
    rate: Decimal | None = None
    """Price per hour set on the entry itself; wins over every rate."""
    visit: Key | None = None
    ticket_type: Key | None = None
    location: str | None = None
    invoice: Key = None
    """What shares an invoice, where a customer gets several."""
    billable: int | None = None
    """Billable minutes of a credited part: rounded before, not once more."""


@dataclass(frozen=True, slots=True)
class Charge:
    """Material, travel, an expense or a fee: ``quantity`` at ``unit_price`` each.

    ``ticket`` is ``None`` for what belongs to the contract as a whole.
    """

    key: Key
    ticket: Key | None
    kind: Literal["material", "travel", "expense", "recurring", "prepaid_block"]
    quantity: Decimal
    unit_price: Decimal
    day: date
    billing: BillingType = "billable"


@dataclass(frozen=True, slots=True)
class Incident:
    """A ticket to be counted by an allotment of tickets.

    ``day`` is when it counts (closed, opened), as the contract says. Tickets of
    entries that are not listed count on the day of their first work.
    """

    key: Key
    day: date


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs settled and this rating has to remember.

    ``used``: per allotment key and first day of its period, what was covered
    (unit of the allotment). ``flat_tickets``: tickets whose flat fee is settled,
    with the minutes already covered by it. ``emergency_tickets``: tickets whose
    emergency fee is settled. ``counted_tickets``: tickets that an allotment of
    tickets includes or has charged already. ``billed_tickets``: per ticket and kind
    of line, the net billed. ``rounded_tickets``: raw and billable minutes of tickets
    that earlier runs settled (neither those of flat fees nor free ones).
    """

    used: Mapping[tuple[Key, date], Decimal] = field(default_factory=dict)
    flat_tickets: Mapping[Key, int] = field(default_factory=dict)
    emergency_tickets: frozenset[Key] = frozenset()
    counted_tickets: frozenset[Key] = frozenset()
    billed_tickets: Mapping[Key, Mapping[str, Decimal]] = field(default_factory=dict)
    rounded_tickets: Mapping[Key, tuple[int, int]] = field(default_factory=dict)

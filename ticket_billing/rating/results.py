"""Results of the rating core: items, lines and balances."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from .types import ZERO, Key

ItemState = Literal["open", "covered", "written_off", "held"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an explanation: a code and its figures, put into words later.

    Figures are JSON values (decimals and dates as strings), so that a stored
    explanation is enough to compute the price again.
    """

    code: str
    figures: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Item:
    """One rated piece of work: the unit of the ledger.

    Per entry, ``raw_minutes`` of its items add up to the entry's minutes.
    ``unit_price`` is per hour for time and per unit otherwise, surcharge
    included; items priced by the hour have no ``quantity``. An item of kind
    ``surcharge`` repeats the billable minutes of the work it is for.
    ``allotment_used`` is what the item takes from its allotment (unit of the
    allotment): its sum per allotment and period is what :class:`History` wants.
    ``credited`` is the settled item whose credited minutes a correction uses up.
    ``line`` names the invoice line that the item belongs to: items of
    equal ``line`` share price and discount, and their ``net`` adds up to the net
    of the line.
    """

    kind: str
    ticket: Key
    day: date
    entry: Key | None = None
    charge: Key | None = None
    segment: int = 0
    employee: Key | None = None
    work_type: Key | None = None
    start: datetime | None = None
    stop: datetime | None = None
    raw_minutes: int = 0
    billable_minutes: int = 0
    quantity: Decimal = ZERO
    unit_price: Decimal = ZERO
    surcharge_percent: Decimal = ZERO
    discount_percent: Decimal = ZERO
    net: Decimal = ZERO
    state: ItemState = "open"
    reason: str | None = None
    warning: str | None = None
    allotment: Key | None = None
    period: date | None = None
    allotment_used: Decimal = ZERO
    credited: Key | None = None
    line: Key = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Items that make one invoice line; ``net`` is the sum of theirs.

    ``quantity`` is in hours (6 decimals) where the line counts ``minutes``,
    otherwise in units and ``minutes`` is ``None``.
    """

    key: Key
    kind: str
    items: tuple[Item, ...]
    minutes: int | None
    quantity: Decimal
    unit_price: Decimal
    surcharge_percent: Decimal
    discount_percent: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """State of an allotment in one period (unit of the allotment).

    ``available`` contains what came over from earlier periods. ``carried`` and
    ``lapsed`` say what becomes of the rest if nothing more is used.
    """

    allotment: Key
    period: date
    available: Decimal
    used: Decimal
    overage: Decimal
    carried: Decimal = ZERO
    lapsed: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Rating:
    """Result of :func:`~.engine.rate`."""

    items: tuple[Item, ...]
    balances: tuple[Balance, ...] = ()

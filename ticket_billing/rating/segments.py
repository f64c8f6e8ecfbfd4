"""Working data: entries under way, cut into segments of one price each."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .results import Step
from .types import ZERO, Entry, Key


@dataclass(frozen=True, slots=True)
class Surcharge:
    """Percent on the price, and the windows that it comes from."""

    percent: Decimal = ZERO
    keys: tuple[Key, ...] = ()
    step: Step | None = None


NO_SURCHARGE = Surcharge()


@dataclass(slots=True, eq=False)
class Segment:
    """Consecutive minutes of one day and one surcharge.

    ``start`` counts UTC minutes since 1970 (``None``: no clock time). ``scope``
    is set on rounding surplus that belongs to several invoice lines.
    """

    work: "Work"
    day: date
    start: int | None
    raw: int
    billable: int
    surcharge: Surcharge = NO_SURCHARGE
    scope: Key = None


@dataclass(slots=True, eq=False)
class Work:
    """Minutes of an entry that go the same way: all, or those beyond a flat fee."""

    entry: Entry
    start: int | None
    minutes: int
    kind: str = "time"
    warning: str | None = None
    rounding: Step | None = None
    segments: list[Segment] = field(default_factory=list)

    @property
    def is_remembered(self) -> bool:
        """Say whether it is rounded together with what earlier runs billed."""
        return self.rounding is not None and "raw_before" in self.rounding.figures

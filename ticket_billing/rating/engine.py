"""Rating: from recorded work and conditions to priced items."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from . import minutes
from .allocation import Allocator
from .allotments import Ledger, Part
from .clock import Zone, to_minute
from .errors import ConfigurationError, RatingError
from .explain import step
from .flat import FlatFees, flat_step
from .limits import TicketLimits
from .lines import make_items, price_lines, write_off_empty
from .pricing import Pricer, entry_values
from .results import Rating
from .segments import Work
from .types import ZERO, Charge, Conditions, Entry, History, Incident, Key
from .windows import WindowTable

NO_HISTORY = History()


def rate(
    conditions: Conditions,
    entries: Iterable[Entry],
    charges: Iterable[Charge] = (),
    history: History = NO_HISTORY,
    incidents: Iterable[Incident] = (),
) -> Rating:
    """Rate the work of one customer under the conditions of one contract.

    The result does not depend on the order of the input: work is rated in order
    of its time, then of its key (keys must sort). With the rounding scope
    ``invoice`` entries of equal ``Entry.invoice`` are rounded together.

    Work that cannot be priced comes back as held items with a reason; only
    conditions that cannot price anything raise :class:`ConfigurationError`.
    """
    with _garbage_left_alone():
        return _Run(conditions, history).rate(list(entries), charges, incidents)


@contextmanager
def _garbage_left_alone() -> Iterator[None]:
    """Pause the collector: what rating makes lives to its end, in great numbers.

    To look through it again and again took a third of the time.
    """
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_collecting:
            gc.enable()


class _Run:
    def __init__(self, conditions: Conditions, history: History):
        minutes.check(conditions.rounding)
        self.conditions = conditions
        self.history = history
        self.zone = Zone(conditions.timezone)
        self.windows = WindowTable(conditions, self.zone)
        self.pricer = Pricer(conditions)
        self.flat = FlatFees(conditions, history)
        self.allocator = Allocator(conditions, history, self.pricer)
        self.values: list[dict] = []
        self._emergencies: set[Key] = set(history.emergency_tickets)

    def rate(self, entries, charges, incidents) -> Rating:
        if len({entry.key for entry in entries}) < len(entries):
            raise ConfigurationError("an entry is given twice")
        works = []
        for _moment, _key, entry in sorted(
            ((self._moment(entry), entry.key, entry) for entry in entries),
            key=lambda each: each[:2],
        ):
            works += self._admit(entry)
        minutes.round_works(works, self.conditions, self.history)
        tickets = self.allocator.tickets
        tickets.count(incidents, works)
        for work in works:
            self._value(work)
        for values in tickets.values:
            self._add_ticket(values)
        for charge in sorted(charges, key=lambda each: (each.day, each.key)):
            self.values.append(self.pricer.charge(charge))
        write_off_empty(self.values)
        price_lines(self.values, self.conditions.currency_decimals)
        adjustments = TicketLimits(self.conditions, self.history).apply(self.values)
        items = make_items(self.values + adjustments)
        ledgers = self.allocator.ledgers
        balances = [state for ledger in ledgers for state in ledger.balances()]
        return Rating(tuple(items), tuple(balances))

    def _moment(self, entry: Entry) -> int:
        """Time of the work in UTC minutes; without clock time, start of the day."""
        if entry.start is None or entry.start.tzinfo is None:
            return self.zone.midnight(entry.day)
        return to_minute(entry.start)

    # Admission: what can be rated at all

    def _admit(self, entry: Entry) -> list[Work]:
        """Cut an entry into segments; what is not rated further becomes an item."""
        reason = self._fault(entry)
        if reason:
            self._set_aside(entry, "held", reason)
            return []
        is_ours = entry.billing in ("internal", "deleted")
        if is_ours or not (entry.minutes or entry.billable):
            reason = entry.billing if is_ours else "no_minutes"
            self._set_aside(entry, "written_off", reason)
            return []
        start = None if entry.start is None else to_minute(entry.start)
        work = Work(entry, start, entry.minutes)
        if entry.billing != "billable":
            work.kind = "goodwill"
        return self._cut(work)

    def _cut(self, work: Work) -> list[Work]:
        entry = work.entry
        if self.windows.has_clock_windows and work.start is None:
            work.warning = "clock_time_missing"
        elif self.windows.has_holidays and not self.windows.location(work):
            work.warning = "location_missing"
        try:
            work.segments = self.windows.cut(work)
            fee = self.flat.fee(entry)
            if fee:
                self._add_flat(work, fee)
                work.segments = self.windows.cut(work) if work.minutes else []
        except RatingError as error:
            self._set_aside(entry, "held", error.code)
            return []
        return [work] if work.segments else []

    def _fault(self, entry: Entry) -> str | None:
        """Reason to hold an entry whose figures cannot be right."""
        if entry.minutes < 0:
            return "invalid_minutes"
        if entry.minutes > self.conditions.max_minutes_per_entry:
            return "too_many_minutes"
        if entry.start is None:
            return None
        if entry.start.tzinfo is None:
            return "time_without_zone"
        if entry.stop is None:
            return None
        if entry.stop.tzinfo is None:
            return "time_without_zone"
        if entry.stop < entry.start:
            return "stop_before_start"
        seconds = (entry.stop - entry.start).total_seconds()
        # Fewer minutes than elapsed are a break; seconds were rounded up at intake.
        return "minutes_mismatch" if entry.minutes * 60 >= seconds + 120 else None

    def _set_aside(self, entry: Entry, state: str, reason: str) -> None:
        values = entry_values(entry, "time", entry.day)
        values.update(raw_minutes=entry.minutes, state=state, reason=reason)
        values.update(start=entry.start, stop=entry.stop)
        values["steps"] = (step(state, reason=reason),)
        self.values.append(values)

    def _add_flat(self, work: Work, fee) -> None:
        """Item of the minutes that a flat fee includes, and of the fee."""
        first = work.segments[0]
        included, is_due = self.flat.take(work, fee)
        self._add_emergency(work, first.day)
        if not included and not is_due:
            return
        values = entry_values(work.entry, "flat", first.day)
        values.update(raw_minutes=included, billable_minutes=included)
        explanation = flat_step(fee, included)
        if self.flat.is_settled(work.entry):
            values.update(state="covered", reason="flat_fee", steps=(explanation,))
        else:
            values["quantity"] = Decimal(1) if is_due else ZERO
            owner = ("ticket", work.entry.ticket)
            self.pricer.fee(values, fee.price, "flat_fee", fee.key, owner)
            values["steps"] = (explanation, *values["steps"])
        self.values.append(values)

    # Valuation, in order of work time

    def _value(self, work: Work) -> None:
        ledger = None
        for segment in work.segments:
            try:
                parts, overage = self.allocator.allocate(segment, ledger)
            except RatingError as error:
                part = Part(segment, segment.start, segment.raw, segment.billable)
                self.values.append(self.pricer.held(part, work.kind, error))
                continue
            for part in parts:
                self.values += self._price(part, overage)
            ledger = parts[-1].ledger

    def _price(self, part: Part, overage: Ledger | None) -> list[dict]:
        work = part.segment.work
        if work.is_remembered and not part.billable and not part.taken:
            self._add_emergency(work, part.segment.day)
            return [self.pricer.rounded_before(part)]
        if part.ledger:
            self._add_emergency(work, part.segment.day)
            return [self.pricer.covered(part)]
        kind = "overage" if overage else work.kind
        try:
            values = self.pricer.time(part, kind, overage)
        except RatingError as error:
            return [self.pricer.held(part, kind, error)]
        self._add_emergency(work, part.segment.day)
        return values

    # Fees

    def _add_emergency(self, work: Work, day) -> None:
        """Add the emergency fee of a ticket, once."""
        entry = work.entry
        fee = self.conditions.emergency_flat_fee
        if not (entry.emergency and fee) or work.kind == "goodwill":
            return
        if entry.ticket in self._emergencies:
            return
        self._emergencies.add(entry.ticket)
        values = {
            "kind": "emergency_fee",
            "ticket": entry.ticket,
            "day": day,
            "quantity": Decimal(1),
        }
        owner = ("ticket", entry.ticket)
        self.pricer.fee(values, fee, "emergency_fee", None, owner)
        self.values.append(values)

    def _add_ticket(self, values: dict) -> None:
        if values["kind"] == "overage":
            price, level = values.pop("price"), values.pop("level")
            key, owner = values.pop("key"), values.pop("owner")
            self.pricer.fee(values, price, level, key, owner)
        self.values.append(values)

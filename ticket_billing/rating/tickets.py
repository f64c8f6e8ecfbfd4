"""Counting tickets against allotments of tickets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .allotments import Ledger
from .explain import step
from .segments import Work
from .types import Conditions, History, Incident, Key

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Counted:
    """How a ticket stands: its time is included, or has to be paid by the hour."""

    ledger: Ledger
    number: int
    time_is_included: bool


class TicketCounter:
    """Counts tickets in the order of their days, then keys.

    An extra ticket with a price of its own is charged once and its time included;
    without one its time is charged by the hour.
    """

    def __init__(self, conditions: Conditions, history: History, ledgers: list[Ledger]):
        self._conditions = conditions
        self._history = history
        self._ledgers = ledgers
        self._counted: dict[Key, Counted] = {}
        self.values: list[dict] = []

    def count(self, incidents: Iterable[Incident], works: Iterable[Work]) -> None:
        """Decide for each ticket, and collect the item values of those that count."""
        if not self._ledgers:
            return
        days = {incident.key: incident.day for incident in incidents}
        for work in works:
            if work.kind == "time" and work.entry.ticket not in days:
                self._add_day(days, work)
        for ticket, day in sorted(days.items(), key=lambda each: (each[1], each[0])):
            ledger = next((x for x in self._ledgers if x.is_in_force(day)), None)
            if ledger:
                self._count(ticket, day, ledger)

    def _add_day(self, days: dict[Key, date], work: Work) -> None:
        day, work_type = work.segments[0].day, work.entry.work_type
        if any(ledger.is_valid(work_type, day) for ledger in self._ledgers):
            days[work.entry.ticket] = day

    def find(self, work: Work) -> Counted | None:
        """How the ticket of ``work`` stands, if the allotment is for this work."""
        counted = self._counted.get(work.entry.ticket)
        if counted and counted.ledger.is_for(work.entry.work_type):
            return counted
        return None

    def _count(self, ticket: Key, day: date, ledger: Ledger) -> None:
        number = ledger.number(day)
        is_settled = ticket in self._history.counted_tickets
        free = ledger.free(number)
        price = ledger.allotment.overage_price
        is_included = not is_settled and free >= ONE
        if is_included:
            ledger.take(number, ONE)
            self.values.append(self._included(ticket, day, ledger, free))
        elif not is_settled:
            ledger.overage[number] = ledger.overage.get(number, 0) + ONE
            if price is not None:
                self.values.append(self._extra(ticket, day, ledger))
        included = is_included or is_settled or price is not None
        self._counted[ticket] = Counted(ledger, number, included)

    def _included(self, ticket: Key, day: date, ledger: Ledger, free: Decimal) -> dict:
        key = ledger.allotment.key
        period = ledger.first_day(ledger.number(day))
        show = self._conditions.show_covered_lines
        explanation = step(
            "allotment", key=key, period=period, before=free, taken=1, after=free - 1
        )
        return {
            "kind": "quota_covered",
            "ticket": ticket,
            "day": day,
            "quantity": ONE,
            "state": "covered",
            "allotment": key,
            "period": period,
            "allotment_used": ONE,
            "line": ("quota_covered", "tickets", key, period) if show else None,
            "steps": (explanation,),
        }

    def _extra(self, ticket: Key, day: date, ledger: Ledger) -> dict:
        allotment = ledger.allotment
        return {
            "kind": "overage",
            "ticket": ticket,
            "day": day,
            "quantity": ONE,
            "price": allotment.overage_price,
            "level": "ticket",
            "key": allotment.key,
            "allotment": allotment.key,
            "period": ledger.first_day(ledger.number(day)),
            "owner": ("tickets", allotment.key, ledger.number(day)),
        }

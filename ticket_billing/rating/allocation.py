"""Allotting work in the order of its time: what is covered, what is overage."""

from datetime import date
from decimal import Decimal

from .allotments import Ledger, Part, Terms
from .pricing import Pricer
from .segments import Segment
from .tickets import TicketCounter
from .types import Conditions, History, Key


class Allocator:
    """Covers segments from the allotments of a contract."""

    def __init__(self, conditions: Conditions, history: History, pricer: Pricer):
        self.ledgers = _ledgers(conditions, history)
        by_ticket = [x for x in self.ledgers if x.allotment.unit == "tickets"]
        self.tickets = TicketCounter(conditions, history, by_ticket)
        self._pricer = pricer
        self._decimals = conditions.currency_decimals
        self._valid: dict[tuple, list[Ledger]] = {}

    def allocate(
        self, segment: Segment, previous: Ledger | None
    ) -> tuple[list[Part], Ledger | None]:
        """Parts of a segment, and the allotment that the last one exceeds.

        ``previous`` covered the end of the segment before. Raise
        :class:`RatingError`, with nothing used, if a money allotment is to cover
        work without a price.
        """
        work = segment.work
        rest = Part(segment, segment.start, segment.raw, segment.billable)
        if not self.ledgers or work.kind == "goodwill":
            return [rest], None
        counted = self.tickets.find(work)
        if counted is None:
            return self._cover(rest, previous)
        if not counted.time_is_included:
            return [rest], counted.ledger
        rest.ledger, rest.period = counted.ledger, counted.number
        return [rest], None

    def _cover(
        self, rest: Part, previous: Ledger | None
    ) -> tuple[list[Part], Ledger | None]:
        segment = rest.segment
        ledgers = self._ledgers_for(segment.work.entry.work_type, segment.day)
        terms = self._terms(segment, ledgers)
        parts = []
        for ledger in ledgers:
            covered, rest = ledger.cover(rest, terms, ledger is previous)
            if not covered.is_empty:
                parts.append(covered)
            if rest.is_empty:
                return parts, None
        parts.append(rest)
        overage = next((x for x in ledgers if x.allotment.period is not None), None)
        if overage:
            overage.add_overage(rest, terms)
        return parts, overage

    def _terms(self, segment: Segment, ledgers: list[Ledger]) -> Terms:
        money = next((ledger for ledger in ledgers if ledger.counts_money), None)
        price = Decimal(0)
        if money:
            price = self._pricer.list_price(segment, money)
        return Terms(price, self._pricer.discount("time"), self._decimals)

    def _ledgers_for(self, work_type: Key, day: date) -> list[Ledger]:
        """Allotments for this work, those that end first in front.

        Of those that end together the first one given is used first.
        """
        key = (work_type, day)
        if key not in self._valid:
            valid = [
                ledger
                for ledger in self.ledgers
                if ledger.allotment.unit != "tickets"
                and ledger.is_valid(work_type, day)
            ]
            valid.sort(key=lambda x: x.last_day(day))
            self._valid[key] = valid
        return self._valid[key]


def _ledgers(conditions: Conditions, history: History) -> list[Ledger]:
    """Ledgers of all allotments with what earlier runs used."""
    used: dict[Key, dict] = {}
    for (key, period), quantity in history.used.items():
        used.setdefault(key, {})[period] = quantity
    decimals = conditions.currency_decimals
    return [
        Ledger(allotment, used.get(allotment.key, {}), decimals)
        for allotment in conditions.allotments
    ]

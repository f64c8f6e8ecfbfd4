"""Flat fees per ticket: the fee, and the time that goes beyond it."""

from .explain import step
from .results import Step
from .segments import Work
from .types import Conditions, Entry, FlatFee, History


class FlatFees:
    """Takes the time that flat fees include; what is left is rated by the hour.

    A fee for the type of a ticket is preferred to one for any type. The fee itself
    is on the first item of the ticket, unless an earlier run settled it.
    """

    def __init__(self, conditions: Conditions, history: History):
        self._fees = conditions.flat_fees
        self._settled = history.flat_tickets
        self._covered: dict = {}

    def fee(self, entry: Entry) -> FlatFee | None:
        """Flat fee of the ticket of ``entry``, if it has one."""
        if not self._fees or entry.billing != "billable":
            return None
        fees = {fee.ticket_type: fee for fee in self._fees if fee.is_valid(entry.day)}
        return fees.get(entry.ticket_type, fees.get(None))

    def take(self, work: Work, fee: FlatFee) -> tuple[int, bool]:
        """Take included minutes off ``work``; return them, and if the fee is due."""
        ticket = work.entry.ticket
        is_due = ticket not in self._settled and ticket not in self._covered
        covered = self._covered.get(ticket, self._settled.get(ticket, 0))
        minutes = work.minutes
        if fee.included_minutes is not None:
            minutes = min(minutes, max(fee.included_minutes - covered, 0))
        self._covered[ticket] = covered + minutes
        work.minutes -= minutes
        if work.start is not None:
            work.start += minutes
        work.kind = "overage"
        return minutes, is_due

    def is_settled(self, entry: Entry) -> bool:
        """Say whether an earlier run settled the fee of the ticket."""
        return entry.ticket in self._settled


def flat_step(fee: FlatFee, minutes: int) -> Step:
    """Explain which minutes a flat fee includes."""
    return step("flat_fee", key=fee.key, included=fee.included_minutes, covered=minutes)

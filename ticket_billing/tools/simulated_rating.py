"""Rating for a comparison: as if a contract had begun with a period of the past."""

from dataclasses import replace
from datetime import date

from ..rating import Charge, Conditions, History, Item
from .contract_rating import ContractRating


class SimulatedRating(ContractRating):
    """Rates work as if nothing of it had been billed.

    The contract is taken to begin on ``start`` with full allotments. Limits of
    purchase orders are not judged: what was billed has used them.
    """

    def __init__(self, rater, contract, start: date, on: date):
        super().__init__(rater, contract, contract._get_conditions(), on, {}, {})
        self.start = start
        self.conditions = self._move(self.conditions)

    def simulate(self, work) -> tuple[Item, ...]:
        """Items of :class:`Work`, billed or not."""
        return self._rate_fresh(work.entries, work, History())

    def _move(self, conditions: Conditions) -> Conditions:
        """Conditions whose allotments begin with the period."""
        starts = {a.id: self._get_start(a) for a in self.contract.allotment_ids}
        allotments = tuple(
            replace(allotment, start=starts[allotment.key])
            for allotment in conditions.allotments
        )
        return replace(conditions, allotments=allotments)

    def _get_start(self, allotment) -> date:
        """Its own first day if that lies in the period, else the first of that."""
        own = allotment.date_start
        return own if own and self.start <= own <= self.on else self.start

    def _hold(self, source, reason: str) -> Item:
        return self.rater._prepare_held(source, reason)

    def _get_hold_reason(self, entry) -> str | None:
        return "po_missing" if self._lacks_order(entry) else None

    def _prepare_block(self, block) -> Charge:
        return replace(super()._prepare_block(block), day=self._get_start(block))

    def _prepare_fee(self, fee, first: date) -> Charge:
        return fee._get_charge(first, (self.start, None))

"""What a ticket costs at least and at most."""

from collections.abc import Iterable
from decimal import Decimal

from .explain import step
from .lines import price_lines
from .money import half_up, hourly_net, quantity_net
from .results import Item, Step
from .types import HUNDRED, ZERO, Conditions, History, Key

CAP_REACHED = "cap_reached"
CAP_ADJUST = "cap_adjust"
_PRICE_STEPS = ("price", "discount")
_PRICE_VALUES = ("unit_price", "surcharge_percent", "discount_percent",
                 "line", "net", "net_step")  # fmt: skip
_CORRECTION_VALUES = ("kind", "ticket", "day", "net", "line",
                      "unit_price", "discount_percent")  # fmt: skip


class TicketLimits:
    """Minimum and cap per ticket, both with regard to what earlier runs billed.

    The minimum comes first. Only what costs something counts: covered, held and
    free work neither needs a minimum nor reaches a cap. ``corrections`` are billed
    together with the work; they count, but are never written off.
    """

    def __init__(
        self,
        conditions: Conditions,
        history: History,
        corrections: Iterable[Item] = (),
    ):
        self._decimals = conditions.currency_decimals
        self._billed = history.billed_tickets
        self._minimum = half_up(conditions.minimum_per_ticket, self._decimals)
        cap = conditions.cap_per_ticket
        self._cap = None if cap is None else half_up(cap, self._decimals)
        self._scope = conditions.cap_scope
        self._kinds = conditions.cap_kinds
        self._corrections = [
            {name: getattr(item, name) for name in _CORRECTION_VALUES}
            for item in corrections
        ]

    def apply(self, values: list[dict]) -> list[dict]:
        """Write off what no cap has room for; return the values of adjustments."""
        if not self._minimum and self._cap is None:
            return []
        if self._cap is not None:
            self._write_off_exhausted(values)
        adjustments: list[dict] = []
        for ticket, charged in self._charged(values).items():
            minimum = self._raise_to_minimum(ticket, charged)
            cap = self._keep_to_cap(ticket, charged + minimum)
            adjustments += minimum + cap
        return adjustments

    def _charged(self, values: list[dict]) -> dict[Key, list[dict]]:
        """Values of what costs something, by ticket."""
        tickets: dict[Key, list[dict]] = {}
        for each in (*values, *self._corrections):
            if _is_charged(each):
                tickets.setdefault(each["ticket"], []).append(each)
        return tickets

    # Minimum

    def _raise_to_minimum(self, ticket: Key, charged: list[dict]) -> list[dict]:
        before = sum(self._billed.get(ticket, {}).values(), ZERO)
        now = _net(charged)
        if not ZERO < before + now < self._minimum:
            return []
        explanation = step("minimum", minimum=self._minimum, before=before, now=now)
        missing = self._minimum - before - now
        kind = "minimum_adjust"
        return [self._adjustment(kind, ticket, charged, missing, explanation)]

    # Cap

    def _keep_to_cap(self, ticket: Key, charged: list[dict]) -> list[dict]:
        """Take off what is too much.

        Where a correction gives back what the cap had taken off already, it is added.
        """
        if self._cap is None:
            return []
        counted = self._counted(charged)
        amount = self._due(ticket, counted) - _net(counted)
        if not amount:
            return []
        explanation = self._cap_step(ticket, counted)
        values = self._adjustment(CAP_ADJUST, ticket, counted, amount, explanation)
        values["warning"] = CAP_REACHED
        return [values]

    def _write_off_exhausted(self, values: list[dict]) -> None:
        """Write off what counts for the cap of tickets that have nothing left."""
        changed = False
        for ticket, charged in self._charged(values).items():
            counted = self._counted(charged)
            work = [each for each in counted if "steps" in each]
            if not work or self._due(ticket, counted) or _net(counted) <= 0:
                continue
            explanation = self._cap_step(ticket, counted)
            for each in work:
                self._write_off(each, explanation)
            work[0]["warning"] = CAP_REACHED
            changed = True
        if changed:  # other tickets may have had a part of the same lines
            price_lines(values, self._decimals)

    def _write_off(self, values: dict, explanation: Step) -> None:
        """Take a price back; its list value is kept."""
        unit_price = values["unit_price"]
        if "quantity" in values:
            amount, net = values["quantity"], quantity_net
        else:
            amount, net = values["billable_minutes"], hourly_net
        value = net(amount, unit_price, ZERO, self._decimals)
        kept = [each for each in values["steps"] if each.code not in _PRICE_STEPS]
        listed = step("list_value", unit_price=unit_price, value=value)
        values["steps"] = (*kept, listed, explanation)
        values.update(state="written_off", reason=CAP_REACHED)
        for name in _PRICE_VALUES:
            del values[name]

    def _counted(self, charged: list[dict]) -> list[dict]:
        return [each for each in charged if self._counts(each["kind"])]

    def _counts(self, kind: str) -> bool:
        return self._kinds is None or kind in self._kinds or kind == CAP_ADJUST

    def _due(self, ticket: Key, counted: list[dict]) -> Decimal:
        """What the cap lets a ticket pay now, or get back: of ``counted`` at most."""
        now = _net(counted)
        billed = self._counted_before(ticket)
        before = sum(billed.values(), ZERO)
        worth = before - billed.get(CAP_ADJUST, ZERO) + now
        due = min(self._cap, worth) - before
        return max(min(due, max(now, ZERO)), min(now, ZERO))

    def _counted_before(self, ticket: Key) -> dict[str, Decimal]:
        """What earlier runs billed of the cap, and took off for it, by kind."""
        if self._scope == "invoice":
            return {}
        billed = self._billed.get(ticket, {}).items()
        return {kind: net for kind, net in billed if self._counts(kind)}

    def _cap_step(self, ticket: Key, counted: list[dict]) -> Step:
        before = sum(self._counted_before(ticket).values(), ZERO)
        now = _net(counted)
        return step("cap", cap=self._cap, before=before, now=now, scope=self._scope)

    # Adjustments

    def _adjustment(
        self, kind: str, ticket: Key, charged, amount: Decimal, explanation: Step
    ) -> dict:
        """Values of an amount that stands on a line of its own."""
        decimals = self._decimals
        level = explanation.code
        values = {
            "kind": kind,
            "ticket": ticket,
            "day": max(each["day"] for each in charged),
            "quantity": Decimal(1),
            "unit_price": amount,
            "line": (kind, ("ticket", ticket)),
            "steps": (
                step("rate", value=amount, key=None, level=level),
                explanation,
                step("price", unit_price=amount, part="full", decimals=decimals),
            ),
        }
        price_lines([values], decimals)
        return values


def _is_charged(values: dict) -> bool:
    if values.get("line") is None or not values.get("unit_price"):
        return False
    if values["ticket"] is None:  # belongs to the contract as a whole
        return False
    return values["discount_percent"] < HUNDRED


def _net(values: Iterable[dict]) -> Decimal:
    return sum((each["net"] for each in values), ZERO)

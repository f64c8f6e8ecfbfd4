"""What a ticket costs at least and at most."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from .explain import step
from .lines import make_items, price_lines
from .money import half_up, hourly_net, quantity_net
from .results import Item, Step
from .types import HUNDRED, ZERO, Conditions, History, Key

CAP_REACHED = "cap_reached"
_PRICE_STEPS = ("price", "discount")
_PRICE_VALUES = ("unit_price", "surcharge_percent", "discount_percent",
                 "line", "net", "net_step")  # fmt: skip


class TicketLimits:
    """Minimum and cap per ticket, both with regard to what earlier runs billed.

    The minimum comes first. Only what costs something counts: covered, held and
    free work neither needs a minimum nor reaches a cap.
    """

    def __init__(self, conditions: Conditions, history: History):
        self._decimals = conditions.currency_decimals
        self._billed = history.billed_tickets
        self._minimum = half_up(conditions.minimum_per_ticket, self._decimals)
        cap = conditions.cap_per_ticket
        self._cap = None if cap is None else half_up(cap, self._decimals)
        self._scope = conditions.cap_scope
        self._kinds = conditions.cap_kinds

    def apply(self, values: list[dict]) -> list[dict]:
        """Write off what no cap has room for; return the values of adjustments."""
        if not self._minimum and self._cap is None:
            return []
        if self._cap is not None:
            self._write_off_exhausted(values)
        adjustments: list[dict] = []
        for ticket, charged in _charged(values).items():
            minimum = self._raise_to_minimum(ticket, charged)
            cap = self._lower_to_cap(ticket, charged + minimum)
            adjustments += minimum + cap
        return adjustments

    def correct(self, corrections: Iterable[Item]) -> list[dict]:
        """Values that keep minimum and cap right when billed work is corrected.

        The history holds the corrections already.
        """
        days: dict[Key, date] = {}
        for item in corrections:
            if item.state == "open":
                days[item.ticket] = max(item.day, days.get(item.ticket, item.day))
        adjustments: list[dict] = []
        for ticket, day in days.items():
            nets = dict(self._billed.get(ticket, {}))
            minimum = self._correct_minimum(ticket, nets, day)
            nets["minimum_adjust"] = nets.get("minimum_adjust", ZERO) + _net(minimum)
            adjustments += minimum + self._correct_cap(ticket, nets, day)
        return adjustments

    def _correct_minimum(self, ticket: Key, nets: dict, day: date) -> list[dict]:
        before = nets.get("minimum_adjust", ZERO)
        now = sum(nets.values(), ZERO) - before - nets.get("cap_adjust", ZERO)
        missing = self._minimum - now if ZERO < now < self._minimum else ZERO
        if missing == before:
            return []
        explanation = step("minimum", minimum=self._minimum, before=before, now=now)
        return [self._adjustment("minimum", ticket, day, missing - before, explanation)]

    def _correct_cap(self, ticket: Key, nets: dict, day: date) -> list[dict]:
        if self._cap is None or self._scope == "invoice":
            return []
        before = nets.get("cap_adjust", ZERO)
        counted = [net for kind, net in nets.items() if self._counts(kind)]
        now = sum(counted, ZERO) - (before if self._counts("cap_adjust") else ZERO)
        excess = min(self._cap - now, ZERO)
        if excess == before:
            return []
        explanation = step(
            "cap", cap=self._cap, before=before, now=now, scope=self._scope
        )
        values = self._adjustment("cap", ticket, day, excess - before, explanation)
        if excess:
            values["warning"] = CAP_REACHED
        return [values]

    # Minimum

    def _raise_to_minimum(self, ticket: Key, charged: list[dict]) -> list[dict]:
        before = sum(self._billed.get(ticket, {}).values(), ZERO)
        now = _net(charged)
        if not ZERO < before + now < self._minimum:
            return []
        explanation = step("minimum", minimum=self._minimum, before=before, now=now)
        missing = self._minimum - before - now
        day = _last_day(charged)
        return [self._adjustment("minimum", ticket, day, missing, explanation)]

    # Cap

    def _lower_to_cap(self, ticket: Key, charged: list[dict]) -> list[dict]:
        if self._cap is None:
            return []
        counted = self._counted(charged)
        excess = _net(counted) - self._left(ticket)
        if excess <= 0:
            return []
        explanation = self._cap_step(ticket, counted)
        day = _last_day(counted)
        adjustment = self._adjustment("cap", ticket, day, -excess, explanation)
        adjustment["warning"] = CAP_REACHED
        return [adjustment]

    def _write_off_exhausted(self, values: list[dict]) -> None:
        """Write off what counts for the cap of tickets that have nothing left."""
        changed = False
        for ticket, charged in _charged(values).items():
            counted = self._counted(charged)
            if self._left(ticket) or _net(counted) <= 0:
                continue
            explanation = self._cap_step(ticket, counted)
            for each in counted:
                self._write_off(each, explanation)
            counted[0]["warning"] = CAP_REACHED
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
        return self._kinds is None or kind in self._kinds

    def _before(self, ticket: Key) -> Decimal:
        """What earlier runs billed of the cap, less what they took off for it."""
        if self._scope == "invoice":
            return ZERO
        billed = self._billed.get(ticket, {}).items()
        counted = (
            net for kind, net in billed if kind == "cap_adjust" or self._counts(kind)
        )
        return sum(counted, ZERO)

    def _left(self, ticket: Key) -> Decimal:
        return max(self._cap - self._before(ticket), ZERO)

    def _cap_step(self, ticket: Key, counted: list[dict]) -> Step:
        before = self._before(ticket)
        now = _net(counted)
        return step("cap", cap=self._cap, before=before, now=now, scope=self._scope)

    # Adjustments

    def _adjustment(
        self, level: str, ticket: Key, day: date, amount: Decimal, explanation: Step
    ) -> dict:
        """Values of an amount that stands on a line of its own."""
        kind = f"{level}_adjust"
        decimals = self._decimals
        values = {
            "kind": kind,
            "ticket": ticket,
            "day": day,
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


def _charged(values: Iterable[dict]) -> dict[Key, list[dict]]:
    """Values of what costs something, by ticket."""
    tickets: dict[Key, list[dict]] = {}
    for each in values:
        if _is_charged(each):
            tickets.setdefault(each["ticket"], []).append(each)
    return tickets


def _is_charged(values: dict) -> bool:
    if values.get("line") is None or not values.get("unit_price"):
        return False
    if values["ticket"] is None:  # belongs to the contract as a whole
        return False
    return values["discount_percent"] < HUNDRED


def _last_day(values: Iterable[dict]) -> date:
    return max(each["day"] for each in values)


def _net(values: Iterable[dict]) -> Decimal:
    return sum((each["net"] for each in values), ZERO)


def correct_limits(
    conditions: Conditions, history: History, corrections: Iterable[Item]
) -> tuple[Item, ...]:
    """Items that keep minimum and cap of tickets right after ``corrections``.

    ``history`` holds the corrections already.
    """
    return tuple(make_items(TicketLimits(conditions, history).correct(corrections)))

"""Item values: prices of time, fees and charges, each with its explanation."""

from datetime import date
from decimal import Decimal

from .allotments import Ledger, Part
from .clock import to_moment
from .errors import NoRate, RatingError
from .explain import step, surcharged
from .lines import owner
from .money import hourly_net
from .rates import RateBook
from .results import Step
from .segments import Segment
from .types import HUNDRED, ZERO, Charge, Conditions, Entry, Key


class Pricer:
    """Puts prices on parts of segments, by the conditions of a contract."""

    def __init__(self, conditions: Conditions):
        self.conditions = conditions
        self._rates = RateBook(conditions.rates)
        self._factors = {
            work_type: step("factor", factor=factor)
            for work_type, factor in conditions.work_type_factor.items()
        }
        self._discount = step("discount", percent=conditions.discount_percent)
        self._prices: dict[tuple, tuple[Decimal, Step]] = {}

    # Prices

    def discount(self, kind: str) -> Decimal:
        """Discount of the customer on a kind of line, in percent."""
        kinds = self.conditions.discount_kinds
        if kinds is None or kind in kinds:
            return self.conditions.discount_percent
        return ZERO

    def hourly(
        self, entry: Entry, day: date, overage: Ledger | None = None
    ) -> tuple[Decimal, tuple[Step, ...]]:
        """Price per hour before surcharge; an overage price stands for the rate.

        A price on the entry itself is final: it beats the overage price, and no
        factor changes it. Raise :class:`NoRate` or :class:`AmbiguousRate`.
        """
        price = overage.allotment.overage_price if overage else None
        if price is not None and entry.rate is None:
            value = price
            key = overage.allotment.key
            steps = (step("rate", value=value, key=key, level="overage"),)
        else:
            found = self._rates.find(entry, day)
            value, steps = found.value, (found.step,)
        factor = self.conditions.work_type_factor.get(entry.work_type)
        if factor is None or entry.rate is not None:
            return value, steps
        return value * factor, (*steps, self._factors[entry.work_type])

    def list_price(self, segment: Segment, ledger: Ledger | None = None) -> Decimal:
        """Unit price without allotment, surcharge included.

        Without any rate it is the overage price of ``ledger``, if it has one.
        """
        entry, day = segment.work.entry, segment.day
        try:
            base, _steps = self.hourly(entry, day)
        except NoRate:
            if ledger is None or ledger.allotment.overage_price is None:
                raise
            base, _steps = self.hourly(entry, day, ledger)
        return self._unit_price(base, segment.surcharge.percent)

    def _unit_price(
        self, base: Decimal, percent: Decimal = ZERO, part: str = "full"
    ) -> Decimal:
        return self._priced(base, percent, part)[0]

    def _priced(
        self, base: Decimal, percent: Decimal = ZERO, part: str = "full"
    ) -> tuple[Decimal, Step]:
        """Unit price and its explanation; results are kept."""
        key = (base, percent, part)
        found = self._prices.get(key)
        if found is None:
            decimals = self.conditions.unit_price_decimals
            price = surcharged(base, percent, part, decimals)
            explained = step("price", unit_price=price, part=part, decimals=decimals)
            found = self._prices[key] = (price, explained)
        return found

    # Time

    def time(self, part: Part, kind: str, overage: Ledger | None = None) -> list[dict]:
        """Values of time by the hour, and of its surcharge where that stands alone.

        ``kind`` is ``time``, ``overage`` or ``goodwill``.
        """
        segment = part.segment
        base, steps = self.hourly(segment.work.entry, segment.day, overage)
        surcharge = segment.surcharge
        percent = surcharge.percent
        if overage and not overage.allotment.overage_surcharges:
            percent = ZERO
        elif surcharge.step:
            steps = (*steps, surcharge.step)
        if segment.work.rounding:
            steps = (*steps, segment.work.rounding)
        if kind == "goodwill":
            return [self._goodwill(part, base, percent, steps)]
        apart = bool(percent) and self.conditions.surcharge_display == "separate_line"
        values = [self._line(part, kind, base, percent, steps, "base" if apart else "")]
        if apart:
            extra = self._line(part, "surcharge", base, percent, steps, "surcharge")
            extra.update(raw_minutes=0)
            values.append(extra)
        if overage:
            for each in values:
                each["allotment"] = overage.allotment.key
                each["period"] = overage.first_day(overage.number(segment.day))
        return values

    def _line(self, part, kind, base, percent, steps, display) -> dict:
        display = display or "full"
        unit_price, explained = self._priced(base, percent, display)
        discount = self.discount(kind)
        is_adjust = part.segment.scope is not None and kind != "surcharge"
        values = self._time(part, "rounding_adjust" if is_adjust else kind)
        steps = (*steps, explained)
        shown = ZERO if display == "base" else percent
        self._set_price(values, unit_price, discount, self._owner(part), steps, shown)
        return values

    def _set_price(self, values, unit_price, discount, owner, steps, percent=ZERO):
        """Set price, discount and line; items of one line have the same of each."""
        if discount:
            same = discount == self.conditions.discount_percent
            explained = self._discount if same else step("discount", percent=discount)
            steps = (*steps, explained)
        values["unit_price"] = unit_price
        values["surcharge_percent"] = percent
        values["discount_percent"] = discount
        values["line"] = (values["kind"], owner, unit_price, percent, discount)
        values["steps"] = steps

    def _goodwill(self, part: Part, base, percent, steps) -> dict:
        """Work that is shown at a discount of 100 %, or not at all."""
        unit_price, explained = self._priced(base, percent)
        values = self._time(part, "goodwill")
        values["reason"] = part.segment.work.entry.billing
        if self.conditions.warranty_display == "discount_line":
            steps = (*steps, explained)
            owner = self._owner(part)
            self._set_price(values, unit_price, HUNDRED, owner, steps, percent)
        else:
            values["state"] = "written_off"
            values["steps"] = (*steps, self._list_value(part, unit_price))
        return values

    def covered(self, part: Part) -> dict:
        """Values of time that an allotment covers."""
        ledger = part.ledger
        values = self._time(part, "quota_covered")
        values["state"] = "covered"
        values["allotment"] = ledger.allotment.key
        values["period"] = ledger.first_day(part.period)
        values["allotment_used"] = part.taken
        steps = [self._list_step(part), self._allotment_step(part)]
        if part.segment.work.rounding:
            steps.insert(0, part.segment.work.rounding)
        values["steps"] = tuple(steps)
        if self.conditions.show_covered_lines:
            values["line"] = ("quota_covered", self._owner(part))
        return values

    def _list_step(self, part: Part) -> Step:
        try:
            unit_price = self.list_price(part.segment, part.ledger)
        except RatingError:  # a contract may include work that has no rate
            return step("list_value", unit_price=None, value=None)
        return self._list_value(part, unit_price)

    def _list_value(self, part: Part, unit_price: Decimal) -> Step:
        decimals = self.conditions.currency_decimals
        value = hourly_net(part.billable, unit_price, ZERO, decimals)
        return step("list_value", unit_price=unit_price, value=value)

    def _allotment_step(self, part: Part) -> Step:
        allotment = part.ledger.allotment
        return step(
            "allotment",
            key=allotment.key,
            period=part.ledger.first_day(part.period),
            unit=allotment.unit,
            basis=allotment.basis,
            before=part.before,
            taken=part.taken,
            after=part.before - part.taken,
        )

    def held(self, part: Part, kind: str, error: RatingError) -> dict:
        """Values of time that cannot be priced."""
        values = self._time(part, kind)
        keys = ", ".join(str(key) for key in getattr(error, "keys", ()))
        values.update(state="held", reason=error.code)
        steps = (step("held", reason=error.code, keys=keys),)
        rounding = part.segment.work.rounding
        values["steps"] = (rounding, *steps) if rounding else steps
        return values

    def rounded_before(self, part: Part) -> dict:
        """Values of time that the rounding of earlier runs has billed already."""
        reason = "rounded_before"
        values = self._time(part, "time")
        values.update(state="written_off", reason=reason)
        values["steps"] = (
            part.segment.work.rounding,
            step("written_off", reason=reason),
        )
        return values

    def _time(self, part: Part, kind: str) -> dict:
        segment = part.segment
        values = entry_values(segment.work.entry, kind, segment.day)
        if segment.scope is not None:
            values["entry"] = None
        values["raw_minutes"] = part.raw
        values["billable_minutes"] = part.billable
        if segment.work.warning:
            values["warning"] = segment.work.warning
        if part.start is not None:
            values["start"] = to_moment(part.start)
            values["stop"] = to_moment(part.start + part.raw)
        return values

    def _owner(self, part: Part) -> Key:
        if part.segment.scope is not None:
            return part.segment.scope
        return owner(part.segment.work.entry, self.conditions)

    # Fees and charges

    def fee(self, values: dict, price: Decimal, level: str, key: Key, owner) -> dict:
        """Add price and line to the values of something priced per unit."""
        rate = step("rate", value=price, key=key, level=level)
        unit_price, explained = self._priced(price)
        steps = (rate, explained)
        self._set_price(values, unit_price, self.discount(values["kind"]), owner, steps)
        return values

    def charge(self, charge: Charge) -> dict:
        """Values of a charge. Journeys of a ticket at one price share a line."""
        values = {
            "kind": charge.kind,
            "ticket": charge.ticket,
            "day": charge.day,
            "charge": charge.key,
            "quantity": charge.quantity,
        }
        shares = charge.kind == "travel" and charge.quantity > 0
        owner = ("ticket", charge.ticket) if shares else ("charge", charge.key)
        if charge.billing == "billable":
            price = charge.unit_price
            return self.fee(values, price, "charge", charge.key, owner)
        values["reason"] = charge.billing
        hidden = self.conditions.warranty_display == "hidden"
        if charge.billing == "internal" or hidden:
            price = self._unit_price(charge.unit_price)
            values["state"] = "written_off"
            values["steps"] = (step("list_value", unit_price=price, value=None),)
            return values
        values["kind"] = "goodwill"
        return self._free_charge(values, charge)

    def _free_charge(self, values: dict, charge: Charge) -> dict:
        price, explained = self._priced(charge.unit_price)
        steps = (step("rate", value=price, key=charge.key, level="charge"), explained)
        self._set_price(values, price, HUNDRED, ("charge", charge.key), steps)
        return values


def entry_values(entry: Entry, kind: str, day: date) -> dict:
    """What every item of an entry has."""
    return {
        "kind": kind,
        "ticket": entry.ticket,
        "day": day,
        "entry": entry.key,
        "employee": entry.employee,
        "work_type": entry.work_type,
    }

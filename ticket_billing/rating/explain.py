"""Steps that explain a price, and the price computed again from them."""

from datetime import date
from decimal import Decimal

from .money import half_up, hourly_net, quantity_net
from .results import Item, Step
from .types import HUNDRED, ZERO


def figure(value) -> str | int | None:
    """Turn a figure into a JSON value."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def step(code: str, **figures) -> Step:
    """Build a step; figures may be decimals, dates and keys."""
    return Step(code, {name: figure(value) for name, value in figures.items()})


def surcharged(base: Decimal, percent: Decimal, part: str, decimals: int) -> Decimal:
    """Unit price from the price before surcharge, rounded half up.

    ``part`` is ``full`` (surcharge included), ``base`` (without it) or
    ``surcharge`` (only the surcharge, on the rounded base price).
    """
    if part == "full" and percent:
        return half_up(base * (HUNDRED + percent) / HUNDRED, decimals)
    price = half_up(base, decimals)
    if part == "surcharge":
        return half_up(price * percent / HUNDRED, decimals)
    return price


def reproduce(item: Item) -> Decimal:
    """Compute the net of the item's invoice line again from its steps alone.

    What is not charged (covered, held, written off) has none: zero.
    """
    steps = {each.code: each.figures for each in item.steps}
    if "price" not in steps:
        return ZERO
    rate, price, net = steps["rate"], steps["price"], steps["net"]
    base = Decimal(rate["value"])
    if rate.get("kind") == "adjust":
        base += Decimal(rate["base"])
    elif rate.get("kind") == "multiplier":
        base *= Decimal(rate["base"])
    if "factor" in steps:
        base *= Decimal(steps["factor"]["factor"])
    percent = Decimal(steps["window"]["percent"]) if "window" in steps else ZERO
    unit_price = surcharged(base, percent, price["part"], price["decimals"])
    discount = Decimal(steps["discount"]["percent"]) if "discount" in steps else ZERO
    if net["minutes"] is not None:
        return hourly_net(net["minutes"], unit_price, discount, net["decimals"])
    quantity = Decimal(net["quantity"])
    return quantity_net(quantity, unit_price, discount, net["decimals"])

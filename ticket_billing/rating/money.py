"""Exact rounding and apportioning of money."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from .types import HUNDRED

MINUTES_AND_PERCENT = 60 * HUNDRED


@cache
def _exponent(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def half_up(value: Decimal, decimals: int) -> Decimal:
    """Round ``value`` commercially (halves away from zero)."""
    return value.quantize(_exponent(decimals), ROUND_HALF_UP)


def hourly_net(
    minutes: int, unit_price: Decimal, discount_percent: Decimal, decimals: int
) -> Decimal:
    """Net of ``minutes`` at ``unit_price`` per hour, rounded once."""
    gross = unit_price * minutes
    return half_up(gross * (HUNDRED - discount_percent) / MINUTES_AND_PERCENT, decimals)


def quantity_net(
    quantity: Decimal, unit_price: Decimal, discount_percent: Decimal, decimals: int
) -> Decimal:
    """Net of ``quantity`` at ``unit_price`` each, rounded once."""
    gross = unit_price * quantity
    return half_up(gross * (HUNDRED - discount_percent) / HUNDRED, decimals)


def apportion(
    total: Decimal, weights: Sequence[Decimal | int], decimals: int
) -> list[Decimal]:
    """Share ``total`` by ``weights`` so that the shares add up to it.

    Method of the largest remainder in units of the last decimal; equal
    remainders go to the earlier share. Weights have one sign, or are all zero
    (then the first share takes the total).
    """
    unit = _exponent(decimals)
    units = int(total / unit)
    whole = sum(weights)
    if not whole:
        return [total] + [unit * 0] * (len(weights) - 1)
    parts = [divmod(abs(units) * abs(weight), abs(whole)) for weight in weights]
    shares = [int(quotient) for quotient, _rest in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: -parts[i][1])
    for index in by_remainder[: abs(units) - sum(shares)]:
        shares[index] += 1
    sign = 1 if units >= 0 else -1
    return [unit * (sign * share) for share in shares]

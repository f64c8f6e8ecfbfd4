"""Prices of material and travel, for those who create charges."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .money import half_up
from .types import HUNDRED


@dataclass(frozen=True, slots=True)
class Travel:
    """One line of a journey: ``quantity`` (journeys or km) at ``unit_price``.

    ``code`` is ``flat``, ``km``, ``zone`` (with its ``zone`` number from 1) or
    ``beyond_zones``.
    """

    code: str
    quantity: Decimal
    unit_price: Decimal
    zone: int | None = None


def marked_up(unit_cost: Decimal, percent: Decimal, decimals: int = 2) -> Decimal:
    """Sales price of one unit, rounded half up before it is multiplied."""
    return half_up(unit_cost * (HUNDRED + percent) / HUNDRED, decimals)


def flat_travel(price: Decimal, vehicles: int = 1) -> list[Travel]:
    """One price per journey and vehicle, however many people and entries."""
    return [Travel("flat", Decimal(vehicles), price)]


def distance_travel(
    price: Decimal, one_way_km: Decimal, round_trip: bool = True, vehicles: int = 1
) -> list[Travel]:
    """Price per kilometre and vehicle."""
    km = one_way_km * (2 if round_trip else 1) * vehicles
    return [Travel("km", km, price)]


def zone_travel(
    zones: Sequence[tuple[Decimal, Decimal]],
    one_way_km: Decimal,
    beyond_price_per_km: Decimal | None = None,
    vehicles: int = 1,
) -> list[Travel]:
    """Price of the zone, and per kilometre beyond the last one.

    ``zones`` are pairs of one-way limit in km (included) and price, in any order.
    Raise ``ValueError`` if there are none.
    """
    if not zones:
        raise ValueError("travel zones are missing")
    zones = sorted(zones)
    limits = [limit for limit, _price in zones]
    index = next((i for i, limit in enumerate(limits) if one_way_km <= limit), None)
    last = len(zones) - 1
    number = last if index is None else index
    journey = [Travel("zone", Decimal(vehicles), zones[number][1], number + 1)]
    if index is None and beyond_price_per_km:
        km = (one_way_km - limits[last]) * vehicles
        journey.append(Travel("beyond_zones", km, beyond_price_per_km))
    return journey

"""Material and journeys of the worked examples as charges."""

from datetime import date
from decimal import Decimal

from ticket_billing.rating import (
    Charge,
    distance_travel,
    flat_travel,
    marked_up,
    zone_travel,
)

DEFAULT_DAY = date(2026, 6, 1)


def make_charges(given: dict) -> list[Charge]:
    """Charges of an example, marked up and priced as its policy says."""
    return _materials(given) + _journeys(given)


def _materials(given: dict) -> list[Charge]:
    percent = Decimal(given["policy"].get("material_markup_pct", 0))
    charges = []
    for cost in given.get("costs", []):
        price = cost.get("sales_price")
        unit_price = Decimal(price or marked_up(Decimal(cost["unit_cost"]), percent))
        quantity = Decimal(cost["qty"])
        charges.append(
            Charge(
                cost["id"],
                cost["ticket"],
                cost["kind"],
                quantity,
                unit_price,
                DEFAULT_DAY,
            )
        )
    return charges


def _journeys(given: dict) -> list[Charge]:
    travel = given["policy"].get("travel")
    if not travel:
        return []
    visits = {visit["id"]: visit for visit in given.get("visits", [])}
    for entry in given.get("entries", []):
        if "visit" in entry:
            visit = {"id": entry["visit"], "ticket": entry["ticket"]}
            visits.setdefault(entry["visit"], visit)
    return [
        Charge(
            f"{key}-{number}",
            visit["ticket"],
            "travel",
            part.quantity,
            part.unit_price,
            DEFAULT_DAY,
        )
        for key, visit in visits.items()
        for number, part in enumerate(_journey(travel, visit))
    ]


def _journey(travel: dict, visit: dict):
    vehicles = int(visit.get("vehicles", 1))
    if travel["mode"] == "flat":
        return flat_travel(Decimal(travel["price"]), vehicles)
    distance = Decimal(visit["one_way_km"])
    if travel["mode"] == "km":
        there_and_back = travel.get("round_trip", False)
        return distance_travel(
            Decimal(travel["price"]), distance, there_and_back, vehicles
        )
    zones = [
        (Decimal(zone["up_to_km"]), Decimal(zone["price"])) for zone in travel["zones"]
    ]
    beyond = Decimal(travel["beyond_price_per_km"])
    return zone_travel(zones, distance, beyond, vehicles)

"""From checked values to the records everything is translated into."""

import datetime
from dataclasses import dataclass

from ..systems.records import RemoteAgent, RemoteTicket, RemoteTimeEntry
from ..systems.time_formats import noon
from .tables import Table


@dataclass(frozen=True, slots=True)
class RemoteCharge:
    """Material, a journey or an expense. Amounts are texts with two decimals, ''
    where nothing is told; ``day`` is ISO text."""

    remote_id: str
    ticket_remote_id: str
    product_key: str
    day: str
    quantity: str
    kind: str = "material"
    text: str = ""
    pricing: str = "price"
    unit_price: str = ""
    unit_cost: str = ""
    purchase_order: str = ""
    ticket_number: str = ""


def make_record(table: Table, values: dict):
    """Return the record for the checked ``values`` of a ticket, entry or charge."""
    return MAKERS[table.name](_targets(table, values))


def make_agents(table: Table, rows: list[dict]) -> list[RemoteAgent]:
    """Return what ``rows`` tell about who works."""
    agents = {
        row["agent"]: RemoteAgent(
            row["agent"],
            name=row.get("agent_name", ""),
            email=row.get("agent_email", ""),
        )
        for row in rows
        if row.get("agent")
    }
    return list(agents.values())


def _targets(table, values):
    aside = {"changed_at", "agent_name", "agent_email"}
    return {
        item.target or item.name: values[item.name]
        for item in table.fields
        if item.name in values and item.name not in aside
    }


def _ticket(values):
    closed_at = values.pop("closed_at", None)
    values.setdefault("number", values["remote_id"])
    values["contact_email"] = values.get("contact_email", "").lower()
    return RemoteTicket(**values, closed_at=closed_at if values.get("closed") else None)


def _time_entry(values):
    day = values.pop("date", None)
    start, minutes = values.get("start"), values["minutes"]
    if start and "stop" not in values:
        values["stop"] = start + datetime.timedelta(minutes=minutes)
    if not start:
        values.pop("stop", None)
        values["booked_at"] = noon(day)
    return RemoteTimeEntry(**values, raw_value=str(minutes))


def _charge(values):
    for name in ("quantity", "unit_price", "unit_cost"):
        if name in values:
            values[name] = f"{values[name]:.2f}"
    return RemoteCharge(**{**values, "day": values["day"].isoformat()})


MAKERS = {"tickets": _ticket, "time-entries": _time_entry, "charges": _charge}

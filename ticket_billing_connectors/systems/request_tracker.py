"""Request Tracker 5 and 6 (REST 2).

The search understands times in the zone of the user, answers are in UTC. Time is in
the transactions of a ticket, of whatever type: also an edited total is one, with the
difference. Numbers come as text, dates never set as 1970.
"""

from dataclasses import dataclass

from ..transport.page_styles import NextUrl
from . import units
from .declaration import Call, Declaration, Header, Listing, People, Since, Tickets
from .settings import Common, booking_time, setting, time_zone
from .time_formats import LOCAL
from .time_sources import PerTicket, StatusHistory

PAGING = NextUrl("next_page")
FIELDS = {
    "fields": "Subject,Status,Queue,Owner,Requestor,Created,LastUpdated,Resolved,"
    "CustomFields",
    "fields[Queue]": "Name",
    "fields[Owner]": "Name,EmailAddress,RealName",
    "fields[Requestor]": "Name,EmailAddress,RealName,Organization",
}


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """What differs between two servers."""

    time_zone: str = time_zone()
    booking_time: str = booking_time()
    closed_states: str = setting(
        "resolved,rejected,deleted",
        "Closed states",
        "States in which the work on a ticket is done, by commas.",
    )
    purchase_order_field: str = setting(
        "",
        "Field with the purchase order",
        "Name of the custom field of tickets with the customer's order number.",
    )


def purchase_order(row, settings):
    for item in row.get("CustomFields") or []:
        if settings.purchase_order_field == item.get("name"):
            return ", ".join(map(str, item.get("values") or []))
    return None


def booked(rows, ticket, settings):
    """Return the transactions that hold time."""
    return [row for row in rows if str(row.get("TimeTaken") or "0") != "0"]


SYSTEM = Declaration(
    code="request_tracker",
    name="Request Tracker",
    base="/REST/2.0",
    auth=Header({"Authorization": "token {secret}"}),
    needs_login=False,
    settings=Settings,
    who=Call("/rt"),
    tickets=Tickets(
        changed=Since(
            Listing(
                "/tickets",
                "items",
                {
                    "query": "LastUpdated >= '{since}'",
                    "orderby": "LastUpdated",
                    "order": "ASC",
                    **FIELDS,
                },
                paging=PAGING,
            ),
            changed="LastUpdated",
            format=LOCAL,
            # The recorded searches ask with ">"; whether ">=" includes is not proven.
            inclusive=False,
        ),
        by_ids=Listing(
            "/tickets",
            "items",
            {"query": "id IN ({id_text})", **FIELDS},
            paging=PAGING,
        ),
        url="/Ticket/Display.html?id={id}",
        fields={
            "remote_id": "id",
            "title": "Subject",
            "state": "Status",
            "closed": lambda row, settings: (
                row.get("Status") in settings.closed_states.split(",")
            ),
            "created": "Created",
            "changed": "LastUpdated",
            "closed_at": "Resolved",
            "customer_key": "Requestor[0].Organization",
            "customer_name": "Requestor[0].Organization",
            "contact_key": "Requestor[0].id",
            "contact_name": "Requestor[0].RealName || Requestor[0].Name",
            "contact_email": "Requestor[0].EmailAddress",
            "agent_key": "Owner.id",
            "queue": "Queue.Name",
            "purchase_order": purchase_order,
        },
    ),
    time=PerTicket(
        entries=Listing(
            "/ticket/{id}/history",
            "items",
            {
                "fields": "Type,TimeTaken,Created,Creator,Data",
                "fields[Creator]": "Name,EmailAddress",
            },
            paging=PAGING,
        ),
        expand=booked,
        unit=units.minutes,
        fields={
            "remote_id": "id",
            "amount": "TimeTaken",
            "booked_at": "Created",
            "agent_key": "Creator.id",
            "text": "Data",
        },
    ),
    status=StatusHistory(
        changes=Listing(
            "/ticket/{id}/history",
            "items",
            {"fields": "Type,NewValue,Created,Creator"},
            paging=PAGING,
        ),
        fields={
            "at": "Created",
            "state": lambda row, settings: (
                row.get("NewValue") if row.get("Type") == "Status" else ""
            ),
            "agent_key": "Creator.id",
        },
    ),
    people=People(
        in_tickets={
            "key": "Owner.id",
            "login": "Owner.Name",
            "name": "Owner.RealName",
            "email": "Owner.EmailAddress",
        },
        in_entries={
            "key": "Creator.id",
            "login": "Creator.Name",
            "email": "Creator.EmailAddress",
        },
    ),
    write_back={
        "note": Call(
            "/ticket/{id}/comment",
            {"Content": "{text}", "ContentType": "text/plain"},
            method="POST",
        ),
        "field": Call(
            "/ticket/{id}", {"CustomFields": {"{name}": "{text}"}}, method="PUT"
        ),
    },
    # A refusal comes with status 200, as a sentence.
    refused="type(@) == 'array' && @[?contains(to_string(@), 'valid')] | [0]",
)

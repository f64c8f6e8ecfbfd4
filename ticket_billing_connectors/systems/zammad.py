"""Zammad 5 and later.

A booking of time changes its ticket. It is a plain number: what it stands for is up
to the users. The list of changed tickets is asked for by a condition on the database,
since the index of the search lags behind.
"""

from dataclasses import dataclass
from decimal import Decimal

from ..transport.page_styles import PageNumber
from . import units
from .declaration import (
    Call,
    Declaration,
    Directory,
    Header,
    Listing,
    Lookup,
    People,
    Since,
    Tickets,
    Webhook,
)
from .settings import Common, booking_time, minutes_per_unit, setting
from .time_sources import PerTicket, StatusHistory


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """What differs between two servers."""

    minutes_per_unit: Decimal = minutes_per_unit()
    booking_time: str = booking_time()
    closed_states: str = setting(
        "closed,merged,removed",
        "Closed states",
        "States in which the work on a ticket is done, by commas.",
    )
    purchase_order_field: str = setting(
        "",
        "Field with the purchase order",
        "Name of the attribute of tickets with the customer's order number.",
    )
    number_field: str = setting(
        "",
        "Field with the customer number",
        "Name of the attribute of organizations with the customer's number.",
    )
    vat_field: str = setting(
        "",
        "Field with the VAT number",
        "Name of the attribute of organizations with the VAT number.",
    )


def attribute(name):
    """Return a reader of the attribute that the setting ``name`` holds."""
    return lambda row, settings: row.get(getattr(settings, name))


SYSTEM = Declaration(
    code="zammad",
    name="Zammad",
    base="/api/v1",
    auth=Header({"Authorization": "Token token={secret}"}),
    needs_login=False,
    settings=Settings,
    who=Call("/users/me"),
    tickets=Tickets(
        changed=Since(
            Listing(
                "/tickets/search",
                "@",
                {
                    "condition": {
                        "ticket.updated_at": {
                            "operator": "after (absolute)",
                            "value": "{since}",
                        }
                    },
                    "sort_by": "updated_at",
                    "order_by": "asc",
                    "expand": True,
                },
                method="POST",
                paging=PageNumber(size=200),
            ),
            changed="updated_at",
            inclusive=False,
        ),
        one=Call("/tickets/{id}", {"expand": "true"}),
        url="/#ticket/zoom/{id}",
        fields={
            "remote_id": "id",
            "number": "number",
            "title": "title",
            "state": "state",
            "closed": lambda row, settings: (
                row.get("state") in settings.closed_states.split(",")
            ),
            "created": "created_at",
            "changed": "updated_at",
            "closed_at": "last_close_at || close_at || updated_at",
            # Numbers of people must not look like those of organizations.
            "customer_key": "organization_id || (customer_id && join('-', ['user',"
            " to_string(customer_id)]))",
            "customer_name": "organization || customer",
            "contact_key": "customer_id",
            "agent_key": "owner_id",
            "queue": "group",
            "purchase_order": attribute("purchase_order_field"),
        },
    ),
    time=PerTicket(
        entries=Listing("/tickets/{id}/time_accountings", "@"),
        booked="time_unit",
        unit=units.units,
        fields={
            "remote_id": "id",
            "amount": "time_unit",
            "booked_at": "created_at",
            "agent_key": "created_by_id",
            # The id of the kind of activity: its name is for administrators only.
            "activity": "type_id",
        },
    ),
    status=StatusHistory(
        changes=Listing(
            "/ticket_history/{id}",
            "(history || @)[?object=='Ticket' && attribute=='state'] || `[]`",
        ),
        fields={"at": "created_at", "state": "value_to", "agent_key": "created_by_id"},
    ),
    people=People(
        in_tickets={"key": "owner_id", "login": "owner"},
        in_entries={"key": "created_by_id"},
        agent=Lookup(
            Call("/users/{key}"),
            {
                "login": "login",
                "email": "email",
                "name": "join(' ', [firstname || '', lastname || ''])",
            },
        ),
        contact=Lookup(
            Call("/users/{key}"),
            {
                "contact_email": "email",
                "contact_name": "join(' ', [firstname || '', lastname || ''])",
            },
        ),
    ),
    organisations=Directory(
        Listing("/organizations", "@", paging=PageNumber(size=200)),
        {
            "remote_id": "id",
            "name": "name",
            "number": attribute("number_field"),
            "domain": "domain",
            "vat": attribute("vat_field"),
        },
    ),
    # Whoever has another role than that of customers.
    agents=Directory(
        Listing("/users", "@", {"expand": "true"}, paging=PageNumber(size=200)),
        {
            "key": "((roles || `[]`)[?@ != 'Customer'] | [0]) && id",
            "login": "login",
            "name": "join(' ', [firstname || '', lastname || ''])",
            "email": "email",
        },
    ),
    write_back={
        "note": Call(
            "/ticket_articles",
            {
                "ticket_id": "{id}",
                "subject": "{text}",
                "body": "{text}",
                "content_type": "text/plain",
                "type": "note",
                "internal": True,
            },
            method="POST",
        ),
        "field": Call("/tickets/{id}", {"{name}": "{text}"}, method="PUT"),
        "tag": Call(
            "/tags/add",
            {"item": "{text}", "object": "Ticket", "o_id": "{id}"},
            method="POST",
        ),
    },
    take_back={
        "tag": Call(
            "/tags/remove",
            {"item": "{text}", "object": "Ticket", "o_id": "{id}"},
            method="DELETE",
        ),
    },
    notes=Call("/ticket_articles/by_ticket/{id}", answer="[].body"),
    webhook=Webhook(
        "zammad", ticket_id="body.ticket.id", event_id='headers."x-zammad-delivery"'
    ),
)

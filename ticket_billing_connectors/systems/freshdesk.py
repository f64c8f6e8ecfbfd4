"""Freshdesk.

Time entries can only be listed by the day of the work, and nothing says whether they
change their ticket. Single ones cannot be read, only those of a ticket. A running timer
is no booking yet. Whether a time entry is billable is for the agent to say.
"""

from dataclasses import dataclass

from ..transport import errors
from ..transport.page_styles import NextUrl
from . import units
from .declaration import (
    AddToList,
    Basic,
    Call,
    Declaration,
    Directory,
    Listing,
    Lookup,
    People,
    Since,
    Tickets,
    Webhook,
)
from .records import clean
from .settings import Common, booking_time, setting
from .templates import pick
from .time_sources import ByWorkDate

INCLUDED = "requester,stats,company"
#: The names of the states that all accounts have.
STATES = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """What differs between two accounts."""

    window_days: int = setting(
        60,
        "Days of work read again",
        "Freshdesk does not tell which time entries changed, so those of so many days"
        " are compared each time. Older ones are not followed.",
    )
    booking_time: str = booking_time()
    closed_states: str = setting(
        "4,5",
        "Closed states",
        "Numbers of the states in which the work on a ticket is done, by commas: 4 is"
        " Resolved, 5 is Closed, your own begin at 6.",
    )
    purchase_order_field: str = setting(
        "",
        "Field with the purchase order",
        "Name of the custom field of tickets with the customer's order number."
        " Example: cf_purchase_order",
    )
    number_field: str = setting(
        "",
        "Field with the customer number",
        "Name of the custom field of companies with the customer's number. Example:"
        " customer_number",
    )
    vat_field: str = setting(
        "",
        "Field with the VAT number",
        "Name of the custom field of companies with the VAT number. Example:"
        " vat_number",
    )
    per_minute: int = setting(
        100,
        "Requests per minute",
        "How many requests are sent in a minute at most. What Freshdesk allows depends"
        " on the plan and is shared with all your other integrations.",
    )


def custom_field(name):
    """Return a reader of the custom field that the setting ``name`` holds."""
    return lambda row, settings: (row.get("custom_fields") or {}).get(
        getattr(settings, name)
    )


def contact_key(row, settings):
    """Return the key of the person, which must not look like that of a company."""
    return f"contact-{row['requester_id']}" if row.get("requester_id") else ""


def fault(answer):
    """Name the field that was refused."""
    found = pick("errors[0].[field, code]", answer.data, None)
    if answer.status == 400 and found:
        return errors.InvalidRequest(": ".join(map(clean, found))[:200])
    return None


SYSTEM = Declaration(
    code="freshdesk",
    name="Freshdesk",
    base="/api/v2",
    auth=Basic("{secret}", "X"),
    needs_login=False,
    settings=Settings,
    fault=fault,
    who=Call("/agents/me"),
    tickets=Tickets(
        changed=Since(
            Listing(
                "/tickets",
                "@",
                {
                    "updated_since": "{since}",
                    "order_by": "updated_at",
                    "order_type": "asc",
                    "include": f"description,{INCLUDED}",
                },
                paging=NextUrl(),
            ),
            changed="updated_at",
        ),
        # Unlike the list it also answers with what was deleted or is spam.
        one=Call(
            "/tickets/{id}",
            {"include": INCLUDED},
            answer="[@][?!deleted && !spam] | [0]",
        ),
        url="/a/tickets/{id}",
        fields={
            "remote_id": "id",
            "title": "subject",
            "description": "description_text",
            "state": lambda row, settings: STATES.get(
                row.get("status"), row.get("status")
            ),
            "closed": lambda row, settings: (
                str(row.get("status")) in settings.closed_states.split(",")
            ),
            "created": "created_at",
            "changed": "updated_at",
            "closed_at": "stats.closed_at || stats.resolved_at || updated_at",
            "customer_key": "company_id",
            "customer_name": "company.name || requester.name",
            "contact_key": contact_key,
            "contact_name": "requester.name",
            "contact_email": "requester.email",
            "agent_key": "responder_id",
            "queue": "type",
            "purchase_order": custom_field("purchase_order_field"),
        },
    ),
    time=ByWorkDate(
        entries=Listing(
            "/time_entries",
            "[?!timer_running]",
            {"executed_after": "{day}T00:00:00Z"},
            paging=NextUrl(),
        ),
        # With running timers: what is known is not deleted because it runs again.
        in_ticket=Listing("/tickets/{id}/time_entries", "@", paging=NextUrl()),
        unit=units.clock,
        fields={
            "remote_id": "id",
            "ticket_remote_id": "ticket_id",
            "amount": "time_spent",
            "booked_at": "executed_at",
            "agent_key": "agent_id",
            "text": "note",
            "billable": lambda row, settings: row.get("billable") is not False,
        },
    ),
    people=People(
        in_tickets={"key": "responder_id"},
        in_entries={"key": "agent_id"},
        agent=Lookup(
            Call("/agents/{key}"),
            {
                "login": "contact.email",
                "email": "contact.email",
                "name": "contact.name",
            },
        ),
    ),
    organisations=Directory(
        Listing("/companies", "@", paging=NextUrl()),
        {
            "remote_id": "id",
            "name": "name",
            "number": custom_field("number_field"),
            "domain": "join(', ', domains || `[]`)",
            "vat": custom_field("vat_field"),
        },
    ),
    agents=Directory(
        Listing("/agents", "@", paging=NextUrl()),
        {
            "key": "id",
            "login": "contact.email",
            "name": "contact.name",
            "email": "contact.email",
        },
    ),
    write_back={
        "note": Call(
            "/tickets/{id}/notes", {"body": "{html}", "private": True}, method="POST"
        ),
        "field": Call(
            "/tickets/{id}", {"custom_fields": {"{name}": "{text}"}}, method="PUT"
        ),
        "tag": AddToList(
            Call("/tickets/{id}", answer="tags"),
            Call("/tickets/{id}", {"tags": "{items}"}, method="PUT"),
        ),
    },
    # Freshdesk signs nothing; a header of one's own can be sent along.
    webhook=Webhook(
        "token", ticket_id="body.freshdesk_webhook.ticket_id || body.ticket_id"
    ),
)

"""Zendesk Support.

The export of what changed is ordered by a time of its own, which also moves when the
system changes a ticket, and leaves out the last minute. Deleted tickets come with it.

There are no bookings: an app sums up the seconds in a field of the ticket. Who worked
when is in the ticket's audits; each growth of the field is a booking. A ticket that was
merged into another is closed and keeps its time.
"""

from dataclasses import dataclass

from ..transport.page_styles import BodyCursor
from . import units
from .declaration import (
    Basic,
    Call,
    Choice,
    Declaration,
    Directory,
    Listing,
    Lookup,
    People,
    Since,
    Tickets,
    Webhook,
)
from .settings import Common, booking_time, setting
from .time_formats import EPOCH_S
from .time_sources import Counter, NoTime, PerTicket

PAGING = BodyCursor(
    token="meta.has_more && meta.after_cursor",
    parameter="page[after]",
    limit="page[size]",
)
INCLUDED = {"include": "users,organizations,metric_sets"}
CLOSED = ("solved", "closed", "deleted")
TIMED = ("time_source", "audits", "total")


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """What differs between two accounts; fields are numbers of custom fields."""

    time_source: str = setting(
        "audits",
        "Times come from",
        "The history tells who worked when. Choose the total only if it cannot be"
        " read: what it grew by counts as work of the assignee.",
        {
            "audits": "History of the total time",
            "total": "Total time of the ticket",
            "none": "No times",
        },
        final=True,
    )
    total_field: str = setting(
        "",
        "Field with the total time",
        "Number of the ticket field in which the total time is kept in seconds. Empty:"
        " the field 'Total time spent (sec)' of the app Time Tracking.",
        decides_what_comes=True,
        only_with=TIMED,
    )
    booking_time: str = booking_time(TIMED)
    activity_field: str = setting(
        "",
        "Field with the activity",
        "Number of the ticket field that names the kind of work, matched with the"
        " codes and names of work types.",
        only_with=TIMED,
    )
    purchase_order_field: str = setting(
        "",
        "Field with the purchase order",
        "Number of the ticket field with the customer's order number.",
    )
    vat_field: str = setting(
        "",
        "Field with the VAT number",
        "Key of the organization field with the VAT number. Example: vat_number",
    )
    per_minute: int = setting(
        200,
        "Requests per minute",
        "How many requests are sent in a minute at most. What Zendesk allows depends"
        " on the plan and is shared with all your other integrations.",
    )


def joined(answer, settings):
    """Return the tickets of an answer, with the people and organizations that come
    beside them."""
    rows = answer.get("tickets") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    users = by_id(answer.get("users"))
    organizations = by_id(answer.get("organizations"))
    return [
        {
            **row,
            "requester": users.get(row.get("requester_id")),
            "assignee": users.get(row.get("assignee_id")),
            "organization": organizations.get(row.get("organization_id")),
        }
        for row in rows
    ]


def by_id(rows):
    return {row["id"]: row for row in rows or []}


def custom_field(name):
    """Return a reader of the ticket field whose number the setting ``name`` holds."""

    def read(row, settings):
        number = getattr(settings, name)
        for item in row.get("custom_fields") or []:
            if number and str(item.get("id")) == number:
                return item.get("value")
        return None

    return read


def total_time(row, settings):
    """Return the seconds on a ticket, none if it was deleted."""
    deleted = row.get("status") == "deleted"
    return None if deleted else custom_field("total_field")(row, settings)


def growths(audits, ticket, settings):
    """Return the changes of the total time as rows of bookings.

    Totals are rounded, not differences: together they are never more than the total.
    """
    rows, last = [], 0
    for audit in audits:
        for event in audit.get("events") or []:
            if str(event.get("field_name")) != settings.total_field:
                continue
            before = units.seconds(event.get("previous_value") or 0, settings)
            before = last if before is None else before
            total = units.seconds(event.get("value") or 0, settings)
            last = before if total is None else total
            if total != before:
                grown = event["value"] if total is None else total - before
                rows.append(booking(audit, event, ticket, settings) | {"grown": grown})
    return rows


def booking(audit, event, ticket, settings):
    """Return what is known about a growth of the total."""
    return {
        "id": event.get("id"),
        "author_id": audit.get("author_id"),
        "created_at": audit.get("created_at"),
        "activity": custom_field("activity_field")(ticket, settings),
    }


SYSTEM = Declaration(
    code="zendesk",
    name="Zendesk",
    base="/api/v2",
    auth=Basic("{login}/token"),
    settings=Settings,
    look_up={
        "total_field": Listing(
            "/ticket_fields",
            "ticket_fields[?starts_with(title || '', 'Total time spent')]",
            paging=PAGING,
        ),
    },
    who=Call("/users/me"),
    tickets=Tickets(
        changed=Since(
            Listing(
                "/incremental/tickets/cursor",
                joined,
                {"start_time": "{since}", **INCLUDED},
                paging=BodyCursor(
                    token="after_cursor",
                    parameter="cursor",
                    limit="per_page",
                    size=1000,
                    last="end_of_stream",
                    instead_of="start_time",
                ),
                per_minute=10,
            ),
            changed="generated_timestamp",
            format=EPOCH_S,
        ),
        by_ids=Listing("/tickets/show_many", joined, {"ids": "{id_text}", **INCLUDED}),
        batch=100,
        url="/agent/tickets/{id}",
        fields={
            "remote_id": "id",
            "title": "subject",
            "description": "description",
            "state": "status",
            "closed": lambda row, settings: row.get("status") in CLOSED,
            "created": "created_at",
            "changed": "updated_at",
            "closed_at": "metric_set.solved_at || updated_at",
            # Numbers of people must not look like those of organizations.
            "customer_key": "organization_id || join('-', ['user', to_string("
            "requester_id)])",
            "customer_name": "organization.name || requester.name",
            "contact_key": "requester_id",
            "contact_name": "requester.name",
            "contact_email": "requester.email",
            "agent_key": "assignee_id",
            "queue": "type",
            "purchase_order": custom_field("purchase_order_field"),
        },
    ),
    time=Choice(
        "time_source",
        {
            "audits": PerTicket(
                entries=Listing("/tickets/{id}/audits", "audits", paging=PAGING),
                booked=total_time,
                expand=growths,
                unit=units.minutes,
                fields={
                    "remote_id": "id",
                    "amount": "grown",
                    "booked_at": "created_at",
                    "agent_key": "author_id",
                    "activity": "activity",
                },
            ),
            "total": Counter(
                total=total_time,
                unit=units.seconds,
                fields={
                    "booked_at": "updated_at",
                    "agent_key": "assignee_id",
                    "activity": custom_field("activity_field"),
                },
            ),
            "none": NoTime(),
        },
    ),
    people=People(
        in_tickets={
            "key": "assignee_id",
            "login": "assignee.email",
            "name": "assignee.name",
            "email": "assignee.email",
        },
        in_entries={"key": "author_id"},
        agent=Lookup(
            Call("/users/{key}", answer="user"),
            {"login": "email", "name": "name", "email": "email"},
        ),
    ),
    organisations=Directory(
        Listing("/organizations", "organizations", paging=PAGING),
        {
            "remote_id": "id",
            "name": "name",
            "number": "external_id",
            "domain": "join(', ', domain_names || `[]`)",
            "vat": lambda row, settings: (row.get("organization_fields") or {}).get(
                settings.vat_field
            ),
        },
    ),
    agents=Directory(
        Listing("/users", "users", {"role[]": ["agent", "admin"]}, paging=PAGING),
        {"key": "id", "login": "email", "name": "name", "email": "email"},
    ),
    write_back={
        "note": Call(
            "/tickets/{id}",
            {"ticket": {"comment": {"body": "{text}", "public": False}}},
            method="PUT",
        ),
        "field": Call(
            "/tickets/{id}",
            {"ticket": {"custom_fields": [{"id": "{field_id}", "value": "{text}"}]}},
            method="PUT",
        ),
        "tag": Call("/tickets/{id}/tags", {"tags": ["{text}"]}, method="PUT"),
    },
    take_back={
        "tag": Call("/tickets/{id}/tags", {"tags": ["{text}"]}, method="DELETE"),
    },
    notes=Call(
        "/tickets/{id}/comments", {"sort_order": "desc"}, answer="comments[].body"
    ),
    # Of a trigger the body is written by the administrator, of an event by Zendesk.
    webhook=Webhook(
        "zendesk",
        ticket_id="body.ticket_id || body.detail.id",
        event_id='headers."x-zendesk-webhook-invocation-id"',
    ),
)

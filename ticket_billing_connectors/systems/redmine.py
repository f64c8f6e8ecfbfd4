"""Redmine 5 and later (also Easy Redmine).

A time entry does not touch its issue, and lists of them can only be filtered by the
day of the work; times are in UTC. The customer is by custom the project, unless a
custom field of issues holds one. Hours come rounded to two decimals.
"""

from dataclasses import dataclass

from ..transport.page_styles import Offset
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
from .settings import Common, setting
from .templates import pick
from .time_sources import ByWorkDate

PAGING = Offset(total="total_count")


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """What differs between two Redmine servers; fields are ids of custom fields."""

    window_days: int = setting(
        60,
        "Days of work read again",
        "Redmine does not tell which time entries changed, so those of so many days"
        " are compared each time. Older ones are not followed.",
    )
    customer_field: str = setting(
        "",
        "Field with the customer",
        "Name of the custom field of issues that holds the customer. Empty: the"
        " project is the customer.",
    )
    purchase_order_field: str = setting(
        "",
        "Field with the purchase order",
        "Name of the custom field of issues with the customer's order number.",
    )


def custom_field(row, name):
    """Return the value of a custom field by its name; several by commas."""
    for item in row.get("custom_fields") or []:
        if name and item.get("name") == name:
            value = item.get("value")
            return ", ".join(map(str, value)) if isinstance(value, list) else value
    return None


def projects(answer, settings):
    """Return the projects of a page, if those are the customers."""
    return [] if settings.customer_field else pick("projects", answer, settings)


def customer(part):
    """Return a reader of the custom field, or of a ``part`` of the project."""

    def read(row, settings):
        if settings.customer_field:
            return custom_field(row, settings.customer_field)
        return (row.get("project") or {}).get(part)

    return read


SYSTEM = Declaration(
    code="redmine",
    name="Redmine",
    auth=Header({"X-Redmine-API-Key": "{secret}"}),
    needs_login=False,
    settings=Settings,
    who=Call("/users/current.json"),
    tickets=Tickets(
        changed=Since(
            Listing(
                "/issues.json",
                "issues",
                # Without status_id only open issues come.
                {"updated_on": ">={since}", "status_id": "*", "sort": "updated_on,id"},
                paging=PAGING,
            ),
            changed="updated_on",
        ),
        by_ids=Listing(
            "/issues.json",
            "issues",
            {"issue_id": "{id_text}", "status_id": "*"},
            paging=PAGING,
        ),
        batch=100,
        url="/issues/{id}",
        fields={
            "remote_id": "id",
            "title": "subject",
            "description": "description",
            "state": "status.name",
            "closed": "status.is_closed",
            "created": "created_on",
            "changed": "updated_on",
            "closed_at": "closed_on || updated_on",
            "customer_key": customer("id"),
            "customer_name": customer("name"),
            "contact_key": "author.id",
            "contact_name": "author.name",
            "agent_key": "assigned_to.id",
            "queue": "tracker.name",
            "purchase_order": lambda row, settings: custom_field(
                row, settings.purchase_order_field
            ),
        },
    ),
    time=ByWorkDate(
        entries=Listing(
            "/time_entries.json",
            "time_entries",
            {"from": "{day}", "sort": "created_on"},
            paging=PAGING,
        ),
        one=Call("/time_entries/{id}.json", answer="time_entry"),
        unit=units.hours,
        fields={
            "remote_id": "id",
            "ticket_remote_id": "issue.id",
            "amount": "hours",
            "work_day": "spent_on",
            "agent_key": "user.id",
            "activity": "activity.name",
            "text": "comments",
        },
    ),
    people=People(
        in_tickets={"key": "assigned_to.id", "name": "assigned_to.name"},
        in_entries={"key": "user.id", "name": "user.name"},
        agent=Lookup(
            Call("/users/{key}.json", answer="user"),
            {"login": "login", "email": "mail"},
        ),
        contact=Lookup(
            Call("/users/{key}.json", answer="user"), {"contact_email": "mail"}
        ),
    ),
    organisations=Directory(
        Listing("/projects.json", projects, paging=PAGING),
        {"remote_id": "id", "name": "name", "number": "identifier"},
    ),
    # For administrators only.
    agents=Directory(
        Listing("/users.json", "users", paging=PAGING),
        {
            "key": "id",
            "login": "login",
            "name": "join(' ', [firstname || '', lastname || ''])",
            "email": "mail",
        },
    ),
    write_back={
        "note": Call(
            "/issues/{id}.json",
            {"issue": {"notes": "{text}", "private_notes": True}},
            method="PUT",
        ),
        "field": Call(
            "/issues/{id}.json",
            {"issue": {"custom_fields": [{"id": "{field_id}", "value": "{text}"}]}},
            method="PUT",
        ),
    },
    notes=Call(
        "/issues/{id}.json",
        {"include": "journals"},
        answer="issue.journals[].notes",
    ),
    webhook=Webhook(
        "redmine",
        ticket_id="body.data.issue.id",
        deleted="body.type == 'issue.deleted'",
    ),
)

"""ServiceNow (Table API).

Fields come as objects with the value stored, in UTC, and the one shown. Times in a
search are understood in the zone of the user. Rows the user may not see are left out
of a page without a word, so a short one need not be the last. An answer can hold rows
and an error at once, when the search took too long.
"""

import datetime
from contextlib import suppress
from dataclasses import dataclass

from ..transport import errors
from ..transport.page_styles import Offset
from . import units
from .declaration import (
    Basic,
    Call,
    Choice,
    Declaration,
    Directory,
    Listing,
    OAuth,
    People,
    Since,
    Tickets,
    Webhook,
)
from .settings import Common, booking_time, setting, time_zone
from .templates import pick
from .time_formats import LOCAL
from .time_sources import Counter, Feed, NoTime

PAGING = Offset("sysparm_offset", "sysparm_limit", 500, total_header="X-Total-Count")
VALUES = {
    "sysparm_display_value": "all",
    "sysparm_exclude_reference_link": "true",
}
TICKET = (
    "sys_id,number,short_description,description,state,active,opened_at,closed_at,"
    "resolved_at,sys_created_on,sys_updated_on,company,account,caller_id,"
    "caller_id.email,contact,contact.email,opened_by,opened_by.email,assigned_to,"
    "assigned_to.email,assigned_to.user_name,assignment_group,time_worked"
    "{more_fields}"
)
PERSON = "user,user.email,user.user_name"
WORKED = (
    "sys_id,task,time_in_seconds,time_worked,comments,work_date,category,"
    f"sys_created_on,sys_updated_on,{PERSON}"
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CARD = f"sys_id,task,week_starts_on,state,category,sys_updated_on,{PERSON}," + (
    ",".join(DAYS)
)


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """What differs between two instances."""

    log_in: str = setting(
        "basic",
        "Log-in",
        "With OAuth, user name and password are client ID and secret of an application"
        " that may use client credentials.",
        {"basic": "User name and password", "oauth": "OAuth 2.0"},
    )
    time_zone: str = time_zone()
    table: str = setting(
        "incident",
        "Table with the tickets",
        "Example: incident, sn_customerservice_case, or task for all kinds at once.",
        decides_what_comes=True,
    )
    condition: str = setting(
        "",
        "Only tickets with",
        "Encoded query for the tickets that are wanted, as the instance shows it for a"
        " list. Example: assignment_group.name=Service Desk",
        decides_what_comes=True,
    )
    time_source: str = setting(
        "worked",
        "Times come from",
        "Time worked is one row for each time an agent worked, time cards are one for"
        " each week. Choose the total of the ticket only if neither can be read: what"
        " it grew by counts as work of the assignee.",
        {
            "worked": "Time worked",
            "cards": "Time cards",
            "total": "Total time of the ticket",
            "none": "No times",
        },
        final=True,
    )
    booking_time: str = booking_time(("time_source", "worked", "total"))
    card_states: str = setting(
        "Approved,Processed",
        "States of time cards that count",
        "States by commas. Time cards in others are left out.",
        decides_what_comes=True,
        only_with=("time_source", "cards"),
    )
    customer_table: str = setting(
        "core_company",
        "Customers are",
        "What is offered as customers to be mapped.",
        {"core_company": "Companies", "customer_account": "Accounts"},
    )
    purchase_order_field: str = setting(
        "",
        "Field with the purchase order",
        "Name of the column of tickets with the customer's order number. Example:"
        " u_order_number",
    )

    def placeholders(self):
        """Add the condition and the column of one's own, where there are such."""
        # Not super(): a dataclass with slots is another class than the one it names.
        values = Common.placeholders(self)
        field, condition = self.purchase_order_field, self.condition
        values["more_fields"] = f",{field}" if field else ""
        values["and_condition"] = f"^{condition}" if condition else ""
        return values


def table(path, query, fields):
    """Return the list of the rows of a table, for a query."""
    parts = {"sysparm_query": query, "sysparm_fields": fields, **VALUES}
    return Listing(path, "result", parts, paging=PAGING)


def changed_since(path, fields, condition=""):
    """Return the list of what changed in a table."""
    query = f"sys_updated_on>={{since}}{condition}^ORDERBYsys_updated_on^ORDERBYsys_id"
    return Since(
        table(path, query, fields),
        changed=utc("sys_updated_on"),
        key="sys_id.value",
        format=LOCAL,
    )


def deleted(name):
    """Return the list of what was deleted from the table ``name``."""
    query = f"tablename={name}^sys_created_on>={{since}}^ORDERBYsys_created_on"
    return table("/sys_audit_delete", query, "documentkey,sys_created_on")


def utc(*names):
    """Return a reader of the first of these times that is set."""

    def read(row, settings):
        values = (pick(f"{name}.value", row, settings) for name in names)
        return next((f"{value}Z" for value in values if value), None)

    return read


def days(card, settings):
    """Return a row for each day of a week's time card."""
    sys_id = pick("sys_id.value", card, settings)
    first = None
    with suppress(TypeError, ValueError):
        value = pick("week_starts_on.value", card, settings)
        first = datetime.date.fromisoformat(value)
    return [
        {
            **card,
            "id": f"{sys_id}:{name}",
            "hours": pick(f"{name}.value", card, settings),
            "day": first and str(day_of(first, number)),
        }
        for number, name in enumerate(DAYS)
    ]


def day_of(first, number):
    """Return the day of a week that begins at ``first``; Monday has number 0."""
    return first + datetime.timedelta(days=(number - first.weekday()) % 7)


def counts_not(row, settings):
    """Return whether a day of a time card is empty, or the card is not to count."""
    states = [state.strip() for state in settings.card_states.split(",")]
    shown = pick("[state.display_value, state.value]", row, settings) or []
    return not set(shown) & set(states) or units.hours(row["hours"] or 0, None) == 0


def fault(answer):
    """Recognise a search that was cancelled half-way."""
    if answer.status == 200 and pick("error", answer.data, None):
        return errors.Transient("It cancelled the search.")
    return None


SYSTEM = Declaration(
    code="servicenow",
    name="ServiceNow",
    base="/api/now/table",
    auth=Choice("log_in", {"basic": Basic(), "oauth": OAuth("/oauth_token.do")}),
    settings=Settings,
    fault=fault,
    who=Call("/sys_user", {"sysparm_limit": "1", "sysparm_fields": "sys_id"}),
    tickets=Tickets(
        changed=changed_since("/{table}", TICKET, "{and_condition}"),
        by_ids=table("/{table}", "sys_idIN{id_text}{and_condition}", TICKET),
        url="/nav_to.do?uri={table}.do%3Fsys_id%3D{id}",
        fields={
            "remote_id": "sys_id.value",
            "number": "number.value",
            # It may be empty, which no other system allows.
            "title": "short_description.value || number.value",
            "description": "description.value",
            "state": "state.display_value",
            "closed": "active.value == 'false'",
            "created": utc("opened_at", "sys_created_on"),
            "changed": utc("sys_updated_on"),
            "closed_at": utc("closed_at", "resolved_at", "sys_updated_on"),
            "customer_key": "account.value || company.value",
            "customer_name": "account.display_value || company.display_value",
            "contact_key": "contact.value || caller_id.value || opened_by.value",
            "contact_name": "contact.display_value || caller_id.display_value"
            " || opened_by.display_value",
            "contact_email": '"contact.email".value || "caller_id.email".value'
            ' || "opened_by.email".value',
            "agent_key": "assigned_to.value",
            "queue": "assignment_group.display_value",
            "purchase_order": lambda row, settings: (
                row.get(settings.purchase_order_field) or {}
            ).get("display_value"),
        },
    ),
    time=Choice(
        "time_source",
        {
            "worked": Feed(
                entries=changed_since("/task_time_worked", WORKED),
                deleted=deleted("task_time_worked"),
                needs_deleted=False,
                deleted_id="documentkey.value",
                # Other kinds of tasks have times too.
                of_read_tickets=True,
                unit=units.duration,
                fields={
                    "remote_id": "sys_id.value",
                    "ticket_remote_id": "task.value",
                    "amount": "time_in_seconds.value || time_worked.value",
                    "work_day": "work_date.value",
                    "booked_at": utc("sys_created_on"),
                    "agent_key": "user.value",
                    "activity": "category.display_value",
                    "text": "comments.value",
                },
            ),
            "cards": Feed(
                entries=changed_since("/time_card", CARD),
                split=days,
                void=counts_not,
                deleted=deleted("time_card"),
                needs_deleted=False,
                deleted_id=lambda row, settings: [
                    day["id"] for day in days({"sys_id": row["documentkey"]}, settings)
                ],
                of_read_tickets=True,
                unit=units.hours,
                fields={
                    "remote_id": "id",
                    "ticket_remote_id": "task.value",
                    "amount": "hours",
                    "work_day": "day",
                    "agent_key": "user.value",
                    "activity": "category.display_value",
                },
            ),
            "total": Counter(
                total="time_worked.value",
                key="sys_id.value",
                unit=units.duration,
                fields={
                    "booked_at": utc("sys_updated_on"),
                    "agent_key": "assigned_to.value",
                },
            ),
            "none": NoTime(),
        },
    ),
    people=People(
        in_tickets={
            "key": "assigned_to.value",
            "login": '"assigned_to.user_name".value',
            "name": "assigned_to.display_value",
            "email": '"assigned_to.email".value',
        },
        in_entries={
            "key": "user.value",
            "login": '"user.user_name".value',
            "name": "user.display_value",
            "email": '"user.email".value',
        },
    ),
    organisations=Directory(
        table("/{customer_table}", "ORDERBYsys_id", "sys_id,name,number,website"),
        {
            "remote_id": "sys_id.value",
            "name": "name.value",
            "number": "number.value",
            "domain": "website.value",
        },
    ),
    # Those who are in a group: callers are users too.
    agents=Directory(
        table("/sys_user_grmember", "ORDERBYsys_id", f"{PERSON},user.name"),
        {
            "key": "user.value",
            "login": '"user.user_name".value',
            "name": '"user.name".value',
            "email": '"user.email".value',
        },
    ),
    write_back={
        "note": Call("/{table}/{id}", {"work_notes": "{text}"}, method="PATCH"),
        "field": Call("/{table}/{id}", {"{name}": "{text}"}, method="PATCH"),
    },
    # What is written to work_notes cannot be read there.
    notes=Call(
        "/sys_journal_field",
        {
            "sysparm_query": "element_id={id}^element=work_notes",
            "sysparm_fields": "value",
        },
        answer="result[].value",
    ),
    # It signs nothing by itself: a business rule sends the token.
    webhook=Webhook(
        "token", ticket_id="body.ticket_id || body.sys_id", event_id="body.event_id"
    ),
)

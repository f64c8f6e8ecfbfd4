"""The settings of the generic REST interface."""

from dataclasses import dataclass
from decimal import Decimal

from .settings import Common, booking_time, minutes_per_unit, setting, time_zone

#: Beginning of the names of settings that pick a field of tickets, of bookings.
TICKET, ENTRY = "field_", "entry_"
WHERE = "JMESPath from the row of a ticket. Example: "
WHERE_BOOKED = "JMESPath from the row of a booking. Example: "


def ticket_pick(default, label, example):
    return setting(default, f"Ticket: {label}", WHERE + example)


def entry_pick(default, label, example):
    return setting(default, f"Booking: {label}", WHERE_BOOKED + example)


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """How the system is asked, and where it answers what."""

    log_in: str = setting(
        "bearer",
        "Log-in",
        "How the system recognises the user.",
        {
            "bearer": "Token (Authorization: Bearer)",
            "header": "Token in another header",
            "basic": "User name and password",
            "oauth": "OAuth 2.0 (client credentials)",
        },
    )
    auth_header: str = setting(
        "X-API-Key", "Header with the token", "Example: X-API-Key"
    )
    token_path: str = setting(
        "", "Address of tokens", "For OAuth. Example: /oauth/token"
    )
    list_path: str = setting(
        "/tickets",
        "List of tickets",
        "Path below the address, of a list of changed tickets that comes with the"
        " oldest change first. Example: /api/v1/tickets",
    )
    list_query: str = setting(
        "", "More parameters", "For the list. Example: sort=updated_at&order=asc"
    )
    list_rows: str = setting(
        "@", "Rows of the list", "JMESPath; @ if the answer is the list. Example: data"
    )
    since_parameter: str = setting(
        "updated_since",
        "Parameter with the time",
        "Only what changed since then is listed.",
    )
    since_format: str = setting(
        "iso",
        "Format of the time",
        "How the parameter takes a time.",
        {
            "iso": "2026-01-31T08:00:00Z",
            "epoch_s": "Seconds since 1970",
            "epoch_ms": "Milliseconds since 1970",
            "date": "2026-01-31",
            "local": "2026-01-31 09:00:00 in the time zone",
        },
    )
    time_zone: str = time_zone()
    paging: str = setting(
        "page",
        "Pages",
        "How a list goes on.",
        {
            "none": "It comes as a whole",
            "page": "Number of the page",
            "offset": "Number of rows to skip",
            "cursor": "Token of the answer",
            "next": "Address of the next page",
        },
    )
    page_parameter: str = setting(
        "page", "Parameter of the page", "Of the page, the rows to skip or the token."
    )
    size_parameter: str = setting(
        "per_page", "Parameter of its length", "Empty if there is none."
    )
    page_size: int = setting(100, "Rows per page", "As many as the system allows.")
    next_path: str = setting(
        "",
        "Next page",
        "JMESPath of the token or address in the answer. Empty: the header Link.",
    )
    ticket_path: str = setting(
        "/tickets/{id}", "A single ticket", "Path. Example: /api/v1/tickets/{id}"
    )
    ticket_rows: str = setting("@", "Row of a single ticket", "JMESPath. Example: data")
    ticket_page: str = setting(
        "/tickets/{id}", "Page of a ticket", "Path for your browser, to follow links."
    )
    field_remote_id: str = ticket_pick("id", "ID", "id")
    field_number: str = ticket_pick("number", "number", "number")
    field_title: str = ticket_pick("title", "title", "subject")
    field_description: str = ticket_pick("", "description", "body.text")
    field_state: str = ticket_pick("status", "state", "status.name")
    closed_states: str = setting(
        "closed", "Closed states", "By commas. Example: closed,resolved"
    )
    field_created: str = ticket_pick("created_at", "opened", "created_at")
    field_changed: str = ticket_pick("updated_at", "changed", "updated_at")
    field_closed_at: str = ticket_pick("", "closed", "closed_at || updated_at")
    field_customer_key: str = ticket_pick("customer_id", "customer", "customer.id")
    field_customer_name: str = ticket_pick("", "name of customer", "customer.name")
    field_contact_name: str = ticket_pick("", "who asked", "requester.name")
    field_contact_email: str = ticket_pick("", "e-mail of who asked", "requester.email")
    field_agent_key: str = ticket_pick("", "agent", "assignee.id")
    field_queue: str = ticket_pick("", "queue", "group.name")
    field_purchase_order: str = ticket_pick("", "purchase order", "custom.po")
    time_source: str = setting(
        "list",
        "Booked time",
        "Where the bookings of a ticket stand. A booking has to change its ticket.",
        {
            "none": "There is none",
            "list": "Each ticket has a list",
            "row": "In the row of the ticket",
        },
    )
    time_path: str = setting(
        "/tickets/{id}/times", "List of bookings", "Path. Example: /tickets/{id}/times"
    )
    time_rows: str = setting(
        "@", "Rows of bookings", "JMESPath from the answer, or the row of the ticket."
    )
    entry_remote_id: str = entry_pick("id", "ID", "id")
    entry_amount: str = entry_pick("minutes", "time", "minutes")
    time_unit: str = setting(
        "minutes",
        "Unit of time",
        "What the time of a booking is counted in.",
        {
            "minutes": "Minutes",
            "hours": "Hours",
            "seconds": "Seconds",
            "clock": "Hours and minutes (01:30)",
            "units": "Units of so many minutes",
        },
    )
    minutes_per_unit: Decimal = minutes_per_unit()
    booking_time: str = booking_time()
    entry_start: str = entry_pick("", "start of the work", "started_at")
    entry_stop: str = entry_pick("", "end of the work", "ended_at")
    entry_work_day: str = entry_pick("", "day of the work", "date")
    entry_booked_at: str = entry_pick("created_at", "booked", "created_at")
    entry_agent_key: str = entry_pick("user_id", "agent", "user.id")
    agent_name: str = entry_pick("", "name of agent", "user.name")
    agent_email: str = entry_pick("", "e-mail of agent", "user.email")
    entry_activity: str = entry_pick("", "activity", "activity.name")
    entry_text: str = entry_pick("note", "text", "note")
    note_path: str = setting(
        "", "Notes", "Path for notes on a ticket. Example: /tickets/{id}/notes"
    )
    note_field: str = setting("text", "Field of a note", "With its text.")

"""The fields of each kind of record that may be sent.

These tables check what comes in, guess the columns of files and write the published
description of the API, so that the three cannot disagree.
"""

from dataclasses import dataclass
from decimal import Decimal

#: Ids of the sender: one line of printable ASCII without a slash.
ID_PATTERN = r"^[!-.0-~]([ -.0-~]{0,126}[!-.0-~])?$"
MAX_ROWS = 500
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Field:
    """A field: ``kind`` is text, integer, number, flag, time or day; ``target`` its
    name in the record it becomes part of. ``longest`` bounds texts, ``least`` and
    ``most`` numbers, which have two decimals. ``columns`` are names it may have in
    files, in small letters."""

    name: str
    help: str
    kind: str = "text"
    target: str = ""
    required: bool = False
    longest: int = 250
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of record. ``remote_type`` is that of its links; of the fields named
    together in ``one_of`` a record needs at least one. ``can_withdraw``: a record
    that was sent by mistake can be taken back."""

    name: str
    label: str
    help: str
    remote_type: str
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    can_withdraw: bool = False

    @property
    def by_name(self) -> dict[str, Field]:
        return {item.name: item for item in self.fields}


def _id(help, **options):
    return Field(
        "id",
        help,
        target="remote_id",
        required=True,
        longest=128,
        pattern=ID_PATTERN,
        **options,
    )


def _ticket_id():
    return Field(
        "ticket",
        "Your id of the ticket it belongs to.",
        target="ticket_remote_id",
        required=True,
        longest=128,
        pattern=ID_PATTERN,
        columns=("ticket", "ticket id", "ticket-id", "ticketnummer", "vorgang"),
    )


CHANGED_AT = Field(
    "changed_at",
    "When the record was last changed in your system. What is older than what came"
    " in before changes nothing.",
    kind="time",
    columns=("changed at", "geändert", "geändert am", "updated"),
)
PURCHASE_ORDER = Field(
    "purchase_order",
    "The customer's order number.",
    columns=("purchase order", "bestellnummer", "bestellung", "po"),
)

CUSTOMERS = Table(
    "customers",
    "customer",
    "Whom tickets are for. They are matched with contacts here and never created.",
    "customer",
    (
        _id("Your id of the customer."),
        Field("name", "Name of the company.", required=True),
        Field("number", "Customer number in accounting, the reference of the contact."),
        Field("email", "E-mail address of the company."),
    ),
)

TICKETS = Table(
    "tickets",
    "ticket",
    "What was asked for. A ticket is sent as a whole, again whenever it changes.",
    "ticket",
    (
        _id(
            "Your id of the ticket.",
            columns=("id", "ticket id", "ticket-id", "ticketnummer", "nummer"),
        ),
        Field(
            "title",
            "What it is about.",
            required=True,
            longest=1000,
            columns=("title", "subject", "titel", "betreff"),
        ),
        Field(
            "number",
            "Number of the ticket as people know it; your id unless it is given.",
            columns=("number", "nummer", "ticketnummer"),
        ),
        Field(
            "description",
            "The request in the customer's words.",
            longest=60_000,
            columns=("description", "beschreibung"),
        ),
        Field("state", "State in your system, as a note.", columns=("state", "status")),
        Field(
            "closed",
            "Whether the work is done.",
            kind="flag",
            columns=("closed", "geschlossen", "erledigt"),
        ),
        Field(
            "closed_at",
            "When it was closed.",
            kind="time",
            columns=("closed at", "geschlossen am", "erledigt am"),
        ),
        Field(
            "created_at",
            "When it was opened.",
            kind="time",
            target="created",
            columns=("created at", "erstellt", "erstellt am", "angelegt"),
        ),
        Field(
            "customer",
            "Your id of the customer.",
            target="customer_key",
            longest=128,
            columns=("customer", "customer id", "kunde", "kundennummer"),
        ),
        Field(
            "customer_name",
            "Name of the customer, to find the contact here.",
            columns=("customer name", "kundenname", "firma"),
        ),
        Field(
            "contact_name",
            "Who asked.",
            columns=("contact", "contact name", "ansprechpartner"),
        ),
        Field(
            "contact_email",
            "E-mail address of who asked.",
            columns=("email", "e-mail", "contact email"),
        ),
        Field("agent", "Your id of the agent in charge.", target="agent_key"),
        Field("queue", "Queue or group in your system.", columns=("queue", "gruppe")),
        PURCHASE_ORDER,
        Field(
            "merged_into",
            "Your id of the ticket this one was merged into.",
            longest=128,
        ),
        CHANGED_AT,
    ),
)

TIME_ENTRIES = Table(
    "time-entries",
    "time entry",
    "Work on a ticket by one agent. It is billed by the minutes; the clock times say"
    " which surcharges apply.",
    "time_entry",
    (
        _id(
            "Your id of the time entry.",
            columns=("id", "entry id", "buchung", "buchungsnummer"),
        ),
        _ticket_id(),
        Field(
            "minutes",
            "Worked minutes, a begun one as a whole one.",
            kind="integer",
            required=True,
            least=0,
            most=1440,
            columns=("minutes", "minuten", "dauer (min)", "dauer"),
        ),
        Field(
            "start",
            "When the work began.",
            kind="time",
            columns=("start", "beginn", "von"),
        ),
        Field(
            "stop",
            "When the work ended; start and minutes tell unless it is given.",
            kind="time",
            columns=("stop", "end", "ende", "bis"),
        ),
        Field(
            "date",
            "Day of the work, where the clock time is not known.",
            kind="day",
            columns=("date", "datum", "tag", "leistungsdatum"),
        ),
        Field(
            "agent",
            "Your id of who worked.",
            target="agent_key",
            required=True,
            longest=128,
            columns=("agent", "techniker", "mitarbeiter", "bearbeiter"),
        ),
        Field("agent_name", "Name of who worked, to find the employee here."),
        Field("agent_email", "E-mail address of who worked."),
        Field(
            "activity",
            "Kind of the work: code or name of a work type, or a word to be mapped.",
            columns=("activity", "tätigkeit", "tätigkeitsart", "leistungsart"),
        ),
        Field(
            "text",
            "What was done, as the customer reads it.",
            longest=60_000,
            columns=("text", "comment", "beschreibung", "kommentar", "bemerkung"),
        ),
        Field("internal", "Whether the text is not for the customer.", kind="flag"),
        CHANGED_AT,
    ),
    one_of=("start", "date"),
    can_withdraw=True,
)

CHARGES = Table(
    "charges",
    "charge",
    "Material, a journey or an expense on a ticket.",
    "charge",
    (
        _id("Your id of the charge.", columns=("id", "position", "belegnummer")),
        _ticket_id(),
        Field(
            "product",
            "Internal reference, barcode or name of the product, or a word to be"
            " mapped.",
            target="product_key",
            required=True,
            longest=128,
            columns=("product", "produkt", "artikel", "artikelnummer"),
        ),
        Field(
            "date",
            "Day of the delivery.",
            kind="day",
            target="day",
            required=True,
            columns=("date", "datum", "lieferdatum", "leistungsdatum"),
        ),
        Field(
            "quantity",
            "How many, in the unit of the product.",
            kind="number",
            required=True,
            least=0,
            most=1_000_000,
            columns=("quantity", "menge", "anzahl"),
        ),
        Field(
            "kind",
            "What it is; material unless it is given.",
            choices=("material", "travel", "expense"),
            columns=("kind", "art"),
        ),
        Field(
            "text",
            "What stands on the invoice; the name of the product unless it is given.",
            longest=1000,
            columns=("text", "beschreibung", "bezeichnung"),
        ),
        Field(
            "pricing",
            "Sales price, cost plus the markup of the policy, or cost. Sales price"
            " unless it is given.",
            choices=("price", "markup", "cost"),
        ),
        Field(
            "unit_price",
            "Sales price of one; that of the product unless it is given.",
            kind="number",
            least=0,
            most=100_000_000,
            columns=("unit price", "preis", "einzelpreis", "vk"),
        ),
        Field(
            "unit_cost",
            "What one cost you, in the currency of the company; that of the product"
            " unless it is given.",
            kind="number",
            least=0,
            most=100_000_000,
            columns=("unit cost", "einkaufspreis", "ek", "kosten"),
        ),
        PURCHASE_ORDER,
        CHANGED_AT,
    ),
    can_withdraw=True,
)

TABLES: dict[str, Table] = {
    table.name: table for table in (CUSTOMERS, TICKETS, TIME_ENTRIES, CHARGES)
}

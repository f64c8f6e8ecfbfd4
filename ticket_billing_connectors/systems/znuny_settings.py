"""What differs between two Znuny servers."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between two Znuny servers.

    ``minutes_per_unit`` says what one time unit stands for. ``booking_time`` is
    what the time of a booking marks: the ``end`` or ``start`` of the work, or
    ``unknown`` (then only its day is used). ``entry_text`` is the part of an article
    that describes the work: ``body`` or ``subject``. The fields are names of dynamic
    fields: of the article (activity) and of the ticket (purchase order). Routes are
    for REST, ``soap_namespace`` for SOAP.
    """

    protocol: str = "rest"
    service: str = "GenericTicketConnectorREST"
    route_session: str = "POST /Session"
    route_search: str = "GET /Ticket"
    route_tickets: str = "GET /TicketList"
    route_history: str = "GET /TicketHistory/{TicketID}"
    route_update: str = "PATCH /Ticket/{TicketID}"
    soap_namespace: str = "http://www.otrs.org/TicketConnector/"
    time_zone: str = "UTC"
    minutes_per_unit: Decimal = Decimal(1)
    booking_time: str = "end"
    entry_text: str = "body"
    activity_field: str = ""
    purchase_order_field: str = ""
    page_size: int = 50
    page_limit: int = 10_000
    overlap_minutes: int = 5

"""Znuny's Generic Interface over SOAP: the same operations, in XML."""

from ..transport.soap import SoapSession, wsdl_of

LOG_IN = ("SessionID", "UserLogin", "Password")
OPERATIONS = {
    "SessionCreate": LOG_IN,
    "TicketSearch": (
        *LOG_IN,
        "TicketLastChangeTimeNewerDate",
        "SortBy",
        "OrderBy",
        "Limit",
        "SearchInArchive",
    ),
    "TicketGet": (*LOG_IN, "TicketID", "AllArticles", "DynamicFields", "Extended"),
    "TicketHistoryGet": (*LOG_IN, "TicketID"),
    "TicketUpdate": (
        *LOG_IN,
        "TicketID",
        (
            "Article",
            (
                "CommunicationChannel",
                "SenderType",
                "IsVisibleForCustomer",
                "Subject",
                "Body",
                "ContentType",
            ),
        ),
        ("DynamicField", ("Name", "Value")),
    ),
}
#: The operations in place of the routes of REST.
ROUTES = {
    "route_session": "POST SessionCreate",
    "route_search": "POST TicketSearch",
    "route_tickets": "POST TicketGet",
    "route_history": "POST TicketHistoryGet",
    "route_update": "POST TicketUpdate",
}


def open_soap(url: str, *, namespace: str, **options) -> SoapSession:
    """Return a session to a web service.

    The server takes what stands before the last # or / of the SOAPAction for its
    namespace: with one that ends in a slash, only # leaves it whole.
    """
    return SoapSession(
        url,
        wsdl=wsdl_of(namespace, url, OPERATIONS),
        action=f"{namespace.replace('{', '').replace('}', '')}#{{operation}}",
        **options,
    )

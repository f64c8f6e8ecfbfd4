"""Znuny over SOAP, and documents that attack whoever reads them."""

import socket
from pathlib import Path

import pytest
from lxml import etree
from replay_server import Handler, ReplayServer
from soap_replay import SoapReplayServer, envelope
from test_znuny import START, read

from ticket_billing_connectors.systems import znuny_soap
from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.address_guard import AddressPolicy
from ticket_billing_connectors.transport.session import Limits
from ticket_billing_connectors.transport.soap import SoapSession, read_xml, wsdl_of

RECORDINGS = Path(__file__).parent / "recordings"
STORY = RECORDINGS / "znuny"
LOCAL = AddressPolicy(allow_http=True, private_hosts=frozenset({"127.0.0.1"}))
SERVICE = "GenericTicketConnectorSOAP"
NAMESPACE = "http://www.otrs.org/TicketConnector/"
LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">'
    for n in range(12)
)


@pytest.fixture
def soap():
    with SoapReplayServer(STORY) as server:
        yield server


@pytest.fixture
def open_soap(open_znuny):
    def open_client(server, **settings):
        return open_znuny(server, protocol="soap", service=SERVICE, **settings)

    return open_client


def test_soap_tells_what_rest_tells(soap, open_soap, open_znuny):
    with ReplayServer(STORY) as rest:
        by_rest = read(open_znuny(rest, activity_field="Activity", page_size=7))
        rest_url = rest.url
    by_soap = read(open_soap(soap, activity_field="Activity", page_size=7))

    def without_host(tickets):
        return {key: str(t).replace(rest_url, soap.url) for key, t in tickets.items()}

    assert len(by_soap[0]) > 15
    assert len(by_soap[1]) > 40
    assert without_host(by_soap[0]) == without_host(by_rest[0])
    assert by_soap[1:] == by_rest[1:]


def test_connection_test(soap, open_soap):
    checks = open_soap(soap).check()
    assert [check.error for check in checks] == [None] * 6


def test_wrong_password(soap, open_znuny):
    client = open_znuny(soap, password="x", protocol="soap", service=SERVICE)
    with pytest.raises(errors.AuthError):
        list(client.changes(START))


def test_expired_session_is_replaced(soap, open_soap):
    client = open_soap(soap)
    read(client)
    soap.inject("expired", path="TicketSearch")
    read(client)
    operations = [path for _method, path in soap.requests]
    assert operations.count("SessionCreate") == 2


def test_namespace_that_does_not_fit(soap, open_soap):
    client = open_soap(soap, soap_namespace="urn:other/")
    with pytest.raises(errors.InvalidRequest):
        list(client.changes(START))


# Recorded messages


class Recorded(SoapSession):
    """A session that is answered by a recording instead of a server."""

    def __init__(self, name, status=200):
        self.recording = (RECORDINGS / "znuny_soap" / name).read_bytes(), status

    def answer(self):
        content, status = self.recording

        class Response:
            status_code = status
            headers = {"Content-Type": "text/xml; charset=UTF-8"}

        return self._decode(Response, content)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("ticket-search", ["15", "14", "13"]),
        ("ticket-search-one-hit", "15"),
    ],
)
def test_recorded_search(name, ids):
    assert Recorded(f"{name}.response.xml").answer().data == {"TicketID": ids}


def test_recorded_ticket():
    ticket = Recorded("ticket-get.response.xml").answer().data["Ticket"]
    assert ticket["TicketID"] == "5"
    assert [article["TimeUnit"] for article in ticket["Article"]][:2] == ["0", "20"]
    assert ticket["Article"][0]["DynamicField"] == {"Name": "Activity", "Value": None}


def test_recorded_errors(open_znuny, soap):
    from ticket_billing_connectors.systems.znuny_answers import classify

    wrong = Recorded("session-create-wrong-password.response.xml").answer()
    assert isinstance(classify(wrong), errors.AuthError)
    unknown = Recorded("ticket-get-unknown.response.xml").answer()
    assert isinstance(classify(unknown), errors.PermissionDenied)
    fault = Recorded("session-create-soapaction-of-wsdl.response.xml", 500).answer()
    assert isinstance(classify(fault), errors.InvalidRequest)


def test_messages_are_those_recorded(soap):
    session = znuny_soap.open_soap(f"{soap.url}/x", policy=LOCAL, namespace=NAMESPACE)
    fields = {
        "UserLogin": "agent.anna",
        "Password": "PASSWORD",
        "TicketID": 5,
        "DynamicFields": 1,
        "AllArticles": 1,
    }
    sent = etree.fromstring(session._envelope("TicketGet", fields))
    path = RECORDINGS / "znuny_soap" / "ticket-get.request.xml"
    recorded = etree.fromstring(path.read_bytes(), etree.XMLParser(remove_blank_text=1))

    def flat(root):
        return sorted((e.tag, (e.text or "").strip()) for e in root.iter())

    assert flat(sent) == flat(recorded)


def test_notes_and_fields_are_written(soap, open_soap):
    client = open_soap(soap)
    ticket = next(iter(soap.tickets))
    client.write_back("note", ticket, "Billed by invoice 7 [TB-7-1]")
    article = soap.tickets[ticket]["Article"][-1]
    assert article["Body"] == "Billed by invoice 7 [TB-7-1]"
    assert article["IsVisibleForCustomer"] == "0"
    client.write_back("field", ticket, "INV/7", "BilledInvoice")
    field = {"Name": "BilledInvoice", "Value": "INV/7"}
    assert soap.tickets[ticket]["DynamicField"] == field


def test_fields_may_hold_others(documents):
    fields = (
        "TicketID",
        ("Article", ("Subject",)),
        ("DynamicField", ("Name", "Value")),
    )
    source = wsdl_of(NAMESPACE, documents.url, {"TicketUpdate": fields})
    documents.documents["/"] = message("7")
    with SoapSession(
        documents.url, LOCAL, wsdl=source, action="{operation}"
    ) as session:
        values = {
            "TicketID": 7,
            "Article": {"Subject": "Billed"},
            "DynamicField": [{"Name": n, "Value": n.lower()} for n in ("A", "B")],
        }
        sent = etree.fromstring(session._envelope("TicketUpdate", values))
        assert session.call("POST", "TicketUpdate", values) == {"TicketID": "7"}
    texts = [(e.tag, e.text) for e in sent.iter() if e.text]
    assert texts == [
        ("TicketID", "7"),
        ("Subject", "Billed"),
        ("Name", "A"),
        ("Value", "a"),
        ("Name", "B"),
        ("Value", "b"),
    ]


def test_values_cannot_become_xml(soap):
    session = znuny_soap.open_soap(f"{soap.url}/x", policy=LOCAL, namespace=NAMESPACE)
    text = "</Password><UserLogin>root</UserLogin>"
    sent = etree.fromstring(session._envelope("SessionCreate", {"Password": text}))
    assert [e.text for e in sent.iter("Password")] == [text]
    assert not list(sent.iter("UserLogin"))
    for fields in ({"Password": "\x00"}, {"Unknown": "x"}):
        with pytest.raises(errors.InvalidRequest) as caught:
            session._envelope("SessionCreate", fields)
        assert "\x00" not in str(caught.value)


# Attacks


def message(text, doctype=""):
    body = envelope("TicketSearchResponse", {"TicketID": "TEXT"}).decode()
    head, _sep, rest = body.partition("?>")
    return f"{head}?>{doctype}{rest.replace('TEXT', text)}"


@pytest.fixture
def trap():
    """A server nobody must call."""
    with ReplayServer() as server:
        yield server
        assert server.requests == []


def attacks(trap):
    url = f"{trap.url}/x"
    plain = message("1", f'<!DOCTYPE x SYSTEM "{url}">')
    return {
        "billion laughs": message("&l11;", f"<!DOCTYPE x [{LAUGHS}]>"),
        "local file": message(
            "&f;", '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        ),
        "other server": message("&u;", f'<!DOCTYPE x [<!ENTITY u SYSTEM "{url}">]>'),
        "external dtd": plain,
        "parameter entity": message(
            "1", f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{url}"> %p;]>'
        ),
        "utf-16": plain.replace("UTF-8", "UTF-16").encode("utf-16"),
        "quadratic": message(
            "&q;" * 1000, f'<!DOCTYPE x [<!ENTITY q "{"a" * 10_000}">]>'
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "billion laughs",
        "local file",
        "other server",
        "external dtd",
        "parameter entity",
        "utf-16",
        "quadratic",
    ],
)
def test_documents_with_entities_are_refused(name, soap, open_soap, trap):
    client = open_soap(soap)
    soap.inject("raw", body=attacks(trap)[name], path="TicketSearch")
    with pytest.raises(errors.InvalidRequest, match="entities"):
        list(client.changes(START))
    # Not repeated: it is no passing fault.
    assert [path for _m, path in soap.requests].count("TicketSearch") == 1


@pytest.mark.parametrize(
    "body",
    [
        message("x" * 3_000_000),
        message("".join("<a>" * 100_000)),
        "<html><body>Sign in</body></html>",
        message("1")[:-20],
        "",
        "no xml at all",
        message("1").replace("Body", "Other"),
    ],
    ids=["huge", "deep", "page", "cut", "empty", "text", "no body"],
)
def test_other_answers_are_no_result(body, soap, open_znuny):
    options = {
        "limits": Limits(max_bytes=2_000_000, backoff=0.01, attempts=2),
        "sleep": lambda seconds: None,
    }
    client = open_znuny(soap, protocol="soap", service=SERVICE, options=options)
    soap.inject("raw", times=9, body=body, path="TicketSearch")
    with pytest.raises(errors.ConnectorError):
        list(client.changes(START))


def test_include_is_not_followed(soap, open_soap, trap):
    body = message(
        f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{trap.url}/x"/>'
    )
    soap.inject("raw", body=body, path="TicketSearch")
    client = open_soap(soap)
    with pytest.raises(errors.ConnectorError):
        list(client.changes(START))


class Documents(ReplayServer):
    """Serves WSDL documents by their path."""

    def __init__(self):
        super().__init__()
        self._server.RequestHandlerClass = _Documents
        self.documents = {}

    def answer(self, method, path, fields):
        return 200, self.documents.get(path, "")


class _Documents(Handler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._reply("POST", self.path, {})


@pytest.fixture
def documents():
    with Documents() as server:
        yield server


def call_with_wsdl(server):
    with SoapSession(
        server.url, LOCAL, wsdl="/service.wsdl", action=f"{NAMESPACE}#{{operation}}"
    ) as session:
        return session.call("POST", "TicketSearch", {"Limit": 1}, idempotent=True)


def wsdl(server, more=""):
    text = znuny_soap.wsdl_of(NAMESPACE, server.url, znuny_soap.OPERATIONS).decode()
    return text.replace("<types>", f"{more}<types>", 1).strip()


def test_wsdl_of_the_server(documents):
    documents.documents["/service.wsdl"] = wsdl(documents)
    documents.documents["/"] = message("7")
    assert call_with_wsdl(documents) == {"TicketID": "7"}


@pytest.mark.parametrize(
    "location", ["{trap}/more.wsdl", "file:///etc/passwd", "/etc/passwd", "ftp://x/y"]
)
def test_imports_of_a_wsdl_stay_on_its_server(location, documents, trap):
    location = location.format(trap=trap.url)
    more = f'<import namespace="urn:more" location="{location}"/>'
    documents.documents["/service.wsdl"] = wsdl(documents, more)
    with pytest.raises(errors.ConnectorError):
        call_with_wsdl(documents)


def test_schema_imports_stay_on_its_server(documents, trap):
    text = wsdl(documents).replace(
        "<x:element",
        f'<x:import namespace="urn:m" schemaLocation="{trap.url}/m.xsd"/><x:element',
        1,
    )
    documents.documents["/service.wsdl"] = text
    with pytest.raises(errors.AddressRefused):
        call_with_wsdl(documents)


def test_wsdl_with_entities(documents, trap):
    doctype = f'<!DOCTYPE d [<!ENTITY u SYSTEM "{trap.url}/x">]>'
    documents.documents["/service.wsdl"] = doctype + wsdl(documents)
    with pytest.raises(errors.InvalidRequest):
        call_with_wsdl(documents)


def test_no_network_while_reading(monkeypatch):
    """The parser itself opens no connection."""
    monkeypatch.setattr(socket, "socket", None)
    with pytest.raises(errors.InvalidRequest):
        read_xml(b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x"><x/>')
    assert isinstance(read_xml(b"<x/>"), etree._Element)


def test_fault_with_status_200_is_an_error(soap, open_soap):
    body = envelope("Fault", {"faultcode": "Server", "faultstring": "Out of order"})
    soap.inject("raw", body=body, path="TicketSearch")
    with pytest.raises(errors.InvalidRequest, match="fault"):
        list(open_soap(soap).changes(START))

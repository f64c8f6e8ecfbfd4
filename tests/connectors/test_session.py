"""R-16, S-05, S-06, S-07: one HTTP session against a misbehaving server."""

import datetime
import logging
import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from replay_server import ReplayServer

from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.address_guard import AddressPolicy
from ticket_billing_connectors.transport.session import (
    HttpSession,
    Limits,
    retry_after,
)

SEARCH = "/Ticket"
LOCAL = AddressPolicy(
    allow_http=True, private_hosts=frozenset({"127.0.0.1", "tickets.example"})
)


def base(server):
    path = "/otrs/nph-genericinterface.pl/Webservice/GenericTicketConnectorREST"
    return server.url + path


@pytest.fixture
def waits():
    return []


@pytest.fixture
def session(recorded, waits):
    """A session without log-in; the replay server takes login and password."""
    limits = Limits(read_timeout=0.3, backoff=0.01, max_wait=5, max_bytes=100_000)
    with HttpSession(base(recorded), LOCAL, limits=limits, sleep=waits.append) as http:
        yield http


def search(session):
    fields = {"UserLogin": "agent.anna", "Password": "replay", "Limit": 2}
    return session.call("GET", SEARCH, fields, authenticate=False)


def calls(server):
    return [path.rpartition("/")[2] for _method, path in server.requests]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("slow", {"seconds": 0.6}),
        ("status", {"status": 500}),
        ("status", {"status": 503}),
        ("html", {}),
        ("half_json", {}),
        ("cut", {}),
        ("charset", {}),
    ],
)
def test_passing_faults_are_overcome(recorded, session, waits, kind, options):
    recorded.inject(kind, times=2, **options)
    assert search(session)["TicketID"]
    assert len(recorded.requests) == 3
    assert len(waits) == 2 and all(0 < wait < 1 for wait in waits)


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("slow", {"seconds": 0.6}, errors.Unreachable),
        ("status", {"status": 502}, errors.Transient),
        ("html", {}, errors.BadAnswer),
        ("half_json", {}, errors.BadAnswer),
        ("cut", {}, errors.Transient),
        ("charset", {}, errors.BadAnswer),
        ("throttle", {}, errors.Throttled),
    ],
)
def test_lasting_faults_end_after_four_attempts(
    recorded, session, kind, options, error
):
    recorded.inject(kind, times=99, **options)
    with pytest.raises(error):
        search(session)
    assert len(recorded.requests) == 4


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.InvalidRequest),
        (401, errors.AuthError),
        (403, errors.PermissionDenied),
        (404, errors.NotFound),
    ],
)
def test_final_faults_are_not_repeated(recorded, session, status, error):
    recorded.inject("status", times=99, status=status)
    with pytest.raises(error):
        search(session)
    assert len(recorded.requests) == 1


def test_retry_after_is_respected(recorded, session, waits):
    recorded.inject("throttle", retry_after=3)
    search(session)
    assert waits == [3.0]


def test_a_long_retry_after_ends_the_run(recorded, session, waits):
    recorded.inject("throttle", retry_after=3600)
    with pytest.raises(errors.Throttled):
        search(session)
    assert waits == []


def test_retry_after_as_a_date():
    now = datetime.datetime(2026, 11, 24, 2, 0, tzinfo=datetime.UTC)
    assert retry_after("Tue, 24 Nov 2026 02:00:30 GMT", now) == 30
    assert retry_after("Tue, 24 Nov 2026 01:00:00 GMT", now) == 0
    assert retry_after("soon", now) is None


def test_writing_is_not_repeated(recorded, session):
    recorded.inject("status", times=99, status=500)
    with pytest.raises(errors.Transient):
        session.call("POST", "/Ticket", {})
    assert len(recorded.requests) == 1


def test_too_large_an_answer(recorded, session):
    recorded.inject("body", body={"Title": "x" * 200_000})
    with pytest.raises(errors.InvalidRequest, match="too large"):
        search(session)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/",
        "//10.0.0.1/x",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.example/",
    ],
)
def test_redirects_to_other_addresses_are_refused(recorded, session, location):
    recorded.inject("redirect", location=location)
    with pytest.raises(errors.AddressRefused):
        search(session)


def test_redirects_on_the_same_host_are_followed(recorded, session):
    recorded.inject("redirect", location="/otrs/elsewhere")
    assert search(session)["TicketID"]
    # The new path is no web service: status 500, so it begins again.
    assert calls(recorded) == ["Ticket", "elsewhere", "Ticket"]


def test_endless_redirects(recorded, session):
    recorded.inject("redirect", times=99, location="/otrs/elsewhere")
    with pytest.raises(errors.LoopDetected):
        search(session)


def test_connects_to_the_judged_address_only(recorded):
    """DNS rebinding: the name is looked up once, later answers do not count."""
    answers = iter(["127.0.0.1"])

    def resolver(host, port, type):
        return [(socket.AF_INET, type, 6, "", (next(answers), port))]

    url = base(recorded).replace("127.0.0.1", "tickets.example")
    with HttpSession(url, LOCAL, resolver=resolver) as http:
        assert search(http)["TicketID"]
        assert search(http)["TicketID"]


@pytest.fixture
def tls_server(tmp_path):
    """An https server with a certificate nobody has signed."""
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    write_certificate(*files, name="tickets.example")
    with ReplayServer(certificate=files) as server:
        server.add_ticket(1, "2026-11-24 02:00:00")
        server.certificate = files[0]
        yield server


def write_certificate(path, key_path, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path.write_bytes(certificate.public_bytes(pem))
    key_path.write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def loopback(host, port, type):
    return [(socket.AF_INET, type, 6, "", ("127.0.0.1", port))]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_untrusted_certificates_are_refused(tls_server):
    url = base(tls_server).replace("127.0.0.1", "tickets.example")
    with HttpSession(url, LOCAL, resolver=loopback) as http:
        with pytest.raises(errors.CertificateRefused):
            search(http)
    assert tls_server.requests == []
    with HttpSession(url, LOCAL, resolver=loopback, verify=False) as http:
        assert search(http) == {"TicketID": ["1"]}


def test_certificate_must_bear_the_name_not_the_pinned_address(tls_server, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls_server.certificate))
    url = base(tls_server).replace("127.0.0.1", "tickets.example")
    with HttpSession(url, LOCAL, resolver=loopback) as http:
        assert search(http) == {"TicketID": ["1"]}
    with HttpSession(base(tls_server), LOCAL, resolver=loopback) as http:
        with pytest.raises(errors.CertificateRefused):
            search(http)


def test_secrets_are_in_no_error_and_no_log(recorded, session, caplog):
    caplog.set_level(logging.DEBUG)
    for kind, options in (
        ("status", {"status": 500}),
        ("cut", {}),
        ("html", {}),
        ("slow", {"seconds": 0.6}),
    ):
        recorded.inject(kind, times=4, **options)
        with pytest.raises(errors.ConnectorError) as caught:
            search(session)
        assert "replay" not in str(caught.value)
        assert caught.value.__cause__ is None
    assert "GET" in caplog.text
    assert "replay" not in caplog.text and "Password" not in caplog.text


def test_a_write_is_only_repeated_when_it_was_turned_away(recorded, session, waits):
    recorded.inject("throttle", retry_after=3)
    recorded.inject("status", status=500)
    with pytest.raises(errors.Transient):
        session.request("POST", "/Ticket", payload={})
    assert waits == [3]
    assert len(recorded.requests) == 2


def test_a_next_page_on_another_host_is_refused(recorded, session):
    for url in ("http://169.254.169.254/", recorded.url + ".evil.example/"):
        with pytest.raises(errors.AddressRefused):
            session.fetch("GET", url)
    assert not recorded.requests


def test_what_has_not_left_is_told_from_what_may_have(recorded, session):
    with HttpSession("http://127.0.0.1:1", LOCAL, sleep=lambda seconds: None) as http:
        with pytest.raises(errors.Unconnected):
            http.request("POST", "/note", payload={})
    recorded.inject("cut", path="Ticket")
    with pytest.raises(errors.Transient) as caught:
        session.request("POST", "/Ticket", payload={})
    assert not isinstance(caught.value, errors.Unconnected)

"""Znuny: notes and fields are written, found and not written twice."""

import pytest

from ticket_billing_connectors.transport import errors

NOTE = "Billed by invoice INV/2026/0001: 1:30 h. [TB-7-1]"


@pytest.fixture
def client(replay, open_znuny):
    replay.add_ticket(1, "2026-10-12 09:00:00")
    return open_znuny(replay)


def updates(replay):
    return [path for method, path in replay.requests if method == "PATCH"]


def test_note_is_internal_and_found_again(replay, client):
    assert client.has_note("1", "[TB-7-1]") is False
    client.write_back("note", "1", NOTE)
    article = replay.tickets["1"]["Article"][-1]
    assert (article["Body"], article["IsVisibleForCustomer"]) == (NOTE, 0)
    assert client.has_note("1", "[TB-7-1]") is True
    assert client.has_note("1", "[TB-7-2]") is False


def test_field(replay, client):
    for text in ("INV/2026/0001", ""):
        client.write_back("field", "1", text, "BilledInvoice")
        field = [{"Name": "BilledInvoice", "Value": text}]
        assert replay.tickets["1"]["DynamicField"] == field


def test_a_note_is_not_repeated_a_field_is(replay, client):
    client.read_again(["1"])
    replay.inject("status", times=1, path="/Ticket/1", status=502)
    with pytest.raises(errors.Transient):
        client.write_back("note", "1", NOTE)
    assert len(updates(replay)) == 1
    replay.inject("status", times=1, path="/Ticket/1", status=502)
    client.write_back("field", "1", "INV/2026/0001", "BilledInvoice")
    assert len(updates(replay)) == 3


def test_refusals_are_errors(replay, client):
    with pytest.raises(errors.PermissionDenied):
        client.write_back("note", "999", NOTE)


def test_tickets_are_read_again(replay, client):
    replay.add_ticket(2, "2026-10-12 10:00:00", [(15, 2, "2026-10-12 10:00:00")])
    page = client.read_again(["2"])
    assert [ticket.remote_id for ticket in page.tickets] == ["2"]
    assert [entry.minutes for entry in page.entries] == [15]
    assert page.whole
    # One that is gone does not keep the other from being read.
    assert len(client.read_again(["2", "999"]).tickets) == 1
    assert client.read_again(["999"]).tickets == []

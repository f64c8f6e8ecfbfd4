"""Two requests of one sender at the same time, and one that is killed."""

import pytest

TICKET = {"id": "t1", "title": "Printer", "customer": "INTAKE"}


@pytest.fixture
def key(one):
    return one.call("create_api_key")


def test_same_request_in_two_workers_at_once(one, two, key):
    """The second waits for the first and gets its answer, byte by byte."""
    two.arm("ticket.billing.intake", "_take", "pause")
    request = {"key": key, "collection": "tickets", "data": TICKET, "once": "a"}
    two.start("send", **request)
    two.await_pause()
    one.start("send", **request)
    two.resume()
    first, second = two.result(), one.result()
    assert first[0] == 201
    assert second == first
    assert one.call("count_sent", key=key) == {"links": 1, "tickets": 1, "answers": 1}


def test_same_record_in_two_workers_at_once(one, two, key):
    """Without a key for the request, the record is still there once."""
    two.arm("ticket.billing.intake", "_take", "pause")
    request = {"key": key, "collection": "tickets", "data": TICKET}
    two.start("send", **request)
    two.await_pause()
    one.start("send", **request)
    two.resume()
    assert (two.result()[0], one.result()[0]) == (201, 200)
    assert one.call("count_sent", key=key) == {"links": 1, "tickets": 1, "answers": 0}


def test_killed_before_the_end(one, mortal, key):
    """Neither the work nor its answer is kept, so the request can be repeated."""
    mortal.arm("ticket.billing.api.answer", "_keep", "kill")
    request = {"key": key, "collection": "tickets", "data": TICKET, "once": "a"}
    mortal.start("send", **request)
    mortal.await_death()
    assert one.call("count_sent", key=key) == {"links": 0, "tickets": 0, "answers": 0}
    assert one.call("send", **request)[0] == 201

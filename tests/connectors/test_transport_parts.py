"""Page styles, throttle, OAuth and time formats, each on its own."""

import datetime
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from ticket_billing_connectors.systems import time_formats, units
from ticket_billing_connectors.systems.time_formats import read_time
from ticket_billing_connectors.transport import errors
from ticket_billing_connectors.transport.oauth import (
    MemoryStore,
    OAuth2,
    challenge_of,
    first_tokens,
)
from ticket_billing_connectors.transport.page_styles import (
    BodyCursor,
    NextUrl,
    Offset,
    PageNumber,
    Received,
    Step,
)
from ticket_billing_connectors.transport.throttle import TokenBucket, wait_asked_for

NOW = datetime.datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def received(data=None, count=2, **headers):
    return Received(data, headers, count, "https://t.example/api/tickets")


@pytest.mark.parametrize(
    ("style", "page", "fields"),
    [
        (PageNumber(size=2), received(), {"page": 2, "per_page": 2}),
        (PageNumber(size=2), received(count=1), None),
        (PageNumber(size=9, total_pages="n"), received({"n": 2}, 1), {"page": 2}),
        (PageNumber(size=2, total_pages="n"), received({"n": 1}), None),
        (Offset(size=9, total="n"), received({"n": 5}), {"offset": 2}),
        (Offset(size=9, total="n"), received({"n": 2}), None),
        (Offset(size=9, total="n"), received({"n": 5}, 0), None),
        (Offset(size=2, start=1), received(), {"offset": 3}),
        (Offset(size=2), received(count=1), None),
        (Offset(size=2, total_header="X"), received(count=0, X="5"), {"offset": 2}),
        (Offset(size=2, total_header="X"), received(X="2"), None),
        (BodyCursor("t", "token"), received({"t": "a"}), {"token": "a"}),
        (BodyCursor("t", "token", last="l"), received({"t": "a", "l": True}), None),
        (BodyCursor("t", "token"), received({}), None),
    ],
)
def test_next_page(style, page, fields):
    step = style.after(style.first(), page)
    if fields is None:
        assert step is None
    else:
        assert fields.items() <= step.fields.items()


def test_next_url():
    link = '<https://t.example/api/tickets?page=2>; rel="next"'
    assert NextUrl().after(Step(), received(Link=link)).url.endswith("?page=2")
    assert NextUrl().after(Step(), received()) is None
    step = NextUrl("next").after(Step(), received({"next": "/api/x?page=3"}))
    assert step.url == "https://t.example/api/x?page=3"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"X-RateLimit-Reset": "2026-11-24T02:00:20Z"}, 20),
        ({"RateLimit-Reset": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_an_answer_asks_to_wait(headers, wait):
    assert wait_asked_for(headers, NOW) == wait


def test_token_bucket():
    clock = [0.0]
    bucket = TokenBucket(60, burst=2, clock=lambda: clock[0])
    assert [bucket.reserve() for _number in range(4)] == [0, 0, 1, 2]
    clock[0] = 100
    assert bucket.reserve() == 0


def test_bucket_turns_away_what_is_too_much():
    clock = [0.0]
    bucket = TokenBucket(60, burst=2, clock=lambda: clock[0])
    assert [bucket.admit() for _number in range(4)] == [0, 0, 1, 1]
    clock[0] = 0.5
    assert bucket.admit() == 0.5
    clock[0] = 1
    assert [bucket.admit(), bucket.admit()] == [0, 1]


def make_oauth(store, clock):
    asked = []

    def ask(form):
        asked.append(form)
        number = len(asked)
        return {
            "access_token": f"access{number}",
            "refresh_token": f"refresh{number}",
            "expires_in": 3600,
        }

    client = {"client_id": "id", "client_secret": "secret"}
    return OAuth2(ask, client, store, clock=lambda: clock[0]), asked


def test_refresh_token_rotates_and_is_kept():
    store, clock = MemoryStore({"refresh_token": "first"}), [0.0]
    auth, asked = make_oauth(store, clock)
    assert auth.headers() == auth.headers() == {"Authorization": "Bearer access1"}
    assert [form["refresh_token"] for form in asked] == ["first"]
    clock[0] = 3600
    assert auth.headers() == {"Authorization": "Bearer access2"}
    assert asked[1]["refresh_token"] == "refresh1"
    assert store.load()["refresh_token"] == "refresh2"


def test_a_refused_token_is_renewed_once():
    auth, asked = make_oauth(MemoryStore(), [0.0])
    auth.headers()
    assert asked[0]["grant_type"] == "client_credentials"
    assert auth.renew()
    assert auth.headers() == {"Authorization": "Bearer access2"}
    assert not auth.renew()
    auth.accepted()
    assert auth.renew()


def test_a_code_that_brings_no_refresh_token():
    with pytest.raises(errors.AuthError):
        first_tokens(lambda form: {"access_token": "x"}, {}, "https://x", "code", "v")


def test_a_code_is_bound_to_its_verifier():
    """The example of RFC 7636, appendix B."""
    fields = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert fields == {"code_challenge": challenge, "code_challenge_method": "S256"}


def test_an_hour_that_comes_twice_is_asked_for_from_its_start():
    zone = ZoneInfo("Europe/Berlin")
    for hour in (0, 1):  # both are 02:30 there
        time = datetime.datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert time_formats.LOCAL.text_of(time, zone) == "2026-10-25 01:30:00"
    time = datetime.datetime(2026, 7, 1, 10, 0, 59, tzinfo=UTC)
    assert time_formats.LOCAL_MINUTE.text_of(time, zone) == "2026-07-01 12:00"
    assert time_formats.EPOCH_MS.text_of(time, zone) == str(
        int(time.timestamp()) * 1000
    )


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-11-24T03:00:00.000+0100", NOW),
        ("2026-11-24T02:00:00Z", NOW),
        ("2026-11-24 03:00:00", NOW),
        (NOW.timestamp(), NOW),
        (int(NOW.timestamp() * 1000), NOW),
        ("1970-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        (True, None),
        (1e300, None),
        ("tomorrow", None),
    ],
)
def test_times_of_answers(value, time):
    assert read_time(value, ZoneInfo("Europe/Berlin")) == time


@pytest.mark.parametrize(
    ("unit", "value", "minutes"),
    [
        (units.hours, 0.17, 10),
        (units.hours, "1,5", 90),
        (units.hours, "1e999999", None),
        (units.seconds, 61, 2),
        (units.seconds, "x", None),
        (units.seconds, "NaN", None),
        (units.clock, "27:00", 1620),
        (units.clock, "1:30:01", 91),
        (units.clock, "1:75", None),
        (units.minutes, "44.2", 45),
    ],
)
def test_units(unit, value, minutes):
    assert unit(value, None) == minutes

"""Secrets in remote records are masked, whatever stands around them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ticket_billing_connectors.systems.masking import (
    MASK,
    MAX_CHARS,
    is_secret,
    mask,
    readable,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_names_of_secrets():
    for name in (
        "password", "Passwort-Passwd", "api_key", "apiKey", "X-Auth-Token", "secret",
        "client_secret", "Authorization", "sessionId", "access_key", "PIN",
    ):  # fmt: skip
        assert is_secret(name), name
    for name in ("keyboard", "spinner", "passenger", "author", "key", "id", "token2x"):
        assert not is_secret(name), name


def test_values_are_masked_at_any_depth():
    row = {
        "login": "anna",
        "auth": {"token": "t0p", "deep": [{"apiKey": ["a", "b"]}]},
        "fields": [{"name": "Root password", "value": "geheim", "id": 3}],
        "url": "https://x.example/?token=abcdef12&id=7",
        "note": "curl -H 'Authorization: Bearer abc.def-ghi' password: hunter22, ok",
    }
    text, cut = readable(row)
    assert not cut
    for secret in ("t0p", "geheim", "abcdef12", "abc.def-ghi", "hunter22", '"a"'):
        assert secret not in text, secret
    for kept in ("anna", "id=7", "Root password", ", ok"):
        assert kept in text, kept
    assert json.loads(text)["auth"]["token"] == MASK


@given(JSON, st.text("abcdefghij", min_size=8, max_size=12))
def test_known_secret_never_shows(row, secret):
    text, _cut = readable({"a": row, "b": f"x{secret}y", "c": [secret]}, [secret])
    assert secret not in text


@given(JSON)
def test_what_holds_no_secret_stays(row):
    masked = mask(row)
    assert mask(masked) == masked
    json.loads(readable(row)[0])


def test_long_records_are_cut():
    text, cut = readable({"body": "x" * (MAX_CHARS + 1)})
    assert cut
    assert len(text) == MAX_CHARS


def test_what_cannot_be_stored_is_replaced():
    text, _cut = readable({"body": "a\x00b\ud800c"})
    text.encode()
    assert "\x00" not in text
    assert json.loads(text)["body"] == "ab?c"

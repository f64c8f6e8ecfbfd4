"""Texts of Atlassian's document format."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_billing_connectors.systems.adf import plain_text

RECORDINGS = Path(__file__).parent / "recordings" / "jira_service_management"
NAMES = st.sampled_from(["type", "content", "text", "attrs", "mention", "paragraph"])
VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from(["text", "mention", "doc"]) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


def nested(depth):
    node = {"type": "text", "text": "deep"}
    for _level in range(depth):
        node = {"type": "blockquote", "content": [node]}
    return node


def test_a_whole_document():
    path = RECORDINGS / "01-search-page-1.json"
    answer = json.loads(path.read_text(encoding="utf-8"))["response_body"]
    text = plain_text(answer["issues"][0]["fields"]["description"])
    assert text.split("\n") == [
        "VPN bricht ab",
        "Seit heute jede Stunde.",
        "Gruß, @Anna Huber 👋",
        "Notebook",
        "https://muster.example/vpn",
        "Gerät",
        "7",
    ]


@pytest.mark.parametrize("nothing", [None, 5, [], {}, {"type": "doc", "content": None}])
def test_no_document(nothing):
    assert plain_text(nothing) == ""


def test_a_plain_text_stays():
    assert plain_text("Toner *getauscht*") == "Toner *getauscht*"


def test_a_document_of_any_depth_ends():
    assert plain_text(nested(10)) == "deep"
    assert plain_text(nested(100_000)) == ""


@given(VALUES)
def test_garbage_is_read_as_text(value):
    assert isinstance(plain_text(value), str)

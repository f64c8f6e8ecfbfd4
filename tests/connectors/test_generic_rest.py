"""The settings of the generic REST interface, and what they refuse."""

import dataclasses

import pytest

from ticket_billing_connectors.systems import generic_rest
from ticket_billing_connectors.systems.generic_rest import Settings, declare
from ticket_billing_connectors.transport import page_styles
from ticket_billing_connectors.transport.errors import InvalidRequest


@pytest.mark.parametrize(
    "name, value, says",
    [
        ("list_path", "https://elsewhere.example/tickets", "begin with one slash"),
        ("list_path", "//elsewhere.example/tickets", "begin with one slash"),
        ("list_path", "@elsewhere.example", "begin with one slash"),
        ("time_path", "/times/{secret}", "there is no {secret}"),
        ("list_query", "token={secret}", "there is no {secret}"),
        ("ticket_page", "/case?key={secret}", "there is no {secret}"),
        ("ticket_page", "//elsewhere.example/{id}", "begin with one slash"),
        ("note_field", "{secret}", "there is no {secret}"),
        ("since_parameter", "{day}", "there is no {day}"),
        ("field_title", "match(title, 'x')", "no JMESPath"),
        ("entry_text", "@" + "|[@,@][]" * 20, "no JMESPath"),
        ("field_title", "a..b", "no JMESPath"),
        ("field_changed", "", "is empty"),
        ("paging", "guess", "cannot be chosen"),
        ("size_parameter", "", "is empty"),
    ],
)
def test_settings_that_make_no_sense(name, value, says):
    with pytest.raises(InvalidRequest, match=says.replace("{", r"\{")):
        declare(dataclasses.replace(Settings(), **{name: value}))


@pytest.mark.parametrize(
    "paging, style",
    [
        ("none", page_styles.SinglePage),
        ("page", page_styles.PageNumber),
        ("offset", page_styles.Offset),
        ("cursor", page_styles.BodyCursor),
        ("next", page_styles.NextUrl),
    ],
)
def test_pages(paging, style):
    made = declare(Settings(paging=paging, next_path="meta.next"))
    assert isinstance(made.tickets.changed.listing.paging, style)


def test_every_choice_is_known():
    for item in dataclasses.fields(Settings):
        for value in item.metadata.get("choices") or ():
            settings = dataclasses.replace(
                Settings(next_path="next", token_path="/token"), **{item.name: value}
            )
            assert declare(settings)


def test_bookings_in_the_row_of_the_ticket():
    made = declare(Settings(time_source="row", time_rows="worklogs"))
    assert made.time.entries == "worklogs"
    assert made.time.fields["amount"] == "minutes"
    assert not declare(Settings(time_source="none")).time.fields


def test_labels_say_which_record():
    assert generic_rest.labels()["entry_amount"] == "Booking: time"

"""What may be sent: values of the API, and cells of files."""

import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_billing_connectors.intake.cells import Notation, make_rows, read_cell
from ticket_billing_connectors.intake.checks import Refused, check_row
from ticket_billing_connectors.intake.files import Sheet
from ticket_billing_connectors.intake.openapi import describe
from ticket_billing_connectors.intake.records import MAKERS, make_record
from ticket_billing_connectors.intake.tables import CHARGES, TABLES, TIME_ENTRIES

BERLIN = Notation(ZoneInfo("Europe/Berlin"))
POINT = Notation(ZoneInfo("UTC"), comma=False)
HOURS = Notation(ZoneInfo("UTC"), hours=True)
PRICE, MINUTES = CHARGES.by_name["unit_price"], TIME_ENTRIES.by_name["minutes"]
START, DAY = TIME_ENTRIES.by_name["start"], TIME_ENTRIES.by_name["date"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from(list(TABLES.values())), st.data())
def test_whatever_is_sent_is_judged(table, data):
    """No value of JSON breaks a check, and what passes becomes a record."""
    names = st.sampled_from([item.name for item in table.fields])
    row = data.draw(json_values | st.dictionaries(names, json_values))
    checked = check_row(table, row)
    if not checked.errors and table.name in MAKERS:
        assert make_record(table, checked.values).remote_id


@pytest.mark.parametrize(
    "cell, notation, number",
    [
        ("1.234,50", BERLIN, "1234.50"),
        ("1234,5", BERLIN, "1234.5"),
        ("1.234", BERLIN, "1234"),
        ("59,90 €", BERLIN, "59.90"),
        ("1,234.50", POINT, "1234.50"),
        (59.9, BERLIN, "59.9"),
        (3, BERLIN, "3"),
    ],
)
def test_numbers(cell, notation, number):
    assert read_cell(PRICE, cell, notation) == Decimal(number)


@pytest.mark.parametrize(
    "cell, notation",
    [
        ("1.23", BERLIN),
        ("1,2,3", BERLIN),
        ("1,", BERLIN),
        ("12.34.567", BERLIN),
        ("=1+1", BERLIN),
        ("1,23", POINT),
        ("²", BERLIN),
        ("1e5", BERLIN),
        ("", BERLIN),
    ],
)
def test_what_is_no_number_is_not_guessed(cell, notation):
    with pytest.raises(Refused):
        read_cell(PRICE, cell, notation)


@pytest.mark.parametrize(
    "cell, notation, minutes",
    [
        ("90", BERLIN, 90),
        ("1:30", BERLIN, 90),
        ("1:30", HOURS, 90),
        ("1,5", HOURS, 90),
        ("0,17", HOURS, 10),
        (0.25, HOURS, 15),
        ("01:30:00", BERLIN, 90),
    ],
)
def test_minutes(cell, notation, minutes):
    assert read_cell(MINUTES, cell, notation) == minutes


def test_times_are_those_of_the_zone():
    for cell in (
        "12.10.2026 09:30",
        "12.10.26 09:30:00",
        "2026-10-12 09:30",
        datetime.datetime(2026, 10, 12, 9, 30),
        "2026-10-12T09:30:00+02:00",
    ):
        assert read_cell(START, cell, BERLIN) == "2026-10-12T09:30:00+02:00"
    for cell in ("12.10.2026", "2026-10-12", datetime.datetime(2026, 10, 12)):
        assert read_cell(DAY, cell, BERLIN) == "2026-10-12"
    for cell in ("31.02.2026", "10/13/2026", "gestern"):
        with pytest.raises(Refused):
            read_cell(DAY, cell, BERLIN)


def test_equal_rows_without_ids_are_different_records():
    sheet = Sheet(["Ticket", "Dauer"], [["1", "5"], ["1", "5"], ["1", "6"]])
    ids = [
        values["id"]
        for values, _errors in make_rows(
            TIME_ENTRIES, sheet, ["ticket", "minutes"], BERLIN
        )
    ]
    assert len(set(ids)) == 3
    again = make_rows(TIME_ENTRIES, sheet, ["ticket", "minutes"], BERLIN)
    assert [values["id"] for values, _errors in again] == ids


def test_every_field_is_described():
    schemas = describe()["components"]["schemas"]
    for table in TABLES.values():
        schema = schemas[table.label.title().replace(" ", "")]
        assert schema["properties"].keys() == table.by_name.keys()
        assert not schema["additionalProperties"]

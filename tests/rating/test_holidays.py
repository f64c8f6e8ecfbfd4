"""Public holidays of all German states, and overrides."""

import json
from datetime import date, timedelta

import pytest
from rating_examples import FOLDER

from ticket_billing.rating import PublicHolidays, UnknownLocation

STATES = "BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH".split()
REFERENCE = json.loads((FOLDER / "de_holidays.json").read_text(encoding="utf-8"))
LOCATIONS = [f"DE-{state}" for state in STATES] + ["DE-BY/Augsburg"]


def reference_days(year: str, place: str) -> set[date]:
    return {
        date.fromisoformat(each["date"])
        for each in REFERENCE["years"][year]
        if each["states"] == "ALL" or place in each["states"]
    }


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("year", sorted(REFERENCE["years"]))
def test_german_holidays(location, year):
    place = location.partition("/")[2] or location.removeprefix("DE-")
    calendar = PublicHolidays()
    first = date(int(year), 1, 1)
    days = [first + timedelta(days=i) for i in range(365 + (int(year) % 4 == 0))]
    found = {day for day in days if calendar.is_holiday(location, day)}
    assert found == reference_days(year, place)


def test_overrides_add_to_the_state():
    assumption = date(2026, 8, 15)
    calendar = PublicHolidays(
        {"DE-BY/Passau": [(8, 15)], "DE-BY/Fürth": [date(2026, 8, 15)]}
    )
    assert not calendar.is_holiday("DE-BY", assumption)
    assert calendar.is_holiday("DE-BY/Passau", assumption)
    assert calendar.is_holiday("DE-BY/Passau", assumption.replace(year=2027))
    assert not calendar.is_holiday("DE-BY/Fürth", assumption.replace(year=2027))
    assert calendar.is_holiday("DE-BY/Passau", date(2026, 1, 6))


def test_overrides_of_a_state_hold_for_its_towns():
    anniversary = date(2026, 6, 17)
    calendar = PublicHolidays({"DE-BE": [anniversary], "DE-BY/Passau": [(8, 15)]})
    assert calendar.is_holiday("DE-BE/Berlin", anniversary)
    assert not calendar.is_holiday("DE-BB/Potsdam", anniversary)
    assert not calendar.is_holiday("DE-BY/Hof", date(2026, 8, 15))


def test_country_and_nowhere():
    assert PublicHolidays().is_holiday("DE", date(2026, 10, 3))
    assert not PublicHolidays().is_holiday(None, date(2026, 10, 3))


@pytest.mark.parametrize("location", ["XX", "DE-XX", "nonsense"])
def test_unknown_location(location):
    with pytest.raises(UnknownLocation):
        PublicHolidays().is_holiday(location, date(2026, 1, 1))

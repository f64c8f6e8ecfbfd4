"""Checks of what was sent against the tables."""

import datetime
import re
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal

from ..systems.records import clean
from .tables import CENT, Field, Table


class Refused(Exception):
    """A value is not what its field takes; the text says what it takes."""


@dataclass(slots=True)
class Checked:
    """What a check found: ``values`` by name of field, and what is wrong with others:
    (name of the field, text)."""

    values: dict = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)


def check_row(table: Table, row) -> Checked:
    """Check a record as it came in JSON. Empty values (null) are left out.

    >>> from .tables import TICKETS
    >>> check_row(TICKETS, {"id": "7", "titel": "x"}).errors
    [('titel', 'This field is not known.'), ('title', 'This field is missing.')]
    """
    if not isinstance(row, dict):
        return Checked(errors=[("", "A record is an object of fields and values.")])
    found = Checked()
    known = table.by_name
    for name, value in row.items():
        if name not in known:
            found.errors.append((name, "This field is not known."))
        elif value is not None:
            _take(found, known[name], value)
    _check_missing(found, table, row)
    return found


def _take(found, item, value):
    try:
        found.values[item.name] = READERS[item.kind](item, value)
    except Refused as refusal:
        found.errors.append((item.name, str(refusal)))


def _check_missing(found, table, row):
    wrong = {name for name, _text in found.errors}
    for item in table.fields:
        missing = found.values.get(item.name) in (None, "")
        if item.required and missing and item.name not in wrong:
            found.errors.append((item.name, "This field is missing."))
    if table.one_of and not any(row.get(name) is not None for name in table.one_of):
        names = " or ".join(table.one_of)
        found.errors.append((table.one_of[0], f"Give {names}."))
    start, stop = found.values.get("start"), found.values.get("stop")
    if start and stop and stop < start:
        found.errors.append(("stop", "It lies before the start."))


# One reader per kind of field


def _text(item: Field, value):
    if not isinstance(value, str):
        raise Refused("Give a text.")
    if len(value) > item.longest:
        raise Refused(f"It is longer than {item.longest} characters.")
    if item.choices and value not in item.choices:
        raise Refused(f"Give one of: {', '.join(item.choices)}.")
    # Not re.match with $: that lets a line break at the end pass.
    if item.pattern and not re.fullmatch(item.pattern.strip("^$"), value):
        raise Refused(
            "Give 1 to 128 letters, digits and signs without umlauts and slashes."
        )
    return clean(value)


def _flag(item, value):
    if not isinstance(value, bool):
        raise Refused("Give true or false.")
    return value


def _number(item, value):
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused("Give a number.")
    number = Decimal(value)
    if not item.least <= number <= item.most:
        raise Refused(f"Give {item.least} to {item.most}.")
    if number % CENT:
        raise Refused("It has more than two decimals.")
    return number


def _integer(item, value):
    number = _number(item, value)
    if number % 1:
        raise Refused("Give a whole number.")
    return int(number)


def _time(item, value):
    try:
        time = datetime.datetime.fromisoformat(_plain(value).upper())
        offset = time.utcoffset()
        utc = time.astimezone(UTC) if offset is not None else None
    except (ValueError, OverflowError):
        utc = None
    if utc is None:
        raise Refused(
            "Give a time with its offset. Example: 2026-10-12T09:30:00+02:00"
        )
    return utc


def _day(item, value):
    try:
        # Unlike fromisoformat, it takes no form but the documented one.
        return datetime.datetime.strptime(_plain(value), "%Y-%m-%d").date()
    except ValueError:
        raise Refused("Give a day. Example: 2026-10-12") from None


def _plain(value):
    return value if isinstance(value, str) else ""


READERS = {
    "text": _text,
    "flag": _flag,
    "number": _number,
    "integer": _integer,
    "time": _time,
    "day": _day,
}

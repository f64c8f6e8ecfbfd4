"""Checks of what was sent against the tables."""

import datetime
import re
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal

from ..systems.records import clean
from .tables import CENT, Field, Table

#: What is wrong with a value, and what its field takes.
TEXTS = {
    "no_object": "A record is an object of fields and values.",
    "unknown": "This field is not known.",
    "missing": "This field is missing.",
    "one_of": "Give {names}.",
    "stop": "It lies before the start.",
    "text": "Give a text.",
    "long": "It is longer than {longest} characters.",
    "choice": "Give one of: {choices}.",
    "id": "Give 1 to 128 letters, digits and signs without umlauts and slashes.",
    "flag": "Give true or false.",
    "number": "Give a number.",
    "bounds": "Give {least} to {most}.",
    "decimals": "It has more than two decimals.",
    "whole": "Give a whole number.",
    "time": "Give a time with its offset. Example: 2026-10-12T09:30:00+02:00",
    "day": "Give a day. Example: 2026-10-12",
}


class Refused(Exception):
    """A value is not what its field takes: ``code`` is one of :data:`TEXTS`."""

    def __init__(self, code, **facts):
        super().__init__(TEXTS[code].format(**facts))
        self.code = code
        self.facts = facts


@dataclass(slots=True)
class Checked:
    """What a check found: ``values`` by name of field, and what is wrong with others:
    (name of the field, :class:`Refused`)."""

    values: dict = field(default_factory=dict)
    errors: list[tuple[str, Refused]] = field(default_factory=list)


def check_row(table: Table, row) -> Checked:
    """Check a record as it came in JSON. Empty values (null) are left out.

    >>> from .tables import TICKETS
    >>> for name, refusal in check_row(TICKETS, {"id": "7", "titel": "x"}).errors:
    ...     print(name, refusal.code)
    titel unknown
    title missing
    """
    if not isinstance(row, dict):
        return Checked(errors=[("", Refused("no_object"))])
    found = Checked()
    known = table.by_name
    for name, value in row.items():
        if name not in known:
            found.errors.append((name, Refused("unknown")))
        elif value is not None:
            _take(found, known[name], value)
    _check_missing(found, table, row)
    return found


def _take(found, item, value):
    try:
        found.values[item.name] = READERS[item.kind](item, value)
    except Refused as refusal:
        found.errors.append((item.name, refusal))


def _check_missing(found, table, row):
    wrong = {name for name, _text in found.errors}
    for item in table.fields:
        missing = found.values.get(item.name) in (None, "")
        if item.required and missing and item.name not in wrong:
            found.errors.append((item.name, Refused("missing")))
    if table.one_of and not any(row.get(name) is not None for name in table.one_of):
        names = " or ".join(table.one_of)
        found.errors.append((table.one_of[0], Refused("one_of", names=names)))
    start, stop = found.values.get("start"), found.values.get("stop")
    if start and stop and stop < start:
        found.errors.append(("stop", Refused("stop")))


# One reader per kind of field


def _text(item: Field, value):
    if not isinstance(value, str):
        raise Refused("text")
    if len(value) > item.longest:
        raise Refused("long", longest=item.longest)
    if item.choices and value not in item.choices:
        raise Refused("choice", choices=", ".join(item.choices))
    # Not re.match with $: that lets a line break at the end pass.
    if item.pattern and not re.fullmatch(item.pattern.strip("^$"), value):
        raise Refused("id")
    return clean(value)


def _flag(item, value):
    if not isinstance(value, bool):
        raise Refused("flag")
    return value


def _number(item, value):
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused("number")
    number = Decimal(value)
    if not number.is_finite():
        raise Refused("number")
    if not item.least <= number <= item.most:
        raise Refused("bounds", least=item.least, most=item.most)
    if number % CENT:
        raise Refused("decimals")
    return number


def _integer(item, value):
    number = _number(item, value)
    if number % 1:
        raise Refused("whole")
    return int(number)


def _time(item, value):
    try:
        time = datetime.datetime.fromisoformat(_plain(value).upper())
        offset = time.utcoffset()
        utc = time.astimezone(UTC) if offset is not None else None
    except (ValueError, OverflowError):
        utc = None
    if utc is None:
        raise Refused("time")
    return utc


def _day(item, value):
    try:
        # Unlike fromisoformat, it takes no form but the documented one.
        return datetime.datetime.strptime(_plain(value), "%Y-%m-%d").date()
    except ValueError:
        raise Refused("day") from None


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

"""From the cells of a file to the values the tables check."""

import datetime
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from ..systems.records import clean
from ..systems.units import clock
from .checks import Refused
from .files import Sheet
from .tables import Field, Table

DAYS = ("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%d/%m/%Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S")
YES = {"1", "x", "ja", "j", "yes", "y", "true", "wahr"}
NO = {"0", "nein", "n", "no", "false", "falsch"}


@dataclass(frozen=True, slots=True)
class Notation:
    """How a file writes: whether decimals follow a comma, the zone of its times, and
    whether minutes are given in hours."""

    zone: ZoneInfo
    comma: bool = True
    hours: bool = False


def guess_columns(table: Table, headings: list[str]) -> list[str]:
    """Return the name of the field for each heading, '' where none fits."""
    taken = set()
    guesses = []
    for heading in headings:
        text = " ".join(heading.lower().replace("_", " ").split())
        names = (
            item.name
            for item in table.fields
            if item.name not in taken
            and text in (item.name.replace("_", " "), *item.columns)
        )
        guess = next(names, "")
        taken.add(guess)
        guesses.append(guess)
    return guesses


def make_rows(table: Table, sheet: Sheet, names: list[str], notation: Notation):
    """Return (values, errors) of each row: values as they would come in JSON.

    Rows without an id of their own get one from their content, so that the same file
    brings nothing new.
    """
    known = table.by_name
    seen = Counter()
    rows = []
    for cells in sheet.rows:
        values, errors = {}, []
        for name, cell in zip(names, cells, strict=False):
            if not name or cell in (None, ""):
                continue
            try:
                values[name] = read_cell(known[name], cell, notation)
            except Refused as refusal:
                errors.append((name, refusal))
        if "id" not in names:
            values["id"] = content_id(values, seen)
        rows.append((values, errors))
    return rows


def content_id(values: dict, seen: Counter) -> str:
    """Return an id made of the content; equal rows are counted."""
    content = json.dumps(values, sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"row-{digest}-{seen[digest]}"


def read_cell(item: Field, cell, notation: Notation):
    """Return what a cell holds, as the field takes it.

    :raises Refused: it cannot be understood
    """
    return READERS[item.kind](item, cell, notation)


def _text(item, cell, notation):
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return clean(cell)


def _flag(item, cell, notation):
    text = clean(cell).lower()
    if text not in YES | NO:
        raise Refused("flag")
    return text in YES


def _number(item, cell, notation):
    if isinstance(cell, int | float):
        return Decimal(str(cell))
    text = clean(cell).replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    text = text.removesuffix("€").removesuffix("EUR")
    thousands, decimals = (".", ",") if notation.comma else (",", ".")
    whole, point, rest = text.partition(decimals)
    if not re.fullmatch(rf"-?\d{{1,3}}(\{thousands}\d{{3}})*|-?\d+", whole, re.ASCII):
        raise Refused("number")
    if point and not re.fullmatch(r"\d+", rest, re.ASCII):
        raise Refused("number")
    try:
        return Decimal(f"{whole.replace(thousands, '')}.{rest or 0}")
    except InvalidOperation:
        raise Refused("number") from None


def _integer(item, cell, notation):
    """Return minutes; also from 1:30, and from hours if the file gives these."""
    minutes = clock(cell, None) if isinstance(cell, str) else None
    if minutes is not None:
        return minutes
    number = _number(item, cell, notation)
    if not notation.hours:
        return number
    # Ten minutes are 0.17 hours: the nearest minute is meant.
    return Decimal((number * 60).to_integral_value("ROUND_HALF_UP"))


def _time(item, cell, notation):
    time = cell if isinstance(cell, datetime.datetime) else _parse_time(clean(cell))
    if time is None:
        raise Refused("time")
    if time.tzinfo is None:
        time = time.replace(tzinfo=notation.zone)
    return time.isoformat()


def _parse_time(text):
    for day in DAYS:
        for hour in CLOCKS:
            try:
                return datetime.datetime.strptime(text, day + hour)
            except ValueError:
                continue
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _day(item, cell, notation):
    time = cell if isinstance(cell, datetime.date) else _parse_time(clean(cell))
    if time is None:
        raise Refused("day")
    return time.strftime("%Y-%m-%d")


READERS = {
    "text": _text,
    "flag": _flag,
    "number": _number,
    "integer": _integer,
    "time": _time,
    "day": _day,
}

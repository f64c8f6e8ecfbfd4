"""Rows of a mapping table: how a key of the vocabulary becomes a field value.

A row is a function ``(world, vals, value)`` that puts ``value`` into ``vals``.
"""

from collections.abc import Callable, Mapping

Row = Callable[..., None]


class NotSupported(Exception):
    """The vocabulary has it, the product does not (yet)."""


def apply(rows: Mapping[str, Row], world, values: Mapping, path: str) -> dict:
    """Field values of ``values``; a key without a row is not supported."""
    vals: dict = {}
    for key, value in values.items():
        if key not in rows:
            raise NotSupported(f"{path}.{key}")
        try:
            rows[key](world, vals, value)
        except NotSupported as error:
            raise NotSupported(str(error) or f"{path}.{key} = {value}") from error
    return vals


def field(name: str, convert: Callable = lambda value: value, *supported) -> Row:
    """The value of a field; of some values only, where ``supported`` are given."""

    def row(world, vals, value):
        if supported and value not in supported:
            raise NotSupported
        vals[name] = convert(value)

    return row


def record(name: str, find: str) -> Row:
    """The record that a method of the world finds or makes by its key."""

    def row(world, vals, value):
        vals[name] = getattr(world, find)(value).id

    return row


def always(*values) -> Row:
    """What the product always does: no other value, nothing to set."""

    def row(world, vals, value):
        if value not in values:
            raise NotSupported

    return row


def ignored(world, vals, value) -> None:
    """What says nothing about prices, or is read elsewhere."""

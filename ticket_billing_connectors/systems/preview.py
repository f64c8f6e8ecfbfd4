"""What a first synchronisation would bring, from as few requests as possible."""

from collections.abc import Iterator
from itertools import islice

from .position import Position
from .records import Page


def preview_pages(client, cursor: str) -> Iterator[Page]:
    """Yield the first page of changed tickets since ``cursor`` and, where bookings are
    listed on their own, the first of these."""
    yield from islice(client.changes(cursor), 1)
    source = getattr(client, "source", None)
    if source and source.has_pages:
        yield from islice(source.pages(client, Position.parse(cursor)), 1)

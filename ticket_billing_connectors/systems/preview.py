"""What a first synchronisation would bring, from as few requests as possible."""

from collections.abc import Iterator
from itertools import islice

from .position import Position
from .records import Page


def preview_pages(client, cursor: str) -> Iterator[Page]:
    """Yield the first page of changed tickets since ``cursor`` and, where bookings are
    listed on their own, the first of these."""
    yield from islice(client.changes(cursor), 1)
    declaration = getattr(client, "declaration", None)
    if declaration and declaration.time.has_pages:
        position = Position.parse(cursor)
        yield from islice(declaration.time.pages(client, position), 1)

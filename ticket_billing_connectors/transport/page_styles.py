"""How lists come in pages: one small strategy per style.

A strategy says what to send for the first page, and what for the one after an
answer. It keeps nothing, so one of it serves all connections.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urljoin

import jmespath
from requests.utils import parse_header_links


@dataclass(frozen=True, slots=True)
class Step:
    """What a request for one page adds to the list's own: ``fields`` for query or
    body, or the whole ``url`` instead."""

    fields: dict = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """What is known about a page that came: its decoded JSON, headers, the number
    of its rows, and the URL it was asked from."""

    data: Any
    headers: Mapping[str, str]
    count: int
    url: str = ""


class PageStyle(Protocol):
    """How the pages of a list are asked for."""

    def first(self, size: int | None = None) -> Step:
        """Return what to send for the first page of ``size`` rows."""

    def after(self, step: Step, page: Received) -> Step | None:
        """Return what to send next, None after the last page."""


@dataclass(frozen=True, slots=True)
class SinglePage:
    """The list comes as a whole."""

    size: int = 0

    def first(self, size=None):
        return Step()

    def after(self, step, page):
        return None


@dataclass(frozen=True, slots=True)
class PageNumber:
    """``page=2&per_page=100``: ends with a page that is not full, or at the number
    of pages found at the path ``total_pages``."""

    page: str = "page"
    per_page: str = "per_page"
    size: int = 100
    first_page: int = 1
    total_pages: str = ""

    def first(self, size=None):
        return Step({self.page: self.first_page, self.per_page: size or self.size})

    def after(self, step, page):
        total = _number(page.data, self.total_pages)
        number = step.fields[self.page]
        full = page.count >= step.fields[self.per_page]
        goes_on = number < total if total is not None else full
        if not page.count or not goes_on:
            return None
        return Step({**step.fields, self.page: number + 1})


@dataclass(frozen=True, slots=True)
class Offset:
    """``offset=100&limit=100``: ends at the total found at the path ``total`` or in
    the header ``total_header``, else with a page that is not full."""

    offset: str = "offset"
    limit: str = "limit"
    size: int = 100
    start: int = 0
    total: str = ""
    total_header: str = ""

    def first(self, size=None):
        return Step({self.offset: self.start, self.limit: size or self.size})

    def after(self, step, page):
        at, limit = step.fields[self.offset], step.fields[self.limit]
        if self.total_header:
            # Rows hidden from us make pages short or empty although others follow.
            following, total = at + limit, page.headers.get(self.total_header)
            goes_on = following - self.start < int(total or 0)
        elif self.total:
            # The server may cut our limit without a word.
            following, total = at + page.count, _number(page.data, self.total)
            goes_on = page.count and following - self.start < (total or 0)
        else:
            following, goes_on = at + page.count, page.count >= limit
        return Step({**step.fields, self.offset: following}) if goes_on else None


@dataclass(frozen=True, slots=True)
class BodyCursor:
    """A token at the path ``token`` is sent back as ``parameter`` until there is none
    or the path ``last`` is true. In the query it replaces the field ``instead_of``."""

    token: str
    parameter: str
    limit: str = ""
    size: int = 100
    last: str = ""
    instead_of: str = ""

    def first(self, size=None):
        return Step({self.limit: size or self.size} if self.limit else {})

    def after(self, step, page):
        token = jmespath.search(self.token, page.data)
        if not token or (self.last and jmespath.search(self.last, page.data)):
            return None
        # A field that is None does not travel in a query.
        dropped = {self.instead_of: None} if self.instead_of else {}
        return Step({**step.fields, **dropped, self.parameter: token})


@dataclass(frozen=True, slots=True)
class NextUrl:
    """The next page's URL stands at the path ``path``, or in the header ``Link``."""

    path: str = ""
    limit: str = "per_page"
    size: int = 100

    def first(self, size=None):
        return Step({self.limit: size or self.size} if self.limit else {})

    def after(self, step, page):
        url = jmespath.search(self.path, page.data) if self.path else _link(page)
        return Step(url=urljoin(page.url, str(url))) if url else None


def _link(page):
    links = parse_header_links(page.headers.get("Link") or "")
    return next((link["url"] for link in links if link.get("rel") == "next"), None)


def _number(data, path):
    value = jmespath.search(path, data) if path else None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None

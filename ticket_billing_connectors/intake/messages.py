"""Requests and answers of the API, and its problems (RFC 9457)."""

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus

BASE = "/ticket_billing/api/v1"
#: The largest body that is read.
MAX_BYTES = 5 * 1024 * 1024
#: The most records in one page of a list, and how many unless told.
PAGE_MOST, PAGE_USUAL = 500, 100
JSON, PROBLEM = "application/json", "application/problem+json"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request. ``collection`` is the name of a table, ``key`` an id of the
    sender's or ''; ``once`` is the Idempotency-Key."""

    method: str
    collection: str
    key: str = ""
    query: dict = field(default_factory=dict)
    body: bytes = b""
    content_type: str = JSON
    once: str = ""

    @property
    def path(self) -> str:
        return "/".join(filter(None, [BASE, self.collection, self.key]))

    @property
    def writes(self) -> bool:
        return self.method in ("POST", "PUT", "DELETE")

    @property
    def fingerprint(self) -> str:
        """Return what differs where two requests do."""
        parts = self.method.encode(), self.path.encode(), self.body
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def read_json(self):
        """Return the body; numbers with decimals are exact.

        :raises Problem: it is no JSON
        """
        if self.content_type != JSON:
            raise Problem(415, f"Send the body as Content-Type: {JSON}.")
        try:
            return json.loads(
                self.body.decode(), parse_float=Decimal, parse_constant=_refuse
            )
        except (ValueError, ArithmeticError, RecursionError):
            raise Problem(400, "The body is no JSON in UTF-8.") from None


def _refuse(name):
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An answer; ``rows`` is how many records it is about."""

    status: int
    body: bytes
    headers: dict = field(default_factory=dict)
    rows: int = 0

    @classmethod
    def of(cls, status, data, rows=0, **headers):
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return cls(status, text.encode(), {"Content-Type": JSON, **headers}, rows)


class Problem(Exception):
    """Why a request is refused: ``detail`` also says the way out, ``errors`` are
    (JSON pointer, text) of values that are wrong."""

    def __init__(self, status, detail, errors=(), headers=None):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def as_dict(self) -> dict:
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            problem["errors"] = [
                {"pointer": pointer, "detail": text} for pointer, text in self.errors
            ]
        return problem

    def answer(self) -> Outgoing:
        headers = {**self.headers, "Content-Type": PROBLEM}
        return Outgoing(self.status, json.dumps(self.as_dict()).encode(), headers)


def pointer(*parts) -> str:
    """Return a JSON pointer.

    >>> pointer(3, "a/b")
    '/3/a~1b'
    """
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join(f"/{part}" for part in escaped if part != "")

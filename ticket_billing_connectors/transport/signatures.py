"""Whether a webhook comes from whom it says.

Decided on the raw body, before any of it is understood, and compared in constant
time. Names of headers are in small letters.
"""

import base64
import datetime
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

#: How far a signed time may be from ours, in seconds: replays end here.
WINDOW = 300
#: Larger numbers are milliseconds since 1970, not seconds.
SECONDS_UP_TO = 100_000_000_000


class Unproven(Exception):
    """The sender is not proven. ``reason``: ``missing``, ``wrong`` or ``old``."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Scheme(Protocol):
    """How a system proves that a webhook is its own."""

    @property
    def header(self) -> str:
        """The header with the proof."""

    def check(
        self, secret: str, headers: Mapping[str, str], body: bytes, now: float
    ) -> None:
        """Return if the sender knows ``secret``; ``now`` is in epoch seconds.

        :raises Unproven: else
        """


@dataclass(frozen=True, slots=True)
class Hmac:
    """A keyed hash of the body: ``algorithm`` of :mod:`hashlib`, ``hex`` or
    ``base64``, after ``prefix``. ``timestamp`` is a header with the time of sending;
    ``message`` says how it is put together with the body to be signed."""

    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    timestamp: str = ""
    message: str = "{timestamp}{body}"

    def check(self, secret, headers, body, now):
        given = _given(self.header, headers, secret)
        stamp = _given(self.timestamp, headers, secret) if self.timestamp else ""
        before, after = (
            part.replace("{timestamp}", stamp).encode("utf-8", "replace")
            for part in self.message.split("{body}")
        )
        digest = hmac.digest(secret.encode(), before + body + after, self.algorithm)
        if self.encoding == "hex":
            given, text = given.lower(), digest.hex()
        else:
            text = base64.b64encode(digest).decode()
        _compare(given, self.prefix + text)
        if self.timestamp:
            _check_age(stamp, now)


@dataclass(frozen=True, slots=True)
class Token:
    """The secret itself, in a header, after ``prefix``."""

    header: str
    prefix: str = ""

    def check(self, secret, headers, body, now):
        _compare(_given(self.header, headers, secret), self.prefix + secret)


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP basic authentication of ``user`` with the secret as password."""

    user: str = "ticket_billing"
    header: str = "Authorization"

    def check(self, secret, headers, body, now):
        pair = base64.b64encode(f"{self.user}:{secret}".encode()).decode()
        _compare(_given(self.header, headers, secret), f"Basic {pair}")


def _given(header, headers, secret):
    """Return what a header says; without a secret nothing can be proven."""
    value = headers.get(header.lower(), "").strip()
    if not value or not secret:
        raise Unproven("missing")
    return value


def _compare(given: str, expected: str):
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Unproven("wrong")


def _check_age(stamp, now):
    time = _epoch(stamp)
    if time is None:
        raise Unproven("wrong")
    if abs(now - time) > WINDOW:
        raise Unproven("old")


def _epoch(stamp):
    """Return a time (ISO, seconds or milliseconds) in epoch seconds, or None."""
    if stamp.isascii() and stamp.isdigit() and len(stamp) < 20:
        number = int(stamp)
        return number / 1000 if number > SECONDS_UP_TO else number
    try:
        time = datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return time.replace(tzinfo=time.tzinfo or datetime.UTC).timestamp()


#: What a system without a scheme of its own can send.
OWN_HEADER = "X-Ticket-Billing-Token"

#: The schemes by the names that declarations use.
SCHEMES: dict[str, Scheme] = {
    "token": Token(OWN_HEADER),
    "bearer": Token("Authorization", "Bearer "),
    "basic": Basic(),
    "hub_sha256": Hmac("X-Hub-Signature-256", prefix="sha256="),
    "zammad": Hmac("X-Hub-Signature", "sha1", prefix="sha1="),
    "redmine": Hmac("X-Redmine-Signature-256", prefix="sha256="),
    "jira": Hmac("X-Hub-Signature", prefix="sha256="),
    "jira_service_management": Hmac("X-Hub-Signature", prefix="sha256="),
    "zendesk": Hmac(
        "X-Zendesk-Webhook-Signature",
        encoding="base64",
        timestamp="X-Zendesk-Webhook-Signature-Timestamp",
    ),
    "glpi": Hmac(
        "X-GLPI-Signature", timestamp="X-GLPI-Timestamp", message="{body}{timestamp}"
    ),
    "front": Hmac(
        "X-Front-Signature",
        encoding="base64",
        timestamp="X-Front-Request-Timestamp",
        message="{timestamp}:{body}",
    ),
    "help_scout": Hmac("X-HelpScout-Signature", "sha1", "base64"),
    "gitlab": Token("X-Gitlab-Token"),
}

"""How a request proves who we are: one small strategy per kind of log-in."""

import base64
from collections.abc import Callable
from typing import Protocol


class Auth(Protocol):
    """What :class:`~.session.HttpSession` needs from a kind of log-in."""

    def headers(self) -> dict:
        """Return the headers that prove our identity."""

    def apply(self, fields: dict) -> dict:
        """Return ``fields`` (query or body) with the proof of identity added."""

    def accepted(self) -> None:
        """Note that a request with the present proof went through."""

    def renew(self) -> bool:
        """Get a new proof after a refusal; False if that makes no sense."""


class Anonymous:
    """Proves nothing; base of the strategies that do."""

    def headers(self):
        return {}

    def apply(self, fields):
        return fields

    def accepted(self):
        """Nothing to note: the proof never changes."""

    def renew(self):
        return False


class HeaderAuth(Anonymous):
    """Fixed headers: bearer tokens, API keys, tenant ids."""

    def __init__(self, headers: dict):
        self._headers = headers

    def headers(self):
        return self._headers


class BasicAuth(HeaderAuth):
    """HTTP basic authentication."""

    def __init__(self, user: str, password: str):
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__({"Authorization": f"Basic {pair}"})


class BodyCredentials(Anonymous):
    """User name and password (or a key) among the fields of every request."""

    def __init__(self, credentials: dict):
        self._credentials = credentials

    def apply(self, fields):
        return {**fields, **self._credentials}


class SessionLogin(Anonymous):
    """Log in by a call of its own; each request carries the session's id.

    ``log_in`` returns a new session id or raises AuthError. ``parameter`` is the
    field the id travels in, or the name of a header where ``in_header``. After a
    refusal one new log-in is tried, but not when the id was fresh: then it is not
    the id that is refused.
    """

    def __init__(self, log_in: Callable[[], str], parameter: str, in_header=False):
        self._log_in = log_in
        self._parameter = parameter
        self._in_header = in_header
        self._token = None
        self._proven = False

    def headers(self):
        return self._proof() if self._in_header else {}

    def apply(self, fields):
        return fields if self._in_header else {**fields, **self._proof()}

    def _proof(self):
        if self._token is None:
            self._token = self._log_in()
        return {self._parameter: self._token}

    def accepted(self):
        self._proven = True

    def renew(self):
        if not self._proven:
            return False
        self._token, self._proven = None, False
        return True

"""How a request proves who we are: one small strategy per kind of log-in."""

from collections.abc import Callable
from typing import Protocol


class Auth(Protocol):
    """What :class:`~.session.HttpSession` needs from a kind of log-in."""

    def apply(self, fields: dict) -> dict:
        """Return ``fields`` (query or body) with the proof of identity added."""

    def accepted(self) -> None:
        """Note that a request with the present proof went through."""

    def renew(self) -> bool:
        """Get a new proof after a refusal; False if that makes no sense."""


class SessionLogin:
    """Log in by a call of its own; each request carries the session's id.

    ``log_in`` returns a new session id or raises AuthError. After a refusal
    one new log-in is tried, but not when the id was fresh: then it is not the
    id that is refused.
    """

    def __init__(self, log_in: Callable[[], str], parameter: str):
        self._log_in = log_in
        self._parameter = parameter
        self._token = None
        self._proven = False

    def apply(self, fields):
        if self._token is None:
            self._token = self._log_in()
        return {**fields, self._parameter: self._token}

    def accepted(self):
        self._proven = True

    def renew(self):
        if not self._proven:
            return False
        self._token, self._proven = None, False
        return True

"""What became of a mail that was handed to a mail server."""

import re
import smtplib
from dataclasses import dataclass

# How servers word that they take no more for now, whatever the code.
LIMIT = re.compile(rb"too many|limit|rate|quota|throttl|slow down", re.IGNORECASE)
CLOSING = 421


@dataclass(frozen=True)
class Verdict:
    """Outcome of one hand-over."""

    outcome: str
    """``sent``, ``failed``, ``later`` or ``unknown``."""
    reply: str = ""
    stop: bool = False
    """Whether the server takes no other mail for now either."""


class DataWatch:
    """Notes whether the content of a mail has begun to go over a connection.

    From then on a broken connection tells nothing: the server may have taken it.
    """

    def __init__(self, session):
        self.begun = False
        self._data = getattr(session, "data", None)
        if self._data:
            session.data = self._watch

    def _watch(self, content):
        self.begun = True
        return self._data(content)


def judge(error: Exception, data_begun: bool) -> Verdict:
    """What an exception of the hand-over means for the mail."""
    cause = _find_cause(error)
    reply = _get_reply(cause)
    if reply:
        code, text = reply
        shown = f"{code} {text.decode(errors='replace')}"
        if 400 <= code < 500:
            stop = code == CLOSING or bool(LIMIT.search(text))
            return Verdict("later", shown, stop)
        return Verdict("failed", shown)
    lost = isinstance(cause, smtplib.SMTPServerDisconnected) or not isinstance(
        cause, smtplib.SMTPException
    )
    if data_begun:
        return Verdict("unknown", str(cause), lost)
    if isinstance(cause, OSError) and lost:
        return Verdict("later", str(cause), stop=True)
    return Verdict("failed", str(cause))


def _find_cause(error: BaseException) -> BaseException:
    """The exception of smtplib or the socket behind those that wrap it."""
    link = error
    while link and not isinstance(link, OSError):
        link = link.__cause__ or link.__context__
    return link or error


def _get_reply(error: BaseException) -> tuple[int, bytes] | None:
    """Code and text with which the server refused."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max(error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return error.smtp_code, text if isinstance(text, bytes) else text.encode()
    return None

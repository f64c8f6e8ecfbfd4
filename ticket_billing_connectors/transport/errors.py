"""Everything that can go wrong between us and a remote system.

``str(error)`` is a sentence for users. It never holds a credential, a query
string or a piece of the answer's body. ``code`` is stable and can be used to
translate or to count.
"""


class ConnectorError(Exception):
    """Base of all faults of a remote system."""

    code = "error"
    text = "The remote system could not be read."
    #: The same request may succeed a little later.
    retryable = False

    def __init__(self, detail=""):
        """``detail`` is added to the class's sentence, in plain words."""
        self.detail = detail
        super().__init__(f"{self.text} {detail}".strip())


class AddressRefused(ConnectorError):
    """The address is malformed, unknown or must not be called from here."""

    code = "address_refused"
    text = "The address of the remote system is refused."


class CertificateRefused(AddressRefused):
    """The TLS certificate does not prove the remote system's identity."""

    code = "certificate_refused"
    text = "The certificate of the remote system cannot be trusted."


class AuthError(ConnectorError):
    """Login or token unknown, expired or locked."""

    code = "auth"
    text = "The remote system refuses the log-in: check user name and password."


class ConsentNeeded(AuthError):
    """Nobody has agreed yet that we may read, or what was agreed is void."""

    code = "consent"
    text = "The remote system does not let us in any more: connect again."


class PermissionDenied(ConnectorError):
    """Logged in, but the user may not see what was asked for."""

    code = "permission"
    text = "The remote user lacks a permission."


class NotFound(ConnectorError):
    """The address exists, the thing asked for does not."""

    code = "not_found"
    text = "The remote system does not know what was asked for."


class InvalidRequest(ConnectorError):
    """The remote system understood the request as wrong (settings, version)."""

    code = "invalid_request"
    text = "The remote system does not accept the request: check the settings."


class Transient(ConnectorError):
    """Time-out, broken connection or an internal error of the remote system."""

    code = "transient"
    text = "The remote system does not answer properly at the moment."
    retryable = True


class Unreachable(Transient):
    """No connection, or none in time."""

    code = "unreachable"
    text = "The remote system cannot be reached."


class Unconnected(Unreachable):
    """No connection was made: nothing has left."""


class Throttled(Transient):
    """Too many requests; ``retry_after`` is the wait asked for, in seconds."""

    code = "throttled"
    text = "The remote system asks to send fewer requests."

    def __init__(self, detail="", retry_after=None):
        super().__init__(detail)
        self.retry_after = retry_after


class BadAnswer(ConnectorError):
    """The answer is not what the API promises (HTML, cut off, wrong charset)."""

    code = "bad_answer"
    text = "The answer of the remote system cannot be read."
    retryable = True


class LoopDetected(ConnectorError):
    """Paging does not move on: the same records come again and again."""

    code = "loop"
    text = "The remote system keeps sending the same records."

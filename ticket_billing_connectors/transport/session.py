"""One HTTP session to one remote system: JSON in, JSON out, faults as errors."""

import json
import logging
import os
import random
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from . import errors
from .address_guard import AddressPolicy, resolve
from .auth import Auth
from .throttle import TokenBucket, retry_after, wait_asked_for

__all__ = ["Answer", "HttpSession", "Limits", "Unreadable", "retry_after"]

_logger = logging.getLogger(__name__)

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
STATUS_ERRORS = {
    401: errors.AuthError,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    410: errors.NotFound,
    408: errors.Transient,
    425: errors.Transient,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``data`` is the decoded JSON (None for an empty body),
    ``text`` the decoded body, ``status`` the HTTP status; ``headers`` are looked
    up in any case of letters."""

    status: int
    data: object
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Patience with a remote system; seconds and bytes.

    ``max_wait`` bounds one pause: a Retry-After beyond it ends the run instead
    of blocking the worker.
    """

    connect_timeout: float = 10
    read_timeout: float = 60
    attempts: int = 4
    backoff: float = 0.5
    max_wait: float = 60
    max_bytes: int = 32 * 1024 * 1024


#: Looks at an answer and returns the error it stands for, or None.
Classifier = Callable[[Answer], errors.ConnectorError | None]


class HttpSession:
    """Read and write JSON at one base URL.

    :param base_url: all paths are appended to it
    :param policy: which addresses may be called
    :param classify: recognises a system's own errors (also inside HTTP 200)
    :param verify: False switches the check of certificates off
    :param headers: sent with every request
    :param bucket: slows requests down to what the remote system allows
    :param resolver, sleep: replaceable for tests
    """

    def __init__(
        self,
        base_url: str,
        policy: AddressPolicy,
        *,
        classify: Classifier | None = None,
        limits: Limits | None = None,
        verify: bool = True,
        headers: Mapping[str, str] | None = None,
        bucket: TokenBucket | None = None,
        resolver=socket.getaddrinfo,
        sleep=time.sleep,
    ):
        self.base_url = base_url.rstrip("/")
        self.auth: Auth | None = None
        self.limits = limits or Limits()
        self._classify = classify
        self._bucket = bucket
        self._sleep = sleep
        self._target = resolve(base_url, policy, resolver)
        self._http = self._prepare_http(verify)
        self._http.headers.update(headers or {})

    def _prepare_http(self, verify):
        http = requests.Session()
        # No proxy, .netrc or cookie of the machine: they would bypass the guard.
        http.trust_env = False
        http.verify = verify and (os.environ.get("REQUESTS_CA_BUNDLE") or True)
        http.headers["Accept"] = "application/json"
        http.headers["User-Agent"] = "ticket_billing"
        limits = self.limits
        timeout = limits.connect_timeout, limits.read_timeout
        adapter = _PinnedAdapter(self._target, timeout)
        http.mount("http://", adapter)
        http.mount("https://", adapter)
        return http

    def wait(self, seconds: float):
        self._sleep(seconds)

    def close(self):
        self._http.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def call(self, method: str, path: str, fields: dict, *, authenticate=True, **kw):
        """Send ``fields`` and return the decoded JSON; log in (again) as needed.

        ``fields`` travel in the query for GET, else in a JSON body. ``kw`` goes
        to :meth:`request`.

        :raises errors.ConnectorError: whatever went wrong, after the retries
        """
        where = "params" if method == "GET" else "payload"
        send = self.fetch if authenticate else self.request
        return send(method, path, **{where: fields}, **kw).data

    def fetch(self, method: str, path: str, *, params=None, payload=None, **kw):
        """Send one request with the proof of who we are; return the Answer.

        After a refused log-in it is tried once more, if there is another proof.
        """
        auth = self.auth
        if auth is None:
            return self.request(method, path, params=params, payload=payload, **kw)

        def send():
            in_body = isinstance(payload, dict)
            query = params if in_body else auth.apply(params or {})
            body = auth.apply(payload) if in_body else payload
            return self.request(
                method, path, params=query, payload=body, headers=auth.headers(), **kw
            )

        try:
            answer = send()
        except errors.AuthError:
            if not auth.renew():
                raise
            answer = send()
        auth.accepted()
        return answer

    def request(self, method: str, path: str, *, idempotent=None, **sent) -> Answer:
        """Send one request, repeating it while that is safe and may help.

        ``path`` may be a whole URL of the same host (the next page). ``sent``:
        ``params``, ``payload`` (JSON), ``form`` and ``headers``.

        :param idempotent: whether sending twice does no harm; by default judged
            by the method. Other requests are only repeated when they were
            turned away for their number.
        """
        safe = method in IDEMPOTENT if idempotent is None else idempotent
        attempts = self.limits.attempts
        for attempt in range(1, attempts + 1):
            try:
                return self._attempt(method, path, **sent)
            except errors.ConnectorError as error:
                unheard = isinstance(error, errors.Throttled)
                again = error.retryable and (safe or unheard)
                if not again or attempt == attempts:
                    raise
                self._pause(error, attempt, method, path)
        raise AssertionError("unreachable")

    def _pause(self, error, attempt, method, path):
        """Wait before the next attempt: as long as asked for, else back off."""
        wait = getattr(error, "retry_after", None)
        if wait is None:
            ceiling = self.limits.backoff * 2**attempt
            wait = random.uniform(ceiling / 2, ceiling)
        if wait > self.limits.max_wait:
            raise error
        _logger.info(
            "%s %s: %s, attempt %s, next in %.1f s",
            method,
            urlsplit(path).path,
            error.code,
            attempt,
            wait,
        )
        self._sleep(wait)

    def _attempt(self, method, path, *, params=None, **sent):
        url = self._url_of(path)
        for _hop in range(MAX_REDIRECTS + 1):
            response, body = self._send(method, url, params, **sent)
            if response.status_code not in REDIRECTS:
                answer = self._decode(response, body)
                self._raise_for(answer)
                return answer
            url, params = self._redirected(method, url, response), None
        raise errors.LoopDetected("It redirects in a circle.")

    def _url_of(self, path):
        """Return the address of ``path``; a whole URL has to be on our host."""
        if "://" not in path:
            return self.base_url + path
        if not path.startswith(_origin_prefix(self.base_url)):
            raise errors.AddressRefused("The next page is on another host.")
        return path

    def _send(self, method, url, params, payload=None, form=None, headers=None):
        """Return response and body bytes, or raise. Texts of ``requests`` hold
        the URL with the session id, so they go no further (``from None``)."""
        if self._bucket:
            self._sleep(self._bucket.reserve())
        try:
            with self._http.request(
                method,
                url,
                params=params,
                json=payload,
                data=form,
                headers=headers,
                allow_redirects=False,
                stream=True,
            ) as response:
                return response, self._read(response)
        except requests.exceptions.SSLError:
            raise errors.CertificateRefused() from None
        except requests.exceptions.ConnectTimeout:
            raise errors.Unconnected("It took too long to answer.") from None
        except requests.exceptions.Timeout:
            raise errors.Unreachable("It took too long to answer.") from None
        except requests.exceptions.ConnectionError as error:
            kind = errors.Unconnected if _unconnected(error) else errors.Unreachable
            raise kind("The connection failed.") from None
        except requests.exceptions.RequestException:
            raise errors.Transient("The answer was cut off.") from None

    def _read(self, response):
        body = bytearray()
        for chunk in response.iter_content(65536):
            body += chunk
            if len(body) > self.limits.max_bytes:
                raise errors.InvalidRequest("The answer is too large.")
        return bytes(body)

    def _redirected(self, method, url, response):
        """Return the next URL, on the same host only and never with a body."""
        location = urljoin(url, response.headers.get("Location", ""))
        same = location.startswith(_origin_prefix(url))
        if method != "GET" or not same:
            raise errors.AddressRefused("It redirects to another address.")
        return location

    def _decode(self, response, body):
        status, headers = response.status_code, response.headers
        charset = _charset(headers.get("Content-Type", ""))
        try:
            text = body.decode(charset)
        except (LookupError, UnicodeDecodeError):
            text = body.decode("ascii", "replace")
            return Answer(status, Unreadable("Wrong charset."), text, headers)
        return Answer(status, _json_of(text), text, headers)

    def _raise_for(self, answer):
        own = self._classify(answer) if self._classify else None
        if own is not None:
            raise own
        status = answer.status
        turned_away = status == 503 and answer.headers.get("Retry-After")
        if status == 429 or turned_away:
            raise errors.Throttled(retry_after=wait_asked_for(answer.headers))
        if status in STATUS_ERRORS:
            raise STATUS_ERRORS[status](f"HTTP {status}.")
        if status >= 500:
            raise errors.Transient(f"HTTP {status}.")
        if status >= 400:
            raise errors.InvalidRequest(f"HTTP {status}.")
        if isinstance(answer.data, Unreadable):
            raise errors.BadAnswer(answer.data.reason)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a body of another kind: an error only if the status is fine."""

    reason: str


class _PinnedAdapter(HTTPAdapter):
    """Connects to the judged IP address, whatever the name stands for by now.

    The host name is still used for the Host header, SNI and the certificate.
    """

    def __init__(self, target, timeout):
        self._target = target
        self._timeout = timeout
        super().__init__()

    def send(self, request, **kwargs):
        return super().send(request, **{**kwargs, "timeout": self._timeout})

    def build_connection_pool_key_attributes(self, request, verify, cert=None):
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(
            request, verify, cert
        )
        host_params["host"] = self._target.address
        if self._target.scheme == "https":
            pool_kwargs["server_hostname"] = self._target.host
            pool_kwargs["assert_hostname"] = self._target.host
        return host_params, pool_kwargs

    def add_headers(self, request, **kwargs):
        request.headers["Host"] = urlsplit(request.url).netloc


class _HideQuery(logging.Filter):
    """Keeps session ids out of the debug log of the HTTP library."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(
                re.sub(r"\?\S*", "?…", arg) if isinstance(arg, str) else arg
                for arg in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_HideQuery())


def _json_of(text):
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        html = text.lstrip()[:1] == "<"
        return Unreadable("It is a web page." if html else "It is incomplete.")


def _charset(content_type):
    match = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    return match.group(1) if match else "utf-8"


def _unconnected(error):
    """Say whether a request failed before anything was sent."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _origin_prefix(url):
    scheme, rest = url.split("://", 1)
    return f"{scheme}://{rest.split('/', 1)[0]}/"

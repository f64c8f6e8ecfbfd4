"""Not asking more often than a remote system allows."""

import datetime
import email.utils
import threading
import time
from collections.abc import Mapping

#: Says when the limit is lifted: as seconds to wait, epoch seconds or ISO time.
RESET_HEADERS = ("X-RateLimit-Reset", "RateLimit-Reset", "X-Rate-Limit-Reset")
#: Numbers above are points in time, not spans.
EPOCH_FROM = 1_000_000_000


def retry_after(value: str | None, now=None) -> float | None:
    """Return the seconds a Retry-After header asks for (number or date)."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return _seconds_until(when, now)


def wait_asked_for(headers: Mapping[str, str], now=None) -> float | None:
    """Return how long an answer asks to wait, None if it does not say."""
    wait = retry_after(headers.get("Retry-After"), now)
    if wait is not None:
        return wait
    found = (headers.get(name) for name in RESET_HEADERS)
    return next((_until_reset(value, now) for value in found if value), None)


def _until_reset(value, now):
    try:
        number = float(value)
    except ValueError:
        return _until_iso(value, now)
    if number < EPOCH_FROM:
        return max(number, 0.0)
    return _seconds_until(datetime.datetime.fromtimestamp(number, datetime.UTC), now)


def _until_iso(value, now):
    try:
        when = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return _seconds_until(when, now)


def _seconds_until(when, now):
    now = now or datetime.datetime.now(datetime.UTC)
    return max((when - now).total_seconds(), 0.0)


class TokenBucket:
    """Lets ``per_minute`` requests through, at most ``burst`` of them at once.

    Safe for threads: all sessions with one credential share a bucket.
    """

    def __init__(self, per_minute: float, burst: int = 10, *, clock=time.monotonic):
        self._rate = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._filled = clock()

    def reserve(self) -> float:
        """Take a token and return the seconds to wait before using it."""
        with self._lock:
            self._fill()
            self._tokens -= 1
            return max(-self._tokens / self._rate, 0.0)

    def admit(self) -> float:
        """Take a token and return 0; if there is none, the seconds until there is."""
        with self._lock:
            self._fill()
            if self._tokens < 1:
                return (1 - self._tokens) / self._rate
            self._tokens -= 1
            return 0.0

    def _fill(self):
        now = self._clock()
        gained = (now - self._filled) * self._rate
        self._tokens = min(self._tokens + gained, self._burst)
        self._filled = now


_buckets: dict[tuple, TokenBucket] = {}
_buckets_lock = threading.Lock()


def shared_bucket(key: tuple, per_minute: float, burst: int = 10) -> TokenBucket:
    """Return the bucket of this process for ``key``: who is to be slowed down."""
    with _buckets_lock:
        return _buckets.setdefault((*key, per_minute), TokenBucket(per_minute, burst))

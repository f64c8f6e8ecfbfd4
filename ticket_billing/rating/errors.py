"""Errors of the rating core."""

from .types import Key


class RatingError(Exception):
    """Base of all errors; ``code`` is the reason an item is held with."""

    code = "rating_error"


class ConfigurationError(RatingError):
    """The conditions make no sense as a whole: nothing can be rated."""

    code = "configuration"


class NoRate(RatingError):
    """No rate is valid for the work."""

    code = "no_rate"


class AmbiguousRate(RatingError):
    """Two equally specific rates are valid for the same work.

    ``keys`` names both.
    """

    code = "ambiguous_rate"

    def __init__(self, first: Key, second: Key):
        super().__init__(f"rates {first} and {second} are equally specific")
        self.keys = (first, second)


class UnknownLocation(RatingError):
    """No holiday calendar is known for a service location."""

    code = "unknown_location"

"""Public holidays of service locations, from the ``holidays`` package."""

from collections.abc import Iterable, Mapping
from datetime import date

from .errors import ConfigurationError, UnknownLocation


class PublicHolidays:
    """Calendar of ``CC``, ``CC-STATE`` and ``CC-STATE/Municipality`` locations.

    A municipality has the holidays of its state and, where the package knows it,
    its own. ``overrides`` adds what the package does not know: per location a list
    of dates, or of ``(month, day)`` for every year. Those of a state hold for all its
    municipalities.
    """

    def __init__(
        self,
        overrides: Mapping[str, Iterable[date | tuple[int, int]]] | None = None,
    ):
        self._overrides = {
            location: frozenset(days) for location, days in (overrides or {}).items()
        }
        self._calendars: dict[str, object] = {}

    def is_holiday(self, location: str | None, day: date) -> bool:
        """Say whether ``day`` is a public holiday at ``location``.

        Nowhere (``None``) has no holidays. Raise :class:`UnknownLocation` for a
        country or state that the package does not know.
        """
        if not location:
            return False
        region = location.partition("/")[0]
        for place in (location, region):
            extra = self._overrides.get(place, ())
            if day in extra or (day.month, day.day) in extra:
                return True
        if location not in self._calendars:
            self._calendars[location] = _calendar(location)
        return day in self._calendars[location]


def _calendar(location: str):
    try:
        import holidays
    except ImportError as error:
        raise ConfigurationError("the Python package 'holidays' is missing") from error
    region, _slash, municipality = location.partition("/")
    country, _dash, state = region.partition("-")
    known = holidays.list_supported_countries().get(country, ())
    subdivision = municipality if municipality in known else state
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as error:
        raise UnknownLocation(f"no holidays known for {location!r}") from error

"""The settings of a system: a dataclass whose fields become those of the form."""

from dataclasses import dataclass, field, fields
from decimal import Decimal


def setting(
    default,
    label: str,
    help: str = "",
    choices: dict | None = None,
    decides_what_comes: bool = False,
    final: bool = False,
    only_with: tuple[str, ...] = (),
):
    """Declare a setting: ``label`` and ``help`` are for users, ``choices`` maps the
    values allowed to their names. The type of ``default`` is that of the field. When
    one that ``decides_what_comes`` changes, everything is read again; a ``final`` one
    cannot change once times came in, or the same work would come twice. ``only_with``
    names another setting and its values with which this one matters."""
    metadata = {
        "label": label,
        "help": help,
        "choices": choices or {},
        "decides_what_comes": decides_what_comes,
        "final": final,
        "only_with": only_with,
    }
    return field(default=default, metadata=metadata)


def time_zone():
    """The zone of a system that does not write it with its times."""
    return setting(
        "UTC",
        "Time zone",
        "Zone in which the ticket system takes and gives times. Example: Europe/Berlin",
    )


def minutes_per_unit():
    """What a time unit stands for, in systems that leave it open."""
    return setting(
        Decimal(1),
        "Minutes per time unit",
        "What one time unit stands for. Example: 1 when agents type minutes, 15 for"
        " quarters of an hour, 60 for hours.",
    )


def booking_time(only_with=()):
    """What the time of a booking marks, where a system has no start of the work."""
    return setting(
        "end",
        "Time of a booking marks",
        "Agents mostly book when they are done: then the work ended at the time of the"
        " booking. Surcharges for night and weekend depend on it.",
        {
            "end": "End of the work",
            "start": "Start of the work",
            "unknown": "Neither: only the day counts",
        },
        only_with=only_with,
    )


@dataclass(frozen=True, slots=True)
class Common:
    """What every declared system has; the form shows those with a label.

    ``page_limit`` stops a synchronisation that does not end, ``page_size`` 0 means
    what the system allows at most.
    """

    overlap_minutes: int = setting(
        5,
        "Minutes read again",
        "Changes are read again that came this shortly before the last one, because"
        " some become visible late.",
    )
    page_size: int = 0
    page_limit: int = 10_000

    def placeholders(self) -> dict:
        """Return what texts of requests can name, by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

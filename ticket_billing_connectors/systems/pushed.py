"""Systems that send by themselves, through the API or in files.

They have no address to read from; their tickets and times are matched, held and
billed like those of any other.
"""

from dataclasses import dataclass

from ..transport.errors import InvalidRequest
from .base import System


@dataclass(frozen=True, slots=True)
class Settings:
    """There is nothing to set."""


def refuse(connection, settings):
    raise InvalidRequest("It sends by itself: there is nothing to read.")


CODE = "pushed"
SYSTEM = System(CODE, "Own system (API or files)", Settings, refuse, needs_login=False)

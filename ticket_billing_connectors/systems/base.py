"""What a system module must offer, and what it is told about one connection."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Protocol

from ..transport.address_guard import AddressPolicy
from ..transport.errors import InvalidRequest
from ..transport.oauth import TokenStore
from .declaration import Webhook
from .hook_event import ANY_SYSTEM
from .records import Check, Page, RemoteAgent, RemoteOrganisation


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a remote system is and who we are there.

    ``verify=False`` switches the check of its certificate off. ``options`` go to
    :class:`~..transport.session.HttpSession`. ``known_entries(day)`` returns the
    bookings that came in before with work of ``day`` or later, ids of their tickets by
    their own. ``known_of(tickets)`` returns in the same way all bookings that ever came
    in for these tickets, also those held, dismissed or removed. ``known_tickets(ids)``
    returns those of the ids of tickets that came in before. ``since`` is the first day
    whose work is wanted. ``token_store`` keeps OAuth tokens. ``with_status``: changes
    of state are wanted too.
    """

    base_url: str
    login: str
    secret: str = field(repr=False)
    policy: AddressPolicy = AddressPolicy()
    verify: bool = True
    options: dict = field(default_factory=dict)
    known_entries: Callable[[date], dict[str, str]] = lambda day: {}
    known_of: Callable[[list[str]], dict[str, str]] = lambda tickets: {}
    known_tickets: Callable[[set[str]], set[str]] = lambda ids: set()
    since: date | None = None
    token_store: TokenStore | None = None
    with_status: bool = False


class TicketSystem(Protocol):
    """One open connection to one system."""

    def changes(self, cursor: str) -> Iterator[Page]:
        """Yield what changed since ``cursor`` (inclusive), oldest first.

        :raises ConnectorError: pages yielded before stay valid
        """

    def rewind(self, cursor: str) -> str:
        """Return where to begin after a run that reached the end at ``cursor``:
        a little earlier, for changes that were committed late."""

    def first_cursor(self, day: date) -> str:
        """Return the cursor that begins at ``day``."""

    def ticket_url(self, remote_id: str) -> str:
        """Return the address of a ticket for a person's browser."""

    def read_again(self, ids: list[str]) -> Page:
        """Return the tickets with these ids as they are now, without those that are
        gone or hidden."""

    def write_back(self, kind: str, remote_id: str, text: str, name: str = ""):
        """Write a ``note``, ``field`` or ``tag`` to a ticket."""

    def take_back(self, kind: str, remote_id: str, text: str, name: str = ""):
        """Undo :meth:`write_back`."""

    def has_note(self, remote_id: str, text: str) -> bool | None:
        """Return whether a note with ``text`` is on a ticket; None: nobody knows."""

    def organisations(self) -> Iterator[RemoteOrganisation]:
        """Yield the customers the system knows; asked where it can list them."""

    def agents(self) -> Iterator[RemoteAgent]:
        """Yield those who work on tickets; asked where it can list them."""

    def check(self) -> list[Check]:
        """Test the connection step by step, ending with the first that fails."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True, slots=True)
class System:
    """A kind of system: ``code``, its ``name`` for users, the dataclass of its
    settings, and ``client(connection, settings)``, which makes a TicketSystem.
    ``needs_login``: a user name is needed beside the secret, ``needs_consent``: a
    user has to agree in the browser (see :mod:`.consent`), ``tells_status``: changes
    of state can be read. ``webhook`` says how it reports changes, ``write_back`` what
    can be written to it, ``organisations`` and ``agents`` whether it can list them."""

    code: str
    name: str
    settings: type
    client: Any
    needs_login: bool = True
    needs_consent: bool = False
    tells_status: bool = False
    webhook: Webhook = ANY_SYSTEM
    write_back: frozenset[str] = frozenset()
    organisations: bool = False
    agents: bool = False

    def open(self, connection: Connection, values: dict) -> TicketSystem:
        """Return a client; ``values`` override the defaults of the settings.

        :raises ConnectorError: a setting is unknown, or the address is refused
        """
        unknown = sorted(set(values) - {item.name for item in fields(self.settings)})
        if unknown:
            raise InvalidRequest(f"Unknown setting: {', '.join(unknown)}.")
        return self.client(connection, self.settings(**values))

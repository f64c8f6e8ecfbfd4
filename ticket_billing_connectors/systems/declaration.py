"""The words a ticket system is described with; ``docs/connectors.md`` explains them.

A *pick* is a JMESPath expression or, where a path is not enough, a function of the
row and the settings. Texts may hold ``{placeholders}``; which, is said where they
are used. The names of settings can be used everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..transport import errors
from ..transport.page_styles import PageStyle, SinglePage
from ..transport.session import Answer
from .settings import Common
from .templates import Pick
from .time_formats import ISO_Z, TimeFormat


@dataclass(frozen=True, slots=True)
class Call:
    """A request. ``fields`` travel in the query for GET, else in a JSON body;
    ``query`` always travels in the query. ``answer`` picks what is wanted."""

    path: str
    fields: Any = field(default_factory=dict)
    method: str = "GET"
    query: dict = field(default_factory=dict)
    answer: Pick = "@"


@dataclass(frozen=True, slots=True)
class Listing:
    """A call whose ``answer`` is a list of rows, which comes in pages of ``paging``.

    ``per_minute`` is how many of these the system takes, if fewer than of others.
    """

    path: str
    answer: Pick
    fields: dict = field(default_factory=dict)
    method: str = "GET"
    query: dict = field(default_factory=dict)
    paging: PageStyle = SinglePage()
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Directory:
    """A list of all organisations or agents there are; ``fields`` picks those of
    :class:`~.records.RemoteOrganisation` or :class:`~.records.RemoteAgent`. A row
    without an id is left out."""

    listing: Listing
    fields: dict[str, Pick]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several declarations, by the value of a setting."""

    setting: str
    options: dict[str, Any]


def chosen(declared, settings):
    """Return ``declared``, or the one of a choice that the settings name."""
    if isinstance(declared, Choice):
        return declared.options[getattr(settings, declared.setting)]
    return declared


@dataclass(frozen=True, slots=True)
class AddToList:
    """Adds ``{text}`` to a list that can only be written as a whole: ``read`` answers
    with the present one, ``write`` sends ``{items}``."""

    read: Call
    write: Call


@dataclass(frozen=True, slots=True)
class Since:
    """A list of what changed since ``{since}``, the oldest change first.

    ``changed`` and ``key`` pick the time of the change and the id of a row.
    ``inclusive=False``: the list leaves out what changed at ``{since}`` itself.
    """

    listing: Listing
    changed: Pick
    key: Pick = "id"
    format: TimeFormat = ISO_Z
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class Tickets:
    """Tickets: what changed, and those with certain ids.

    ``fields`` picks the fields of :class:`~.records.RemoteTicket`. ``by_ids`` reads
    ``{ids}`` (a list; ``{id_text}`` with commas), up to ``batch`` of them at once;
    ``one`` reads a single ``{id}``. ``url`` is the address for a browser,
    relative to the connection's, of ``{id}``, ``{number}``.
    """

    changed: Since
    fields: dict[str, Pick]
    url: str
    by_ids: Listing | None = None
    one: Call | None = None
    batch: int = 50


@dataclass(frozen=True, slots=True)
class People:
    """Who works on tickets and who asks.

    ``in_tickets`` and ``in_entries`` pick fields of :class:`~.records.RemoteAgent`
    from the rows; ``agent`` reads more about one ``{key}`` and ``contact`` picks
    fields of a ticket from what is known about its ``contact_key``.
    """

    in_tickets: dict[str, Pick] = field(default_factory=dict)
    in_entries: dict[str, Pick] = field(default_factory=dict)
    agent: "Lookup | None" = None
    contact: "Lookup | None" = None
    customer: "Lookup | None" = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Reads what a row does not tell; each ``{key}`` once per run. What the remote
    user may not see stays unknown."""

    call: Call
    fields: dict[str, Pick]


@dataclass(frozen=True, slots=True)
class Header:
    """Log-in by headers with ``{login}`` and ``{secret}``."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Basic:
    """Log-in by user name and password."""

    user: str = "{login}"
    password: str = "{secret}"


@dataclass(frozen=True, slots=True)
class Body:
    """Log-in by fields of every request."""

    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Session:
    """Log-in by a call whose ``answer`` is a token, sent as ``parameter``: a header
    or a field of every request."""

    call: Call
    parameter: str
    in_header: bool = True


@dataclass(frozen=True, slots=True)
class OAuth:
    """Log-in by OAuth 2.0: client id ``{login}``, client secret ``{secret}``.

    ``token_url`` is a path below the connection's address or a whole URL. With a
    refresh token in the connection's store that one is used, else the grant is
    that of client credentials. With ``authorize_url`` (of the same kind) a user
    agrees in the browser first; ``authorize_fields`` are sent there too.
    """

    token_url: str
    scope: str = ""
    prefix: str = "Bearer"
    authorize_url: str = ""
    authorize_fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Webhook:
    """How the system reports changes. ``signature`` names the scheme that proves the
    sender; ``event_id``, ``ticket_id`` and ``deleted`` (the ticket is gone) pick from
    ``{headers: …, body: …}`` (names of headers in small letters). The body is a hint:
    the ticket is read again."""

    signature: str
    ticket_id: Pick
    event_id: Pick = "headers.none"
    deleted: Pick = "`false`"


@dataclass(frozen=True, slots=True)
class Declaration:
    """A ticket system.

    ``base`` is appended to the connection's address for all calls. ``who`` is a call
    that only works when logged in. ``write_back`` maps ``note``, ``field`` and
    ``tag`` to calls with ``{id}``, ``{text}`` (``{html}``: as HTML) and ``{name}``
    (``{field_id}``: as a number), or to an :class:`AddToList` of them, ``take_back``
    those that undo them; ``refused`` picks from an answer to them what is true if the
    system says no in spite of its status. ``notes`` reads the texts of all notes on
    ``{id}``.
    ``fault`` recognises the system's own errors, ``per_minute`` is how many requests
    it takes from one user (a setting of this name goes first), ``headers`` are sent
    with every one.
    ``needs_login``: a user name is needed beside the secret. ``auth``, ``time`` and
    ``organisations`` may be a :class:`Choice`. ``look_up`` finds settings that were
    left empty: the ``id`` of the first row of a list. ``organisations`` and ``agents``
    list all there are. ``status`` is a :class:`~.time_sources.StatusHistory`, where
    states can suggest times.
    """

    code: str
    name: str
    auth: Header | Basic | Body | Session | OAuth | Choice
    who: Call
    tickets: Tickets
    time: Any
    base: str = ""
    people: People = People()
    organisations: Directory | Choice | None = None
    agents: Directory | None = None
    settings: type = Common
    look_up: dict[str, Listing] = field(default_factory=dict)
    write_back: dict[str, Call | AddToList] = field(default_factory=dict)
    take_back: dict[str, Call] = field(default_factory=dict)
    refused: Pick = "`false`"
    notes: Call | None = None
    webhook: Webhook | None = None
    fault: Callable[[Answer], errors.ConnectorError | None] | None = None
    per_minute: int = 0
    needs_login: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    status: Any = None

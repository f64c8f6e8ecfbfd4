"""A local server that speaks as one ticket system does, with faults on demand.

A *shape* (one file in ``shapes/``) says which system it is and turns requests into
answers over a :class:`World`. Faults and transport are those of the replay server.
"""

import json
import threading
from dataclasses import dataclass, field
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

import openapi
from remote_world import World
from replay_server import Fault, Handler, Server


@dataclass
class Request:
    """A request as shapes see it; names of headers in small letters."""

    method: str
    path: str
    query: dict
    body: object
    headers: dict
    url: str = ""

    def number(self, name, default):
        """Return a number of the query, or of the body."""
        fields = self.body if isinstance(self.body, dict) else {}
        return int(self.query.get(name, fields.get(name, default)))


@dataclass
class Reply:
    """What is answered: JSON-able ``body`` and more ``headers``."""

    body: object
    status: int = 200
    headers: dict = field(default_factory=dict)


class Shape:
    """Base of the shapes. ``secret`` and ``login`` let in; ``settings`` are those of
    the connection; ``touching`` says whether a booking changes its ticket. Requests are
    held against the OpenAPI document ``documents/<document>.json``, if there is one.
    """

    code = ""
    login = "agent.anna"
    secret = "s3cr3t-key"
    settings: dict = {}
    touching = True
    document = ""
    #: Whether only the total of a ticket's time is known, not each booking.
    counts_only = False
    #: Whether the bookings of a ticket go with it when it is merged into another.
    moves_time = True
    #: Whether it speaks as another shape does, but for the place of time.
    variant = False
    #: Part of the path of the list of changed tickets, to aim faults at.
    ticket_list = ""
    kinds_of_write_back = ("note",)

    def allowed(self, request: Request) -> bool:
        """Return whether the request proves who it is from."""
        raise NotImplementedError

    def refusal(self, request: Request) -> Reply:
        return Reply({"error": "Unauthorized"}, 401)

    def answer(self, request: Request, world: World) -> Reply:
        """Return the answer to a request that is allowed."""
        raise NotImplementedError

    def webhook(self):
        """Return (headers, body, event id, ticket id) of an example, or None."""
        return None


def cut(rows, start, size):
    """Return one page of rows."""
    return rows[start : start + size]


class ShapeServer:
    """Serves a world in a shape; use it as a context manager."""

    def __init__(self, shape: Shape):
        self.shape = shape
        self.world = World(shape.touching)
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.undocumented: list[str] = []
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), ShapeHandler)
        self._server.replay = self

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._server.shutdown()
        self._server.server_close()

    def inject(self, kind, times=1, path="", **options):
        """Answer the next ``times`` calls whose path contains ``path`` wrongly."""
        self.faults.append(Fault(kind, times, path, options))

    def take_fault(self, path):
        with self._lock:
            for fault in self.faults:
                skip = fault.options.get("skip", 0)
                if fault.path in path and skip:
                    fault.options["skip"] = skip - 1
                elif fault.path in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def answer(self, method, path, request):
        """Return the arguments of the handler's ``_send``."""
        with self._lock:
            self.requests.append(request)
            if self.shape.document:
                document = openapi.load(self.shape.document)
                self.undocumented += document.problems(request)
            allowed = self.shape.allowed(request)
            act = self.shape.answer if allowed else None
            reply = act(request, self.world) if act else self.shape.refusal(request)
        return reply.status, reply.body, None, tuple(reply.headers.items())


class ShapeHandler(Handler):
    """Hands whole requests to the server, and knows more faults."""

    def do_GET(self):
        self._handle(None)

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._handle(_decoded(raw, self.headers.get("Content-Type", "")))

    do_PUT = do_PATCH = do_DELETE = do_POST

    def _handle(self, body):
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        url = f"{self.replay.url}{self.path}"
        request = Request(self.command, parts.path, query, body, headers, url)
        fault = self.replay.take_fault(parts.path)
        if fault:
            act = getattr(self, f"_fault_{fault.kind}")
            act(fault, self.command, parts.path, request)
            return
        self._send(*self.replay.answer(self.command, parts.path, request))

    def date_time_string(self, timestamp=None):
        return format_datetime(self.replay.world.now, usegmt=True)

    def _send(self, status, body, content_type=None, headers=()):
        if status == 204:
            body = b""
        elif isinstance(body, str) and content_type is None:
            content_type = "text/plain; charset=utf-8"
        super()._send(status, body, content_type, headers)

    def _fault_half_json(self, fault, method, path, fields):
        body = self.replay.answer(method, path, fields)[1]
        self._send(200, json.dumps(body).encode()[:-5])

    def _fault_huge(self, fault, method, path, fields):
        self._send(200, b"[" + b" " * fault.options["size"] + b"]")

    def _fault_again(self, fault, method, path, fields):
        """Send what this path was answered first, whatever is asked for."""
        first = fault.options.setdefault(
            "answer", self.replay.answer(method, path, fields)
        )
        self._send(*first)


def _decoded(raw, content_type):
    if "form" in content_type:
        return dict(parse_qsl(raw.decode()))
    return json.loads(raw) if raw.strip() else None

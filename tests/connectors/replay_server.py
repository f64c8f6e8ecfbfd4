"""A local HTTP server that answers as a recorded Znuny did.

It loads tickets and histories from a folder of recordings, keeps sessions, and
evaluates searches over the tickets it holds. Tests add tickets and inject faults;
``python replay_server.py --recordings DIR --port N`` serves a demonstration.
"""

import argparse
import html
import itertools
import json
import re
import secrets
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

PREFIX = "/otrs/nph-genericinterface.pl/Webservice/"
SERVICE = "GenericTicketConnectorREST"
CREDENTIALS = {"agent.anna": "replay"}
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
UNKNOWN_ROUTE = "HTTP::REST Error while determine Operation for request URI '{path}'."


def read_recordings(folder: Path) -> tuple[dict, dict]:
    """Return tickets and histories by ticket id, as last recorded."""
    versions, histories = [], {}
    for path in sorted(Path(folder).rglob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        body = body.get("response_body") if isinstance(body, dict) else None
        if not isinstance(body, dict):
            continue
        found = body.get("Ticket")
        versions.extend(found if isinstance(found, list) else [])
        for block in body.get("TicketHistory") or []:
            rows = block.get("History") or []
            known = histories.get(str(block["TicketID"]), [])
            histories[str(block["TicketID"])] = max(known, rows, key=len)
    return _merged(versions), histories


def _merged(versions):
    """Lay later versions of a ticket over earlier ones, fuller over plainer."""

    def rank(data):
        articles = data.get("Article", [])
        return data["Changed"], len(articles), str(articles).count("DynamicField")

    tickets = {}
    for data in sorted(versions, key=rank):
        key = str(data["TicketID"])
        tickets[key] = {**tickets.get(key, {}), **data}
    return tickets


@dataclass
class Fault:
    """What to do instead of answering, ``times`` times, for matching paths."""

    kind: str
    times: int = 1
    path: str = ""
    options: dict = field(default_factory=dict)


class ReplayServer:
    """The server; use it as a context manager.

    ``tickets`` and ``histories`` may be changed while it runs. ``requests`` lists
    method and path of every call. ``certificate`` (file, key file) makes it https.
    """

    def __init__(
        self,
        recordings=None,
        *,
        host="127.0.0.1",
        port=0,
        credentials=None,
        service=SERVICE,
        certificate=None,
    ):
        self.tickets, self.histories = {}, {}
        if recordings:
            self.tickets, self.histories = read_recordings(recordings)
        self.credentials = dict(credentials or CREDENTIALS)
        self.service = service
        self.sessions = {}
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self._articles = itertools.count(100_000)
        self._lock = threading.Lock()
        self._server = Server((host, port), Handler)
        self._server.replay = self
        self._scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True
            )

    @property
    def port(self):
        return self._server.server_port

    @property
    def url(self):
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        ).start()
        return self

    def __exit__(self, *exc):
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self):
        self._server.serve_forever()

    # What tests do to it

    def inject(self, kind: str, times=1, path="", **options):
        """Answer the next ``times`` calls whose path contains ``path`` wrongly."""
        self.faults.append(Fault(kind, times, path, options))

    def add_ticket(self, number, changed, bookings=(), **values):
        """Add a ticket. ``bookings``: (units, agent id, time, subject, activity)."""
        key = str(number)
        ticket = {
            "TicketID": number,
            "TicketNumber": f"2026{number:010d}",
            "Title": f"Ticket {number}",
            "State": "open",
            "StateType": "open",
            "Queue": "Support",
            "CustomerID": "ACME",
            "CustomerUserID": "max.mueller",
            "OwnerID": 2,
            "Owner": "agent.anna",
            "ResponsibleID": 2,
            "Responsible": "agent.anna",
            "Created": changed,
            "Changed": changed,
            "TimeUnit": 0,
            "DynamicField": [],
            "Article": [self._customer_article(number, changed)],
            **values,
        }
        self.tickets[key] = ticket
        self.histories[key] = [_history_row(number, "NewTicket", "%%", 2, changed)]
        for booking in bookings:
            self.book(number, *booking)
        return ticket

    def book(self, number, units, agent, when, subject="Work", activity="remote"):
        """Book time on a new article, as Znuny does; raise the change time."""
        ticket = self.tickets[str(number)]
        article_id = next(self._articles)
        ticket["TimeUnit"] += units if isinstance(units, int | float) else 0
        ticket["Changed"] = max(ticket["Changed"], when)
        ticket["Article"].append(
            {
                "ArticleID": article_id,
                "TicketID": number,
                "SenderType": "agent",
                "From": "Helpdesk",
                "Subject": subject,
                "Body": f"{subject} done.",
                "IsVisibleForCustomer": 1,
                "CreateBy": agent,
                "CreateTime": when,
                "TimeUnit": units,
                "DynamicField": [{"Name": "Activity", "Value": activity}],
            }
        )
        name = f"%%{units}%%{ticket['TimeUnit']}"
        row = _history_row(number, "TimeAccounting", name, agent, when, article_id)
        self.histories[str(number)].append(row)
        return article_id

    def _customer_article(self, number, when):
        return {
            "ArticleID": next(self._articles),
            "TicketID": number,
            "SenderType": "customer",
            "From": '"Max Müller" <max.mueller@acme.example>',
            "Subject": "Question",
            "Body": "Bitte um Hilfe\nGrüße",
            "IsVisibleForCustomer": 1,
            "CreateBy": 2,
            "CreateTime": when,
            "TimeUnit": 0,
        }

    # What it answers

    def take_fault(self, path) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.path in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def answer(self, method, path, fields):
        """Return (status, JSON-able body or text) for one call."""
        match = re.fullmatch(re.escape(PREFIX) + r"([^/]+)(/.*)", path)
        if not match or match.group(1) != self.service:
            return 500, "No such web service."
        route = match.group(2)
        if (method, route) == ("POST", "/Session"):
            return 200, self._log_in(fields)
        for pattern, operation, action in self._routes(method):
            found = re.fullmatch(pattern, route)
            if found:
                if not self._allowed(fields):
                    return 200, _error(operation, "AuthFail", "Authorization failing!")
                return 200, action(*found.groups(), fields)
        return 500, UNKNOWN_ROUTE.format(path=route)

    def _routes(self, method):
        if method == "PATCH":
            return ((r"/Ticket/(\d+)", "TicketUpdate", self._update),)
        if method != "GET":
            return ()
        return (
            (r"/Ticket", "TicketSearch", self._search),
            (r"/Ticket/([^/]+)", "TicketGet", self._get),
            (r"/TicketList", "TicketGet", lambda f: self._get(f["TicketID"], f)),
            (r"/TicketHistory/([^/]+)", "TicketHistoryGet", self._history),
        )

    def _log_in(self, fields):
        login = fields.get("UserLogin")
        if not login or self.credentials.get(login) != fields.get("Password"):
            return _error("SessionCreate", "AuthFail", "Authorization failing!")
        session = secrets.token_hex(16)
        self.sessions[session] = login
        return {"SessionID": session}

    def _allowed(self, fields):
        login = fields.get("UserLogin")
        if login:
            return self.credentials.get(login) == fields.get("Password")
        return fields.get("SessionID") in self.sessions

    def _update(self, key, fields):
        if key not in self.tickets:
            return _error("TicketUpdate", "AccessDenied", "No access to the ticket!")
        ticket = self.tickets[key]
        answer = {"TicketID": key, "TicketNumber": ticket["TicketNumber"]}
        if "DynamicField" in fields:
            ticket["DynamicField"] = fields["DynamicField"]
        if "Article" in fields:
            number = next(self._articles)
            article = {"ArticleID": number, "SenderType": "agent", "TimeUnit": 0}
            ticket.setdefault("Article", []).append({**article, **fields["Article"]})
            answer["ArticleID"] = number
        return answer

    def _search(self, fields):
        tickets = sorted(
            self.tickets.values(), key=lambda t: (t["Changed"], int(t["TicketID"]))
        )
        for name in ("TicketLastChangeTimeNewerDate", "TicketChangeTimeNewerDate"):
            if name in fields:
                if not _is_time(fields[name]):
                    return {}
                tickets = [t for t in tickets if t["Changed"] >= fields[name]]
        for name in ("CustomerID", "StateType"):
            if name in fields:
                tickets = [t for t in tickets if t.get(name) == fields[name]]
        if fields.get("OrderBy", "Down") == "Down":
            tickets.reverse()
        ids = [str(t["TicketID"]) for t in tickets][: int(fields.get("Limit", 500))]
        return {"TicketID": ids} if ids else {}

    def _get(self, ids, fields):
        wanted = ids.split(",")
        if not all(key.isdigit() for key in wanted):
            return _error(
                "TicketGet", "WrongStructure", "Invalid ticket ID parameter(s) found!"
            )
        if not all(key in self.tickets for key in wanted):
            return _error(
                "TicketGet", "AccessDenied", "User does not have access to the ticket!"
            )
        return {"Ticket": [_selected(self.tickets[key], fields) for key in wanted]}

    def _history(self, ids, fields):
        wanted = ids.split(",")
        if not all(key in self.tickets for key in wanted):
            return _error(
                "TicketHistoryGet",
                "AccessDenied",
                "User does not have access to the ticket!",
            )
        return {
            "TicketHistory": [
                {
                    "TicketID": key,
                    "History": self.histories.get(key)
                    or _history_of_articles(self.tickets[key]),
                }
                for key in wanted
            ]
        }

    def page(self, fields):
        """Return the page behind a ticket's link, for people who follow it."""
        ticket = self.tickets.get(fields.get("TicketID", ""), {})
        title = html.escape(f"{ticket.get('TicketNumber')}: {ticket.get('Title')}")
        return f"<!doctype html><title>{title}</title><h1>{title}</h1>"


def _selected(ticket, fields):
    """Leave out what a real server sends only when asked."""
    data = dict(ticket)
    if fields.get("AllArticles") != "1":
        data.pop("Article", None)
    if fields.get("DynamicFields") != "1":
        data.pop("DynamicField", None)
    return data


def _error(operation, code, message):
    return {
        "Error": {
            "ErrorCode": f"{operation}.{code}",
            "ErrorMessage": f"{operation}: {message}",
        }
    }


def _history_row(number, kind, name, agent, when, article_id=0):
    return {
        "TicketID": str(number),
        "ArticleID": article_id,
        "HistoryType": kind,
        "Name": name,
        "CreateBy": agent,
        "CreateTime": when,
    }


def _history_of_articles(ticket):
    """Stand in for a history that was not recorded: one booking per article."""
    total, rows = 0, []
    for article in ticket.get("Article", []):
        if article.get("TimeUnit"):
            total += article["TimeUnit"]
            rows.append(
                _history_row(
                    ticket["TicketID"],
                    "TimeAccounting",
                    f"%%{article['TimeUnit']}%%{total}",
                    article["CreateBy"],
                    article["CreateTime"],
                    article["ArticleID"],
                )
            )
    return rows


def _is_time(text):
    try:
        datetime.strptime(text, TIME_FORMAT)
    except ValueError:
        return False
    return True


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing when a client hangs up, as after a time-out."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads requests and sends what the server's :class:`ReplayServer` answers."""

    @property
    def replay(self):
        return self.server.replay

    def do_GET(self):
        parts = urlsplit(self.path)
        # A link to a ticket separates its fields by semicolons.
        query = parts.query.replace(";", "&")
        self._reply("GET", parts.path, dict(parse_qsl(query)))

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            fields = json.loads(raw or b"{}")
        except ValueError:
            self._send(500, "Error while decoding request content.")
            return
        self._reply("POST", urlsplit(self.path).path, fields)

    def do_PATCH(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._reply("PATCH", urlsplit(self.path).path, json.loads(raw))

    def _reply(self, method, path, fields):
        self.replay.requests.append((method, path))
        if method == "GET" and path.endswith("/index.pl"):
            self._send(200, self.replay.page(fields), "text/html; charset=utf-8")
            return
        fault = self.replay.take_fault(path)
        if fault:
            getattr(self, f"_fault_{fault.kind}")(fault, method, path, fields)
            return
        self._send(*self.replay.answer(method, path, fields))

    def _send(self, status, body, content_type=None, headers=()):
        if isinstance(body, bytes):
            raw = body
        elif isinstance(body, str):
            raw = body.encode()
            content_type = content_type or "text/plain; charset=utf-8"
        else:
            raw = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header(
            "Content-Type", content_type or "application/json; charset=UTF-8"
        )
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        """Stay quiet: the list of requests is kept for tests."""

    # Faults: each takes the place of one answer.

    def _fault_slow(self, fault, method, path, fields):
        time.sleep(fault.options.get("seconds", 2))
        self._send(*self.replay.answer(method, path, fields))

    def _fault_throttle(self, fault, method, path, fields):
        wait = str(fault.options.get("retry_after", 1))
        self._send(429, "Slow down", headers=[("Retry-After", wait)])

    def _fault_status(self, fault, method, path, fields):
        self._send(fault.options["status"], "Something is wrong")

    def _fault_html(self, fault, method, path, fields):
        self._send(200, "<html><body>Sign in</body></html>", "text/html")

    def _fault_half_json(self, fault, method, path, fields):
        _status, body = self.replay.answer(method, path, fields)
        self._send(200, json.dumps(body).encode()[:-5])

    def _fault_cut(self, fault, method, path, fields):
        """Promise more bytes than are sent."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"TicketID": [')

    def _fault_charset(self, fault, method, path, fields):
        self._send(200, '{"Title": "Grüße"}'.encode("latin-1"))

    def _fault_expired(self, fault, method, path, fields):
        """Forget all sessions, so that this call finds its own expired."""
        self.replay.sessions.clear()
        self._send(*self.replay.answer(method, path, fields))

    def _fault_body(self, fault, method, path, fields):
        self._send(200, fault.options["body"])

    def _fault_redirect(self, fault, method, path, fields):
        headers = [("Location", fault.options["location"])]
        self._send(302, "", headers=headers)

    def _fault_hook(self, fault, method, path, fields):
        """Let something happen on the server right before it answers."""
        fault.options["action"]()
        self._send(*self.replay.answer(method, path, fields))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", required=True, type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=0, type=int)
    parser.add_argument("--login", default="agent.anna")
    parser.add_argument("--password", default="replay")
    options = parser.parse_args()
    server = ReplayServer(
        options.recordings,
        host=options.host,
        port=options.port,
        credentials={options.login: options.password},
    )
    sys.stdout.write(f"{len(server.tickets)} tickets at {server.url}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

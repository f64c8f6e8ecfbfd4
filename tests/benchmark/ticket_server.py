"""A generated Znuny for the benchmark of connectors, as a process of its own.

    python tests/benchmark/ticket_server.py --tickets 100000 --times 3

It says its port on the first line. Nothing is stored: a ticket is worked out from its
number, so that a hundred thousand of them cost no memory.
"""

import argparse
import datetime
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

FORMAT = "%Y-%m-%d %H:%M:%S"
BEGIN = datetime.datetime(2026, 1, 5, 8)
SPACING = 60  # seconds between the last changes of two tickets
AGENTS = 20
CUSTOMERS = 500
FIRST_AGENT = 100


def changed(ticket: int) -> str:
    return (BEGIN + datetime.timedelta(seconds=ticket * SPACING)).strftime(FORMAT)


def booked(ticket: int, number: int) -> str:
    time = BEGIN + datetime.timedelta(seconds=ticket * SPACING, minutes=-10 * number)
    return time.strftime(FORMAT)


class World:
    """Tickets 1 to ``tickets`` with ``times`` bookings each."""

    def __init__(self, tickets: int, times: int):
        self.tickets = tickets
        self.times = times
        self.requests = 0

    def search(self, fields: dict) -> dict:
        since = fields["TicketLastChangeTimeNewerDate"]
        elapsed = datetime.datetime.strptime(since, FORMAT) - BEGIN
        first = max(-(-int(elapsed.total_seconds()) // SPACING), 1)
        found = range(first, self.tickets + 1)
        if fields["OrderBy"] == "Down":
            found = found[::-1]
        found = found[: int(fields["Limit"])]
        return {"TicketID": [str(ticket) for ticket in found]} if found else {}

    def ticket(self, ticket: int) -> dict:
        agent = FIRST_AGENT + ticket % AGENTS
        return {
            "TicketID": ticket,
            "TicketNumber": f"2026{ticket:010}",
            "Title": f"Printer {ticket} jams",
            "State": "open",
            "StateType": "open",
            "Queue": "Support",
            "CustomerID": f"BENCH{ticket % CUSTOMERS}",
            "CustomerUserID": "",
            "OwnerID": agent,
            "Owner": f"bench{agent}",
            "ResponsibleID": agent,
            "Responsible": f"bench{agent}",
            "Created": booked(ticket, self.times),
            "Changed": changed(ticket),
            "TimeUnit": 15 * self.times,
            "DynamicField": [],
            "Article": [self._article(ticket, number) for number in range(self.times)],
        }

    def _article(self, ticket, number):
        return {
            "ArticleID": ticket * self.times + number,
            "SenderType": "agent",
            "From": "Helpdesk",
            "Subject": "Work",
            "Body": f"Step {number + 1} on printer {ticket}. " * 5,
            "IsVisibleForCustomer": 1,
            "TimeUnit": 15,
            "DynamicField": [],
        }

    def history(self, ticket: int) -> dict:
        rows = [
            {
                "ArticleID": ticket * self.times + number,
                "HistoryType": "TimeAccounting",
                "Name": f"%%15%%{15 * (number + 1)}",
                "CreateBy": FIRST_AGENT + ticket % AGENTS,
                "CreateTime": booked(ticket, number),
            }
            for number in range(self.times)
        ]
        return {"TicketID": str(ticket), "History": rows}

    def answer(self, route: str, fields: dict) -> dict:
        self.requests += 1
        name, _slash, ids = route.strip("/").partition("/")
        if name == "Session":
            return {"SessionID": "bench"}
        if name == "Ticket":
            return self.search(fields)
        wanted = [int(text) for text in (ids or fields["TicketID"]).split(",")]
        if name == "TicketList":
            return {"Ticket": [self.ticket(ticket) for ticket in wanted]}
        return {"TicketHistory": [self.history(ticket) for ticket in wanted]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: Head and body leave together: else each would wait for the other's receipt.
    wbufsize = -1

    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path == "/requests":
            self._send(self.server.world.requests)
            return
        route = parts.path.split("/Webservice/", 1)[1].partition("/")[2]
        self._send(self.server.world.answer(route, dict(parse_qsl(parts.query))))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(self.server.world.answer("Session", {}))

    def _send(self, body):
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_arguments):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, required=True)
    parser.add_argument("--times", type=int, required=True)
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.world = World(options.tickets, options.times)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

"""Request Tracker 5, as recorded from a running server (``recordings/rt``)."""

import datetime
import re
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from server import Reply, Shape, cut

ISO = "%Y-%m-%dT%H:%M:%SZ"
SINCE = re.compile(r"LastUpdated >= '([^']+)'")
IDS = re.compile(r"id IN \(([\d,]+)\)")
#: Queries are understood in the zone of the user.
ZONE = ZoneInfo("Europe/Vienna")


class RequestTracker(Shape):
    code = "request_tracker"
    settings = {"time_zone": "Europe/Vienna"}
    ticket_list = "/tickets"
    kinds_of_write_back = ("note", "field")

    def allowed(self, request):
        return request.headers.get("authorization") == f"token {self.secret}"

    def refusal(self, request):
        return Reply({"message": "Unauthorized"}, 401)

    def answer(self, request, world):
        for method, pattern, act in (
            ("GET", r"/rt", lambda *_args: Reply({"Version": "5.0.7"})),
            ("GET", r"/tickets", self._tickets),
            ("GET", r"/ticket/(\d+)/history", self._history),
            ("POST", r"/ticket/(\d+)/comment", self._comment),
            ("PUT", r"/ticket/(\d+)", self._update),
        ):
            found = re.fullmatch(f"/REST/2.0{pattern}", request.path)
            if found and method == request.method:
                return act(request, world, *found.groups())
        return Reply({"message": "Not Found"}, 404)

    def _tickets(self, request, world):
        text = request.query["query"]
        since, ids = SINCE.fullmatch(text), IDS.fullmatch(text)
        if ids:
            wanted = ids[1].split(",")
            found = [t for t in world.tickets.values() if str(t.id) in wanted]
        elif since:
            local = datetime.datetime.fromisoformat(since[1]).replace(tzinfo=ZONE)
            found = world.changed_since(local)
        else:
            return Reply({"message": "Incomplete query"}, 400)
        return self._page(request, found, self.ticket)

    def _page(self, request, things, render):
        size = min(request.number("per_page", 20), 100)
        number = request.number("page", 1)
        fields = request.query["fields"].split(",")
        rows = [render(item) for item in cut(things, (number - 1) * size, size)]
        for row in rows:
            for name in set(row) - {"id", "type", "_url", *fields}:
                del row[name]
        body = {"items": rows, "count": len(rows), "page": number, "per_page": size}
        if number * size < len(things):
            query = urlencode({**request.query, "page": number + 1})
            body["next_page"] = f"{request.url.split('?')[0]}?{query}"
        return Reply(body)

    def ticket(self, ticket):
        changed = ticket.changed.strftime(ISO)
        return {
            "id": str(ticket.id),
            "type": "ticket",
            "Subject": ticket.title,
            "Status": "resolved" if ticket.closed else "open",
            "Queue": {"id": "1", "Name": "Support", "type": "queue"},
            "Owner": {
                "id": "agent.anna",
                "Name": "agent.anna",
                "EmailAddress": "agent.anna@helpdesk.example",
            },
            "Requestor": [
                {
                    "id": "jane.doe",
                    "Name": "jane.doe",
                    "Organization": "Acme Maschinenbau GmbH",
                    "EmailAddress": "Jane.Doe@acme.example",
                }
            ],
            "Created": "2026-01-02T08:00:00Z",
            "LastUpdated": changed,
            "Resolved": changed if ticket.closed else "1970-01-01T00:00:00Z",
            "CustomFields": [],
            **ticket.raw,
        }

    def _history(self, request, world, key):
        created = {"id": "0", "Type": "Create", "TimeTaken": "0", "Created": ""}
        entries = world.entries_of(int(key))
        rows = [created, *map(self.transaction, entries)]
        rows += world.histories.get(int(key), [])
        return self._page(request, rows, dict)

    def transaction(self, entry):
        amount = str(entry.minutes) if entry.amount is None else entry.amount
        return {
            "id": str(entry.id),
            "type": "transaction",
            "Type": "Correspond",
            "TimeTaken": amount,
            "Created": entry.worked.strftime(ISO),
            "Creator": {"id": f"agent{entry.agent}", "Name": f"agent{entry.agent}"},
            "Data": entry.text,
            **entry.raw,
        }

    def _comment(self, request, world, key):
        world.written.append(("note", int(key), request.body["Content"]))
        return Reply(["Comments added"], 201)

    def _update(self, request, world, key):
        if "Status" in request.body:
            text = f"Ticket {key}: Status 'nonsense' isn't a valid status."
            return Reply([text])
        for value in request.body["CustomFields"].values():
            world.written.append(("field", int(key), value))
        return Reply([f"Ticket {key}: Invoice changed"])


SHAPE = RequestTracker()

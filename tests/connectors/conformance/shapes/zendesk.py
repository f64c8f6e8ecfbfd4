"""Zendesk, by its documentation: see ``recordings/zendesk``."""

import datetime
import re
from base64 import b64encode
from datetime import UTC
from weakref import WeakKeyDictionary

from server import Reply, Shape, cut

ISO = "%Y-%m-%dT%H:%M:%SZ"
TOTAL_FIELD = 360001111


class History:
    """The audits of a world: what happens to bookings changes the total of a ticket,
    and what was written once stays."""

    def __init__(self):
        self.totals, self.audits, self.known = {}, {}, {}
        #: What stands in the field of a ticket, be it a number or not.
        self.shown = {}

    def follow(self, world):
        """Write down what happened since the last time."""
        for entry in world.entries.values():
            now = entry.minutes if entry.amount is None else entry.amount
            before = self.known.get(entry.id, (entry.ticket, 0))[1]
            if now != before:
                self._change(entry, now, before)
        for key in self.known.keys() - world.entries.keys():
            ticket, before = self.known.pop(key)
            self._write(ticket, 5, world.now, self.totals[ticket] - before * 60)

    def _change(self, entry, now, before):
        self.known[entry.id] = entry.ticket, now
        total = self.totals.get(entry.ticket, 0)
        if not isinstance(now, str):
            now = total + (now - before) * 60
        self._write(entry.ticket, entry.agent, entry.worked, now)

    def _write(self, ticket, agent, time, total):
        audits = self.audits.setdefault(ticket, [])
        before = self.totals.get(ticket)
        number = ticket * 1_000_000 + len(audits)
        change = {
            "id": number,
            "type": "Change",
            "field_name": str(TOTAL_FIELD),
            "value": str(total),
            "previous_value": before if before is None else str(before),
        }
        other = {"id": number + 500_000, "type": "Comment", "body": "Done"}
        audits.append(
            {
                "id": number,
                "ticket_id": ticket,
                "author_id": agent,
                "created_at": time.strftime(ISO),
                "events": [other, change],
            }
        )
        self.shown[ticket] = str(total)
        if not isinstance(total, str):
            self.totals[ticket] = total


class Zendesk(Shape):
    code = "zendesk"
    login = "anna@msp.example"
    settings = {"per_minute": 0}
    ticket_list = "/incremental/tickets/cursor"
    moves_time = False
    kinds_of_write_back = ("note", "field", "tag")

    def __init__(self):
        self.histories = WeakKeyDictionary()

    def allowed(self, request):
        pair = b64encode(f"{self.login}/token:{self.secret}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    def refusal(self, request):
        return Reply({"error": "Couldn't authenticate you"}, 401)

    def answer(self, request, world):
        self.history = self.histories.setdefault(world, History())
        self.history.follow(world)
        for method, pattern, act in (
            ("GET", r"users/me", lambda *_args: Reply({"user": {"id": 5}})),
            ("GET", r"incremental/tickets/cursor", self._export),
            ("GET", r"tickets/show_many", self._show_many),
            ("GET", r"tickets/(\d+)/audits", self._audits),
            ("GET", r"tickets/(\d+)/comments", self._comments),
            ("PUT", r"tickets/(\d+)", self._update),
            ("(PUT|DELETE)", r"tickets/(\d+)/tags", self._tags),
            ("GET", r"ticket_fields", self._fields),
            ("GET", r"users/(\d+)", self._user),
            ("GET", r"users", self._agents),
            ("GET", r"organizations", self._organizations),
        ):
            found = re.fullmatch(f"/api/v2/{pattern}", request.path)
            if found and re.fullmatch(method, request.method):
                return act(request, world, *found.groups())
        return Reply({"error": "RecordNotFound", "description": "Not found"}, 404)

    # Tickets

    def _export(self, request, world):
        """Answer with a page of changed tickets, deleted ones too, but without those
        of the last minute: the clock here is a minute ahead of the world's."""
        assert ("start_time" in request.query) != ("cursor" in request.query)
        if "cursor" in request.query:
            since, skip = map(int, request.query["cursor"].split("-"))
        else:
            since, skip = int(request.query["start_time"]), 0
            if since > world.now.timestamp():
                return Reply({"error": "StartTimeTooRecent"}, 422)
        since = datetime.datetime.fromtimestamp(since, UTC)
        found = [t for t in world.tickets.values() if t.changed >= since]
        found.sort(key=lambda ticket: (ticket.changed, ticket.id))
        size = min(request.number("per_page", 1000), 1000)
        page = cut(found, skip, size)
        return self._with_neighbours(
            page,
            world,
            after_cursor=f"{int(since.timestamp())}-{skip + len(page)}",
            end_of_stream=skip + size >= len(found),
        )

    def _show_many(self, request, world):
        assert len(request.query["ids"].split(",")) <= 100
        wanted = map(int, request.query["ids"].split(","))
        found = [world.tickets[key] for key in wanted if key in world.tickets]
        return self._with_neighbours([t for t in found if not t.deleted], world)

    def _with_neighbours(self, tickets, world, **more):
        organizations = [{"id": k, "name": n} for k, n in world.organisations.items()]
        return Reply(
            {
                "tickets": [self.ticket(ticket) for ticket in tickets],
                "users": [self.user(5), self.user(8)],
                "organizations": organizations,
                **more,
            }
        )

    def ticket(self, ticket):
        changed = ticket.changed.strftime(ISO)
        status = "solved" if ticket.closed else "open"
        return {
            "id": ticket.id,
            "url": f"https://acme.example/api/v2/tickets/{ticket.id}.json",
            "subject": ticket.title,
            "description": "It does not print.",
            "type": "incident",
            "status": "deleted" if ticket.deleted else status,
            "requester_id": 8,
            "assignee_id": 5,
            "organization_id": ticket.customer,
            "custom_fields": [
                {"id": TOTAL_FIELD, "value": self.history.shown.get(ticket.id)}
            ],
            "created_at": "2026-01-02T08:00:00Z",
            "updated_at": changed,
            "generated_timestamp": int(ticket.changed.timestamp()),
            "metric_set": {"solved_at": changed if ticket.closed else None},
            **ticket.raw,
        }

    def _audits(self, request, world, key):
        return self._page(request, "audits", self.history.audits.get(int(key), []))

    def _page(self, request, name, rows):
        size = min(request.number("page[size]", 100), 100)
        start = request.number("page[after]", 0)
        meta = {"has_more": start + size < len(rows), "after_cursor": start + size}
        return Reply({name: cut(rows, start, size), "meta": meta})

    # People and fields

    def user(self, number, name="Anna Huber"):
        return {"id": number, "name": name, "email": f"u{number}@msp.example"}

    def _user(self, request, world, key):
        return Reply({"user": self.user(int(key))})

    def _agents(self, request, world):
        assert request.query["role[]"] == "admin"
        rows = [self.user(key, name) for key, name in world.agents.items()]
        return self._page(request, "users", rows)

    def _organizations(self, request, world):
        rows = [
            {"id": key, "name": name, "domain_names": ["muster.example", "m.example"]}
            for key, name in world.organisations.items()
        ]
        return self._page(request, "organizations", rows)

    def _fields(self, request, world):
        titles = ["Subject", *["Field"] * 120, "Total time spent (sec)"]
        first = TOTAL_FIELD - len(titles) + 1
        rows = [{"id": first + at, "title": title} for at, title in enumerate(titles)]
        return self._page(request, "ticket_fields", rows)

    # Writing

    def _update(self, request, world, key):
        ticket = request.body["ticket"]
        if "comment" in ticket:
            assert ticket["comment"]["public"] is False
            world.written.append(("note", int(key), ticket["comment"]["body"]))
        for field in ticket.get("custom_fields", []):
            world.written.append(("field", int(key), field["value"]))
        return Reply({"ticket": {"id": int(key)}})

    def _tags(self, request, world, key, *_groups):
        kind = "tag" if request.method == "PUT" else "no tag"
        for tag in request.body["tags"]:
            world.written.append((kind, int(key), tag))
        return Reply({"tags": request.body["tags"]})

    def _comments(self, request, world, key):
        notes = [note for note in world.written if note[:2] == ("note", int(key))]
        rows = [{"id": number, "body": note[2]} for number, note in enumerate(notes)]
        return Reply({"comments": [{"id": 900, "body": "It is broken."}, *rows]})

    def webhook(self):
        headers = {"X-Zendesk-Webhook-Invocation-Id": "i-1"}
        body = {"subject": "zen:ticket:81", "detail": {"id": "81"}}
        return headers, body, "i-1", "81"


class ZendeskTotal(Zendesk):
    """Only the total time of a ticket can be read."""

    settings = {"per_minute": 0, "time_source": "total"}
    counts_only = variant = True

    def _audits(self, request, world, key):
        return Reply({"error": {"title": "Forbidden"}}, 403)


SHAPES = {"zendesk": Zendesk(), "zendesk_total": ZendeskTotal()}

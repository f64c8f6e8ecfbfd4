"""Freshdesk, by its documentation: see ``recordings``."""

import datetime
import re
from base64 import b64encode
from urllib.parse import urlencode

from remote_world import CUSTOMERS
from server import Reply, Shape, cut

ISO = "%Y-%m-%dT%H:%M:%SZ"
MOST_PAGES = 300


class Freshdesk(Shape):
    code = "freshdesk"
    document = "freshdesk"
    #: Enough for the tests not to wait.
    settings = {"per_minute": 0}
    touching = False
    ticket_list = "/tickets"
    kinds_of_write_back = ("note", "field", "tag")

    def allowed(self, request):
        pair = b64encode(f"{self.secret}:X".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    def refusal(self, request):
        return Reply({"code": "invalid_credentials", "message": "You have to"}, 401)

    def answer(self, request, world):
        for method, pattern, act in (
            ("GET", r"agents/(me|\d+)", self._agent),
            ("GET", r"agents", self._agents),
            ("GET", r"companies", self._companies),
            ("GET", r"tickets", self._tickets),
            ("GET", r"tickets/(\d+)", self._ticket),
            ("PUT", r"tickets/(\d+)", self._update),
            ("POST", r"tickets/(\d+)/notes", self._note),
            ("GET", r"tickets/(\d+)/time_entries", self._entries_of),
            ("GET", r"time_entries", self._entries),
        ):
            found = re.fullmatch(f"/api/v2/{pattern}", request.path)
            if found and method == request.method:
                return act(request, world, *found.groups())
        return Reply("", 404)

    def _agent(self, request, world, key):
        contact = {"name": "Anna Huber", "email": "anna@msp.example"}
        return Reply({"id": 5 if key == "me" else int(key), "contact": contact})

    def _agents(self, request, world):
        people = world.agents.items()
        rows = [{"id": key, "contact": {"name": name}} for key, name in people]
        return self._page(request, rows)

    def _companies(self, request, world):
        names = world.organisations.items()
        rows = [{"id": k, "name": n, "domains": [f"c{k}.example"]} for k, n in names]
        return self._page(request, rows)

    def _page(self, request, things, render=dict):
        number, size = request.number("page", 1), request.number("per_page", 30)
        if number > MOST_PAGES:
            wrong = {"field": "page", "message": "too deep", "code": "invalid_value"}
            return Reply({"description": "Validation failed", "errors": [wrong]}, 400)
        headers = {"X-RateLimit-Total": "400", "X-RateLimit-Remaining": "399"}
        if number * size < len(things):
            query = urlencode({**request.query, "page": number + 1})
            address = f"{request.url.split('?')[0]}?{query}"
            headers["Link"] = f'<{address}>; rel="next"'
        page = cut(things, (number - 1) * size, size)
        return Reply([render(item) for item in page], headers=headers)

    def _tickets(self, request, world):
        query = request.query
        month = world.now - datetime.timedelta(days=30)
        since = datetime.datetime.fromisoformat(
            query.get("updated_since", month.isoformat())
        )
        tickets = [t for t in world.changed_since(since) if not t.raw.get("spam")]
        if query.get("order_by") != "updated_at":
            tickets.sort(key=lambda ticket: ticket.id)
        if query.get("order_type") != "asc":
            tickets.reverse()
        asked = request.query.get("include", "").split(",")
        return self._page(request, tickets, lambda ticket: self.ticket(ticket, asked))

    def ticket(self, ticket, included):
        changed = ticket.changed.strftime(ISO)
        parts = {
            "description": {"description_text": "Bitte um Hilfe"},
            "requester": {
                "requester": {"id": 8, "name": "Emil", "email": "E@m.example"}
            },
            "company": {"company": self.company(ticket.customer)},
            "stats": {"stats": {"closed_at": changed if ticket.closed else None}},
        }
        row = {
            "id": ticket.id,
            "subject": ticket.title,
            "status": 5 if ticket.closed else 2,
            "type": "Incident",
            "requester_id": 8,
            "responder_id": 5,
            "company_id": ticket.customer,
            "tags": ["onsite"],
            "custom_fields": {"cf_order": None},
            "created_at": "2026-01-02T08:00:00Z",
            "updated_at": changed,
            **({"deleted": True} if ticket.deleted else {}),
            **ticket.raw,
        }
        for name in included:
            row |= parts.get(name, {})
        return row

    def company(self, key):
        return {"id": key, "name": CUSTOMERS[key]}

    def _ticket(self, request, world, key):
        ticket = world.tickets.get(int(key))
        # The text is always there, unlike in lists.
        asked = ["description", *request.query.get("include", "").split(",")]
        return Reply(self.ticket(ticket, asked)) if ticket else Reply("", 404)

    def _entries(self, request, world):
        since = datetime.datetime.fromisoformat(request.query["executed_after"])
        entries = [e for e in world.entries.values() if e.worked > since]
        return self._page(request, entries[::-1], self.entry)

    def _entries_of(self, request, world, key):
        if int(key) not in world.tickets:
            return Reply("", 404)
        return self._page(request, world.entries_of(int(key)), self.entry)

    def entry(self, entry):
        hours, minutes = divmod(entry.minutes, 60)
        amount = f"{hours:02}:{minutes:02}" if entry.amount is None else entry.amount
        worked = entry.worked.strftime(ISO)
        return {
            "id": entry.id,
            "ticket_id": entry.ticket,
            "agent_id": entry.agent,
            "billable": True,
            "note": entry.text,
            "time_spent": amount,
            "timer_running": False,
            "start_time": worked,
            "executed_at": worked,
            "created_at": entry.changed.strftime(ISO),
            "updated_at": entry.changed.strftime(ISO),
            **entry.raw,
        }

    def _note(self, request, world, key):
        assert request.body["private"] is True
        world.written.append(("note", int(key), request.body["body"]))
        return Reply({"id": 1, "private": True}, 201)

    def _update(self, request, world, key):
        ticket = world.tickets[int(key)]
        for value in request.body.get("custom_fields", {}).values():
            world.written.append(("field", ticket.id, value))
        if "tags" in request.body:
            ticket.raw["tags"] = request.body["tags"]
            world.written.append(("tag", ticket.id, ",".join(ticket.raw["tags"])))
        return Reply(self.ticket(ticket, []))

    def webhook(self):
        body = {"freshdesk_webhook": {"ticket_id": 20, "triggered_event": "{}"}}
        return {"X-Ticket-Billing-Token": "x"}, body, "", "20"


SHAPE = Freshdesk()

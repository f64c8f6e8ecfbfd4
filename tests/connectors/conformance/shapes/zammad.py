"""Zammad, by its documentation and source: tickets, time accountings, users."""

import datetime
import re

from remote_world import CUSTOMERS
from server import Reply, Shape, cut

ISO = "%Y-%m-%dT%H:%M:%S.000Z"


class Zammad(Shape):
    code = "zammad"
    ticket_list = "/tickets/search"
    kinds_of_write_back = ("note", "field", "tag")

    def allowed(self, request):
        return request.headers.get("authorization") == f"Token token={self.secret}"

    def refusal(self, request):
        return Reply({"error": "Authentication required"}, 401)

    def answer(self, request, world):
        self.world = world
        for method, pattern, act in (
            ("GET", r"/users/me", lambda *_args: Reply({"id": 5, "login": "anna"})),
            ("POST", r"/tickets/search", self._search),
            ("GET", r"/tickets/(\d+)", self._ticket),
            ("PUT", r"/tickets/(\d+)", self._update),
            ("GET", r"/tickets/(\d+)/time_accountings", self._entries),
            ("GET", r"/ticket_history/(\d+)", self._history),
            ("GET", r"/users/(\d+)", self._user),
            ("GET", r"/users", self._users),
            ("GET", r"/organizations", self._organizations),
            ("POST", r"/ticket_articles", self._article),
            ("GET", r"/ticket_articles/by_ticket/(\d+)", self._articles),
            ("POST", r"/tags/add", self._tag),
            ("DELETE", r"/tags/remove", self._untag),
        ):
            found = re.fullmatch(f"/api/v1{pattern}", request.path)
            if found and method == request.method:
                return act(request, world, *found.groups())
        return Reply({"error": "No route matches"}, 404)

    def _search(self, request, world):
        condition = request.body["condition"]["ticket.updated_at"]
        if condition["operator"] != "after (absolute)":
            return Reply({"error": "Invalid operator"}, 422)
        since = datetime.datetime.fromisoformat(condition["value"])
        tickets = world.changed_since(since, inclusive=False)
        if request.body.get("order_by") != "asc":
            tickets.reverse()
        return self._page(request, tickets, self.ticket)

    def _ticket(self, request, world, key):
        ticket = world.tickets.get(int(key))
        if ticket is None:
            return Reply({"error": f"Couldn't find Ticket with 'id'={key}"}, 404)
        return Reply(self.ticket(ticket))

    def _history(self, request, world, key):
        ticket = world.tickets.get(int(key))
        if ticket is None:
            return Reply({"error": f"Couldn't find Ticket with 'id'={key}"}, 404)
        return Reply({"history": world.histories.get(ticket.id, []), "assets": {}})

    def ticket(self, ticket):
        changed = ticket.changed.strftime(ISO)
        return {
            "id": ticket.id,
            "number": f"10{ticket.id:03d}",
            "title": ticket.title,
            "group": "Service Desk",
            "state_id": 4 if ticket.closed else 2,
            "state": "closed" if ticket.closed else "open",
            "organization_id": ticket.customer,
            "organization": CUSTOMERS[ticket.customer],
            "owner_id": 5,
            "owner": "anna@msp.example",
            "customer_id": 8,
            "customer": "emil@muster.example",
            "close_at": changed if ticket.closed else None,
            "time_unit": "1.0" if self.world.entries_of(ticket.id) else None,
            "created_at": "2026-01-02T08:00:00.000Z",
            "updated_at": changed,
            **ticket.raw,
        }

    def _entries(self, request, world, key):
        return Reply([self.entry(entry) for entry in world.entries_of(int(key))])

    def entry(self, entry):
        amount = f"{entry.minutes}.0" if entry.amount is None else entry.amount
        return {
            "id": entry.id,
            "ticket_id": entry.ticket,
            "ticket_article_id": None,
            "time_unit": amount,
            "type_id": 3,
            "created_by_id": entry.agent,
            "created_at": entry.worked.strftime(ISO),
            "updated_at": entry.changed.strftime(ISO),
            **entry.raw,
        }

    def _user(self, request, world, key):
        user = {"id": int(key), "login": f"user{key}", "email": f"u{key}@msp.example"}
        return Reply({**user, "firstname": "Anna", "lastname": "Huber"})

    def _users(self, request, world):
        """Answer with customers too; the names of roles come when expanded."""
        assert request.query["expand"] == "true"
        users = [{"id": 8, "firstname": "Emil", "roles": ["Customer"]}]
        for key, name in world.agents.items():
            first, _space, last = name.partition(" ")
            roles = ["Agent", "Customer"] if key % 2 else ["2nd Level"]
            user = {"id": key, "firstname": first, "lastname": last, "roles": roles}
            users += [user, {"id": key + 5000, "roles": ["Customer"]}]
        return self._page(request, users)

    def _organizations(self, request, world):
        rows = [
            {"id": k, "name": n, "domain": ""} for k, n in world.organisations.items()
        ]
        return self._page(request, rows)

    def _page(self, request, things, render=dict):
        size = min(request.number("per_page", 50), 200)
        page = cut(things, (request.number("page", 1) - 1) * size, size)
        return Reply([render(thing) for thing in page])

    def _update(self, request, world, key):
        for value in request.body.values():
            world.written.append(("field", int(key), value))
        return Reply({"id": int(key)})

    def _article(self, request, world):
        assert request.body["internal"] is True
        note = request.body["body"]
        world.written.append(("note", int(request.body["ticket_id"]), note))
        return Reply({"id": 1}, 201)

    def _tag(self, request, world):
        world.written.append(("tag", int(request.body["o_id"]), request.body["item"]))
        return Reply(True, 201)

    def _untag(self, request, world):
        written = ("tag", int(request.body["o_id"]), request.body["item"])
        assert written in world.written
        world.written.append((f"no {written[0]}", *written[1:]))
        return Reply(True)

    def _articles(self, request, world, key):
        notes = [note for note in world.written if note[:2] == ("note", int(key))]
        rows = [{"id": number, "body": note[2]} for number, note in enumerate(notes)]
        return Reply([{"id": 900, "body": "It does not print."}, *rows])

    def webhook(self):
        body = {"ticket": {"id": 81, "title": "Printer"}, "article": {}}
        return {"X-Zammad-Delivery": "d-1", "X-Hub-Signature": "x"}, body, "d-1", "81"


SHAPE = Zammad()

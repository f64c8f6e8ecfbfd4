"""Redmine 6, as recorded from a running server (see ``recordings/redmine``)."""

import datetime
import re
from datetime import UTC

from server import Reply, Shape, cut

ISO = "%Y-%m-%dT%H:%M:%SZ"


class Redmine(Shape):
    code = "redmine"
    document = "redmine"
    touching = False
    ticket_list = "/issues.json"
    kinds_of_write_back = ("note", "field")

    def allowed(self, request):
        return request.headers.get("x-redmine-api-key") == self.secret

    def refusal(self, request):
        return Reply("", 401)

    def answer(self, request, world):
        for method, pattern, act in (
            ("GET", r"/users/current\.json", lambda *_args: Reply({"user": {"id": 5}})),
            ("GET", r"/issues\.json", self._issues),
            ("GET", r"/issues/(\d+)\.json", self._issue),
            ("PUT", r"/issues/(\d+)\.json", self._update),
            ("GET", r"/time_entries\.json", self._entries),
            ("GET", r"/time_entries/(\d+)\.json", self._entry),
            ("GET", r"/users/(\d+)\.json", self._user),
            ("GET", r"/users\.json", self._users),
            ("GET", r"/projects\.json", self._projects),
        ):
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return act(request, world, *found.groups())
        return Reply("", 404)

    def _page(self, request, name, things, render):
        offset = request.number("offset", 0)
        limit = min(request.number("limit", 25), 100)
        page = [render(thing) for thing in cut(things, offset, limit)]
        total = len(things)
        return Reply(
            {name: page, "total_count": total, "offset": offset, "limit": limit}
        )

    def _issues(self, request, world):
        query = request.query
        tickets = world.changed_since(datetime.datetime.min.replace(tzinfo=UTC))
        if query.get("status_id") != "*":
            tickets = [t for t in tickets if not t.closed]
        if "issue_id" in query:
            wanted = query["issue_id"].split(",")
            tickets = [t for t in tickets if str(t.id) in wanted]
        if "updated_on" in query:
            since = datetime.datetime.fromisoformat(query["updated_on"][2:])
            tickets = [t for t in tickets if t.changed >= since]
        return self._page(request, "issues", tickets, self.issue)

    def _issue(self, request, world, key):
        issue = self.issue(world.tickets[int(key)])
        if request.query.get("include") == "journals":
            notes = [n[2] for n in world.written if n[:2] == ("note", int(key))]
            journals = [{"id": number, "notes": n} for number, n in enumerate(notes)]
            issue["journals"] = [{"id": 900, "notes": ""}, *journals]
        return Reply({"issue": issue})

    def issue(self, ticket):
        changed = ticket.changed.strftime(ISO)
        return {
            "id": ticket.id,
            "project": {"id": 3, "name": "Acme Support"},
            "tracker": {"id": 3, "name": "Support"},
            "status": {
                "id": 5 if ticket.closed else 1,
                "name": "Closed" if ticket.closed else "New",
                "is_closed": ticket.closed,
            },
            "author": {"id": 7, "name": "Jane Doe"},
            "assigned_to": {"id": 5, "name": "Anna Huber"},
            "subject": ticket.title,
            "description": "Bitte um Hilfe\r\nGrüße",
            "is_private": False,
            "custom_fields": [{"id": 1, "name": "Billable", "value": "yes"}],
            "created_on": "2026-01-02T08:00:00Z",
            "updated_on": changed,
            "closed_on": changed if ticket.closed else None,
            **ticket.raw,
        }

    def _update(self, request, world, key):
        if int(key) not in world.tickets:
            return Reply("", 404)
        issue = request.body["issue"]
        for field in issue.get("custom_fields", []):
            world.written.append(("field", int(key), field["value"]))
        if "notes" in issue:
            world.written.append(("note", int(key), issue["notes"]))
        return Reply("", 204)

    def _entries(self, request, world):
        first = request.query.get("from", "")
        entries = [
            entry
            for entry in world.entries.values()
            if entry.worked.date().isoformat() >= first
        ]
        return self._page(request, "time_entries", entries, self.entry)

    def entry(self, entry):
        hours = round(entry.minutes / 60, 2) if entry.amount is None else entry.amount
        return {
            "id": entry.id,
            "project": {"id": 3, "name": "Acme Support"},
            "issue": {"id": entry.ticket},
            "user": {"id": entry.agent, "name": "Anna Huber"},
            "activity": {"id": 9, "name": "Development"},
            "hours": hours,
            "comments": entry.text,
            "spent_on": entry.worked.date().isoformat(),
            "created_on": entry.changed.strftime(ISO),
            "updated_on": entry.changed.strftime(ISO),
            **entry.raw,
        }

    def _entry(self, request, world, key):
        entry = world.entries.get(int(key))
        return Reply({"time_entry": self.entry(entry)}) if entry else Reply("", 404)

    def _user(self, request, world, key):
        return Reply({"user": {"id": int(key), "login": f"user{key}"}})

    def _users(self, request, world):
        def user(item):
            first, _space, last = item[1].partition(" ")
            return {"id": item[0], "firstname": first, "lastname": last}

        return self._page(request, "users", list(world.agents.items()), user)

    def _projects(self, request, world):
        def project(item):
            return {"id": item[0], "name": item[1], "identifier": f"c{item[0]}"}

        projects = list(world.organisations.items())
        return self._page(request, "projects", projects, project)

    def webhook(self):
        body = {"type": "issue.updated", "data": {"issue": {"id": 7}}}
        return {"User-Agent": "Redmine"}, body, "", "7"


SHAPE = Redmine()

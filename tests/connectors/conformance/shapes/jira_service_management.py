"""Jira Cloud with Service Management, by its documentation: see ``recordings``."""

import datetime
import re
from base64 import b64encode
from datetime import UTC
from zoneinfo import ZoneInfo

from remote_world import CUSTOMERS
from server import Reply, Shape, cut

#: The zone in the profile of the user: searches and answers are in it.
ZONE = ZoneInfo("Europe/Berlin")
JQL = re.compile(
    r"(?:project in \((?P<keys>[^()]+)\) AND )?"
    r'updated >= "(?P<since>\d{4}-\d\d-\d\d \d\d:\d\d)"'
    r" ORDER BY updated ASC, key ASC"
)
MILLISECOND = datetime.timedelta(milliseconds=1)
EPOCH = datetime.datetime.fromtimestamp(0, UTC)


def written(time):
    """Return a time as Jira writes it: an offset without colon."""
    return time.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S.000%z")


def document(text):
    line = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [line]}


def user(number):
    return {"accountId": f"5b10:{number}", "displayName": "Anna Huber", "active": True}


class Jira(Shape):
    code = "jira_service_management"
    document = "jira_service_management"
    login = "anna@msp.example"
    settings = {"time_zone": "Europe/Berlin"}
    ticket_list = "/search/jql"
    kinds_of_write_back = ("note", "field", "tag")
    #: Whether worklogs of the last minute are left out of the list, as they are.
    hides_last_minute = False
    most_worklogs = 1000

    def allowed(self, request):
        pair = b64encode(f"{self.login}:{self.secret}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    def refusal(self, request):
        """Answer a search with nothing, as to someone who is not logged in."""
        headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        if request.path.endswith(self.ticket_list):
            return Reply({"issues": [], "isLast": True}, headers=headers)
        return Reply("Client must be authenticated", 401, headers)

    def _changelog(self, request, world, key):
        rows = world.histories.get(int(key), [])
        start, size = request.number("startAt", 0), request.number("maxResults", 50)
        size = min(size, 100)
        values = rows[start : start + size]
        return Reply(
            {
                "startAt": start,
                "maxResults": size,
                "total": len(rows),
                "isLast": start + size >= len(rows),
                "values": values,
            }
        )

    def answer(self, request, world):
        for method, pattern, act in (
            ("GET", r"api/3/myself", lambda *_args: Reply(user(5))),
            ("POST", r"api/3/search/jql", self._search),
            ("POST", r"api/3/issue/bulkfetch", self._issues),
            ("PUT", r"api/3/issue/(\d+)", self._update),
            ("GET", r"api/3/issue/(\d+)/changelog", self._changelog),
            ("GET", r"api/3/worklog/updated", self._changed_worklogs),
            ("GET", r"api/3/worklog/deleted", self._deleted_worklogs),
            ("POST", r"api/3/worklog/list", self._worklogs),
            ("GET", r"servicedeskapi/organization", self._organizations),
            ("GET", r"api/3/project/search", self._projects),
            ("POST", r"servicedeskapi/request/(\d+)/comment", self._comment),
        ):
            found = re.fullmatch(f"/rest/{pattern}", request.path)
            if found and method == request.method:
                return act(request, world, *found.groups())
        return Reply({"errorMessages": ["Not found."], "errors": {}}, 404)

    def _organizations(self, request, world):
        start, size = request.number("start", 0), request.number("limit", 50)
        names = world.organisations.items()
        rows = [{"id": str(key), "name": name} for key, name in names]
        last = start + size >= len(rows)
        return Reply({"values": cut(rows, start, size), "isLastPage": last})

    def _projects(self, request, world):
        start, size = request.number("startAt", 0), request.number("maxResults", 50)
        rows = [{"id": "10001", "key": "SUP", "name": "Help"}]
        return Reply({"values": cut(rows, start, size), "total": len(rows)})

    def _search(self, request, world):
        found = JQL.fullmatch(request.body["jql"])
        if not found:
            return Reply({"errorMessages": ["Error in the JQL Query"]}, 400)
        since = datetime.datetime.fromisoformat(found["since"])
        # Of an hour that comes twice the later one is understood.
        issues = world.changed_since(since.replace(tzinfo=ZONE, fold=1))
        if found["keys"]:
            keys = re.findall(r'"(\w+)"', found["keys"])
            issues = [t for t in issues if self.project(t)["key"] in keys]
        start = int(request.body.get("nextPageToken", "page-0").removeprefix("page-"))
        # With many fields pages are shorter than asked for.
        size = min(request.body.get("maxResults", 50), 100)
        rows = [self.issue(t, request.body) for t in cut(issues, start, size)]
        body = {"issues": rows, "isLast": start + size >= len(issues)}
        if not body["isLast"]:
            body["nextPageToken"] = f"page-{start + size}"
        return Reply(body)

    def project(self, ticket):
        return {"id": "10001", "key": ticket.raw.get("project", "SUP"), "name": "Help"}

    def issue(self, ticket, asked):
        changed = written(ticket.changed)
        key, name = ("done", "Resolved") if ticket.closed else ("new", "Open")
        fields = {
            "summary": ticket.title,
            "description": document("Bitte um Hilfe"),
            "issuetype": {"id": "10010", "name": "[System] Incident"},
            "project": self.project(ticket),
            "status": {"name": name, "statusCategory": {"id": 3, "key": key}},
            "resolutiondate": changed if ticket.closed else None,
            "created": "2026-01-02T08:00:00.000+0100",
            "updated": changed,
            "reporter": {"accountId": "qm:ab1", "displayName": "Emil Muster"},
            "assignee": user(5),
            "customfield_10002": [self.organization(ticket.customer)],
        }
        # Without a word of fields nothing but the id comes.
        wanted = fields if "*all" in asked.get("fields", ()) else {}
        key = f"{fields['project']['key']}-{ticket.id}"
        return {"id": str(ticket.id), "key": key, "fields": wanted}

    def organization(self, key):
        return {"id": str(key), "name": CUSTOMERS[key], "_links": {}}

    def _issues(self, request, world):
        ids = request.body["issueIdsOrKeys"]
        if len(ids) > 100:
            return Reply({"errorMessages": ["Too many issues"]}, 400)
        found = [world.tickets[int(key)] for key in ids if int(key) in world.tickets]
        rows = [self.issue(ticket, request.body) for ticket in found]
        return Reply({"issues": rows, "issueErrors": []})

    def _changed_worklogs(self, request, world):
        until = world.now - datetime.timedelta(
            minutes=1 if self.hides_last_minute else 0
        )
        changes = [(e.changed, e) for e in world.entries.values() if e.changed <= until]
        return self._feed(request, changes)

    def _deleted_worklogs(self, request, world):
        return self._feed(request, world.deleted)

    def _feed(self, request, changes):
        """Answer with what changed after a time; the address of the next page is
        there even on the last, and on the host of the site."""
        since = request.number("since", 0)
        rows = [
            {"worklogId": entry.id, "updatedTime": (time - EPOCH) // MILLISECOND}
            for time, entry in changes
        ]
        rows = sorted(
            (row for row in rows if row["updatedTime"] > since),
            key=lambda row: (row["updatedTime"], row["worklogId"]),
        )
        page = rows[: self.most_worklogs]
        until = page[-1]["updatedTime"] if page else since
        address = f"https://site.example/worklog/updated?since={until}"
        last = len(page) == len(rows)
        return Reply(
            {
                "values": page,
                "since": since,
                "until": until,
                "nextPage": address,
                "lastPage": last,
            }
        )

    def _worklogs(self, request, world):
        ids = request.body["ids"]
        if len(ids) > 1000:
            return Reply({"errorMessages": ["Too many ids"]}, 400)
        found = [world.entries[key] for key in ids if key in world.entries]
        return Reply([self.worklog(entry) for entry in found])

    def worklog(self, entry):
        seconds = entry.minutes * 60 if entry.amount is None else entry.amount
        return {
            "id": str(entry.id),
            "issueId": str(entry.ticket),
            "author": user(entry.agent),
            "comment": document(entry.text),
            "created": written(entry.changed),
            "updated": written(entry.changed),
            "started": written(entry.worked),
            # Days and weeks as long as the site says.
            "timeSpent": "1d",
            "timeSpentSeconds": seconds,
        }

    def _comment(self, request, world, key):
        assert request.body["public"] is False
        world.written.append(("note", int(key), request.body["body"]))
        return Reply({"id": "1", "public": False}, 201)

    def _update(self, request, world, key):
        for value in request.body.get("fields", {}).values():
            world.written.append(("field", int(key), value))
        for change in request.body.get("update", {}).get("labels", []):
            world.written.append(("tag", int(key), change["add"]))
        return Reply("", 204)

    def webhook(self):
        body = {"webhookEvent": "worklog_updated", "worklog": {"issueId": "10234"}}
        headers = {"X-Atlassian-Webhook-Identifier": "w-1", "X-Hub-Signature": "x"}
        return headers, body, "w-1", "10234"


SHAPE = Jira()

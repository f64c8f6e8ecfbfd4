"""ServiceNow's Table API, by its documentation: see ``recordings/servicenow``."""

import datetime
import functools
import re
from base64 import b64encode
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from remote_world import CUSTOMERS
from server import Reply, Shape, cut

PATTERN = "%Y-%m-%d %H:%M:%S"
#: Searches are understood in the zone of the user.
ZONE = ZoneInfo("Europe/Berlin")
SINCE = re.compile(r"(sys_updated_on|sys_created_on)>=(.+)")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@functools.cache
def utc(time):
    return time.astimezone(datetime.UTC).strftime(PATTERN)


def reference(value, shown):
    return {"value": str(value), "display_value": shown}


class ServiceNow(Shape):
    code = "servicenow"
    settings = {"time_zone": "Europe/Berlin"}
    ticket_list = "/table/incident"
    kinds_of_write_back = ("note", "field")
    touching = False

    def allowed(self, request):
        pair = b64encode(f"{self.login}:{self.secret}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    def refusal(self, request):
        error = {"message": "User Not Authenticated", "detail": "Required to provide"}
        return Reply({"error": error, "status": "failure"}, 401)

    def answer(self, request, world):
        for method, pattern, act in (
            ("GET", r"(\w+)", self._rows),
            ("PATCH", r"incident/(\w+)", self._update),
        ):
            found = re.fullmatch(f"/api/now/table/{pattern}", request.path)
            if found and method == request.method:
                return act(request, world, *found.groups())
        error = {"message": "No Record found", "detail": "Record doesn't exist"}
        return Reply({"error": error, "status": "failure"}, 404)

    # Lists

    def _rows(self, request, world, table):
        tables = {
            "incident": self._incidents,
            "sys_user": lambda world: [],
            "sys_audit_delete": self._deleted,
            "sys_journal_field": self._notes,
            "core_company": self._companies,
            "sys_user_grmember": self._members,
            **self.time_tables(),
        }
        if table not in tables:
            error = {"message": f"Invalid table {table}", "detail": None}
            return Reply({"error": error, "status": "failure"}, 400)
        rows = self._matching(tables[table](world), request)
        return self._page(request, rows, world)

    def time_tables(self):
        """Return the tables with times: those of others cannot be seen."""
        return {"task_time_worked": self._worked, "time_card": lambda world: []}

    def _matching(self, rows, request):
        parts = request.query.get("sysparm_query", "").split("^")
        for part in parts:
            since = SINCE.fullmatch(part)
            if since:
                local = datetime.datetime.strptime(since[2], PATTERN)
                start = utc(local.replace(tzinfo=ZONE, fold=1))
                rows = [r for r in rows if r[since[1]]["value"] >= start]
            elif part.startswith("ORDERBY"):
                continue
            elif "IN" in part and "=" not in part:
                name, _in, values = part.partition("IN")
                rows = [r for r in rows if r[name]["value"] in values.split(",")]
            elif "=" in part:
                name, _equals, value = part.partition("=")
                rows = [r for r in rows if r[name]["value"] == value]
        # Order by several columns: the last one first, since sorting is stable.
        for part in reversed([p for p in parts if p.startswith("ORDERBY")]):
            name = part.removeprefix("ORDERBY")
            rows = sorted(rows, key=lambda row: row[name]["value"])
        return rows

    def _rendered(self, row, world):
        return self.incident(row["ticket"], world) if "ticket" in row else row

    def _page(self, request, rows, world):
        offset = request.number("sysparm_offset", 0)
        limit = request.number("sysparm_limit", 10_000)
        names = request.query["sysparm_fields"].split(",")
        shown = request.query.get("sysparm_display_value") == "all"
        result = [
            {
                name: field if shown else field["value"]
                for name, field in self._rendered(row, world).items()
                if name in names
            }
            for row in cut(rows, offset, limit)
            if "hidden" not in row
        ]
        headers = {"X-Total-Count": str(len(rows))}
        if offset + limit < len(rows):
            query = urlencode({**request.query, "sysparm_offset": offset + limit})
            address = f"{request.url.split('?')[0]}?{query}"
            headers["Link"] = f'<{address}>;rel="next"'
        return Reply({"result": result}, headers=headers)

    # Tickets

    def _incidents(self, world):
        """Return what is searched by; only what is on the page is rendered."""
        rows = []
        for ticket in world.tickets.values():
            changed = {"value": utc(ticket.changed)}
            if ticket.id % 10 == 1:
                # Before it there is one of another company, which nobody may see.
                other = {"value": f"0{ticket.id}"}
                row = {"sys_updated_on": changed, "sys_id": other, "hidden": True}
                rows.append(row)
            shown = {"value": str(ticket.id)}
            rows.append({"sys_updated_on": changed, "sys_id": shown, "ticket": ticket})
        return rows

    def incident(self, ticket, world):
        changed = utc(ticket.changed)
        values = {
            "sys_id": str(ticket.id),
            "number": f"INC00{ticket.id:05d}",
            "short_description": ticket.title,
            "description": "",
            "state": "7" if ticket.closed else "2",
            "active": "false" if ticket.closed else "true",
            "opened_at": "2026-01-02 08:00:00",
            "closed_at": changed if ticket.closed else "",
            "sys_created_on": "2026-01-02 08:00:00",
            "sys_updated_on": changed,
            "caller_id.email": "Emil@muster.example",
            "assigned_to.email": "anna@msp.example",
            "time_worked": self.total(world, ticket),
            **ticket.raw,
        }
        fields = {name: reference(v, v) for name, v in values.items()}
        return {
            **fields,
            "company": reference(ticket.customer, CUSTOMERS[ticket.customer]),
            "caller_id": reference(8, "Emil Muster"),
            "assigned_to": reference(5, "Anna Huber"),
            "assignment_group": reference(2, "Service Desk"),
        }

    def total(self, world, ticket):
        return ""

    # Times

    def _worked(self, world):
        return [self.worked(entry) for entry in world.entries.values()]

    def worked(self, entry):
        amount = entry.minutes * 60 if entry.amount is None else entry.amount
        values = {
            "sys_id": str(entry.id),
            "time_in_seconds": str(amount),
            "comments": entry.text,
            "work_date": entry.worked.date().isoformat(),
            "sys_created_on": utc(entry.worked),
            "sys_updated_on": utc(entry.changed),
            **entry.raw,
        }
        fields = {name: reference(v, v) for name, v in values.items()}
        return {**fields, **self._task_and_user(entry)}

    def _task_and_user(self, entry):
        return {
            "task": reference(entry.ticket, f"INC00{entry.ticket:05d}"),
            "user": reference(entry.agent, "Anna Huber"),
        }

    def _deleted(self, world):
        table = "task_time_worked" if "worked" in self.time_source else "time_card"
        return [
            {
                "tablename": {"value": table},
                "documentkey": reference(entry.id, str(entry.id)),
                "sys_created_on": {"value": utc(time)},
            }
            for time, entry in world.deleted
        ]

    @property
    def time_source(self):
        return self.settings.get("time_source", "worked")

    # People

    def _companies(self, world):
        return [
            {"sys_id": reference(key, str(key)), "name": reference(name, name)}
            for key, name in world.organisations.items()
        ]

    def _members(self, world):
        """Return a row for each group somebody is in."""
        return [
            {
                "sys_id": reference(f"{group}{key}", ""),
                "user": reference(key, name),
                "user.name": reference(name, name),
            }
            for group in ("a", "b")
            for key, name in world.agents.items()
        ]

    # Writing

    def _update(self, request, world, key):
        for name, value in request.body.items():
            kind = "note" if name == "work_notes" else "field"
            world.written.append((kind, int(key), value))
        return Reply({"result": {"sys_id": key, "work_notes": ""}})

    def _notes(self, world):
        return [
            {
                "element_id": {"value": str(key)},
                "element": {"value": "work_notes"},
                "value": {"value": text},
            }
            for kind, key, text in world.written
            if kind == "note"
        ]


class TimeCards(ServiceNow):
    """Times are in weekly cards; the log-in is by OAuth."""

    variant = True
    login, token = "client-id", "t0ken"
    settings = {
        "time_zone": "Europe/Berlin",
        "time_source": "cards",
        "log_in": "oauth",
    }

    def allowed(self, request):
        if request.path == "/oauth_token.do":
            form = {"grant_type": "client_credentials", "client_id": self.login}
            return request.body == {**form, "client_secret": self.secret}
        return request.headers.get("authorization") == f"Bearer {self.token}"

    def answer(self, request, world):
        if request.path == "/oauth_token.do":
            return Reply({"access_token": self.token, "expires_in": 1799})
        return super().answer(request, world)

    def time_tables(self):
        return {"time_card": self._cards}

    def _cards(self, world):
        return [self.card(entry) for entry in world.entries.values()]

    def card(self, entry):
        """Return a card with work on one day, of a week that begins on Sunday."""
        amount = f"{entry.minutes / 60:.2f}" if entry.amount is None else entry.amount
        day = entry.worked.date()
        first = day - datetime.timedelta(days=(day.weekday() + 1) % 7)
        values = {
            "sys_id": str(entry.id),
            "week_starts_on": first.isoformat(),
            "state": "Approved",
            "sys_updated_on": utc(entry.changed),
            **dict.fromkeys(DAYS, "0"),
            DAYS[day.weekday()]: str(amount),
            **entry.raw,
        }
        fields = {name: reference(v, v) for name, v in values.items()}
        return {**fields, **self._task_and_user(entry)}


class TotalTime(ServiceNow):
    """Only the total of an incident's time can be read."""

    counts_only = touching = variant = True
    settings = {"time_zone": "Europe/Berlin", "time_source": "total"}

    def time_tables(self):
        return {}

    def total(self, world, ticket):
        entries = world.entries_of(ticket.id)
        amounts = [e.minutes if e.amount is None else e.amount for e in entries]
        if entries and isinstance(amounts[-1], str):
            return amounts[-1]
        seconds = round(sum(a for a in amounts if not isinstance(a, str)) * 60)
        start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        return utc(start + datetime.timedelta(seconds=seconds)) if entries else ""


SHAPES = {
    "servicenow": ServiceNow(),
    "servicenow_time_cards": TimeCards(),
    "servicenow_total": TotalTime(),
}

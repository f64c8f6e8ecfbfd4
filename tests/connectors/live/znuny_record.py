"""Record a Znuny web service's answers, one JSON file per exchange.

    python znuny_record.py --out FOLDER [--url URL] [--user USER] [--write]

The password is read from ZNUNY_PASSWORD (default: that of the seed), URL and user
also from ZNUNY_URL and ZNUNY_USER. Everything is read-only unless ``--write`` is
given: that adds a note to a ticket, so seed again afterwards.

A file holds ``name``, ``method``, ``path`` (below the web service, with its query),
``request_body``, ``status``, ``response_headers``, ``response_body`` and sometimes a
``note``. Passwords and session ids are masked.
"""

import argparse
import json
import os
import pathlib
from urllib.parse import quote_plus

import requests

DEFAULT_URL = (
    "http://127.0.0.1:8181/otrs/nph-genericinterface.pl"
    "/Webservice/GenericTicketConnectorREST"
)
STORY_START = "2026-10-01 00:00:00"
STORY_END = "2026-11-30 23:59:59"
EVERYTHING = {"AllArticles": 1, "DynamicFields": 1, "Extended": 1}
KEPT_HEADERS = ("Content-Type", "Content-Length", "Connection")
AGENTS = ("agent.anna", "agent.bert", "agent.cora", "api.billing")
UNKNOWN_TICKET = 999999


class Recorder:
    """Calls one web service and writes each exchange to ``out``."""

    def __init__(self, url, user, password, out):
        self.url = url.rstrip("/")
        self.user = user
        self.password = password
        self.out = pathlib.Path(out)
        self.session_id = None
        self.count = 0

    def call(self, name, method, path, params=None, body=None, note=None, auth=True):
        """Make one call, write it, return the decoded answer (JSON or text).

        ``body`` is a dict (sent as JSON) or a string (sent as it is).
        With ``auth`` the session id goes where the method expects it.
        """
        params = dict(params or {})
        if auth and isinstance(body, dict):
            body = {"SessionID": self.session_id, **body}
        elif auth:
            params = {"SessionID": self.session_id, **params}
        request = requests.Request(
            method,
            self.url + path,
            params=params,
            data=json.dumps(body) if isinstance(body, dict) else body,
            headers={"Content-Type": "application/json"} if body else {},
        ).prepare()
        with requests.Session() as http:
            response = http.send(request, timeout=60)
        answer = self._decode(response)
        self._write(name, request, body, response, answer, note)
        return answer

    @staticmethod
    def _decode(response):
        if "json" in response.headers.get("Content-Type", ""):
            return response.json()
        return response.text

    def _write(self, name, request, body, response, answer, note):
        self.count += 1
        exchange = {
            "name": name,
            "method": request.method,
            "path": request.url.removeprefix(self.url),
            "request_body": body,
            "status": response.status_code,
            "response_headers": {
                key: response.headers[key]
                for key in KEPT_HEADERS
                if key in response.headers
            },
            "response_body": answer,
        }
        if note:
            exchange["note"] = note
        text = json.dumps(exchange, indent=2, ensure_ascii=False) + "\n"
        for secret in (self.password, quote_plus(self.password)):
            text = text.replace(secret, "<password>")
        session_id = self.session_id or (
            isinstance(answer, dict) and answer.get("SessionID")
        )
        if session_id:
            text = text.replace(session_id, "<session>")
        path = self.out / f"{self.count:03}-{name}.json"
        path.write_text(text, encoding="utf-8")


def record_session(rec):
    """Sign in; afterwards ``rec.session_id`` is set."""
    credentials = {"UserLogin": rec.user, "Password": rec.password}
    answer = rec.call(
        "session-create", "POST", "/Session", body=credentials, auth=False
    )
    rec.session_id = answer["SessionID"]
    wrong = {**credentials, "Password": "wrong"}
    rec.call(
        "session-create-wrong-password", "POST", "/Session", body=wrong, auth=False
    )
    rec.call("session-get", "GET", f"/Session/{rec.session_id}", auth=False)


def record_tickets(rec, batch=10):
    """Record all tickets in batches and singly; return ``{ticket id: Changed}``."""
    query = {
        "TicketLastChangeTimeNewerDate": STORY_START,
        "SortBy": "Changed",
        "OrderBy": "Up",
        "Limit": 500,
    }
    ids = rec.call("search-all", "GET", "/Ticket", query)["TicketID"]
    changed = {}
    for start in range(0, len(ids), batch):
        params = {"TicketID": ",".join(ids[start : start + batch]), **EVERYTHING}
        name = f"ticket-list-batch-{start // batch + 1}"
        for ticket in rec.call(name, "GET", "/TicketList", params)["Ticket"]:
            changed[str(ticket["TicketID"])] = ticket["Changed"]
    for ticket_id in ids:
        rec.call(
            f"ticket-get-{ticket_id}", "GET", f"/Ticket/{ticket_id}", dict(EVERYTHING)
        )
    return changed


def record_paging(rec, parameter, changed, limit=5):
    """Page through all tickets: the next page starts at the last one's Changed."""
    seen, start, page = set(), STORY_START, 0
    while True:
        page += 1
        query = {
            parameter: start,
            "SortBy": "Changed",
            "OrderBy": "Up",
            "Limit": limit,
        }
        name = f"search-{parameter}-page-{page}"
        ids = rec.call(name, "GET", "/Ticket", query).get("TicketID", [])
        if len(ids) < limit:
            break
        if seen.issuperset(ids):
            raise RuntimeError(f"{limit} tickets share one Changed second: {ids}")
        seen.update(ids)
        start = changed[ids[-1]]
    missing = set(changed) - seen - set(ids)
    print(f"{parameter}: {page} pages, never seen: {sorted(missing, key=int)}")


def record_searches(rec):
    """Edge cases of the changed-since search."""
    order = {"SortBy": "Changed", "OrderBy": "Up", "Limit": 500}
    for parameter in ("TicketLastChangeTime", "TicketChangeTime"):
        window = {
            f"{parameter}NewerDate": "2026-10-12 00:00:00",
            f"{parameter}OlderDate": "2026-10-13 10:00:00",
        }
        rec.call(f"search-{parameter}-window", "GET", "/Ticket", {**window, **order})
    newer = "TicketLastChangeTimeNewerDate"
    for name, value in (
        ("nothing-found", "2026-11-21 00:00:00"),
        ("future-date", "2036-01-01 00:00:00"),
        ("bad-date", "not a date"),
    ):
        rec.call(f"search-{name}", "GET", "/Ticket", {newer: value, **order})
    tie = {newer: "2026-10-13 07:30:00", **order}
    rec.call("search-inclusive", "GET", "/Ticket", {**tie, "Limit": 2})
    login = {"UserLogin": rec.user, "Password": rec.password, "Limit": 1}
    rec.call("search-login-in-query", "GET", "/Ticket", login, auth=False)
    for company in ("WEBER", "OSTWIND"):
        query = {"CustomerID": company, **order}
        rec.call(f"search-customer-{company}", "GET", "/Ticket", query)


def record_history(rec, ids):
    """History of each ticket, then of several in one call."""
    for ticket_id in ids:
        rec.call(f"ticket-history-{ticket_id}", "GET", f"/TicketHistory/{ticket_id}")
    several = ",".join(ids[:3])
    rec.call("ticket-history-several", "GET", f"/TicketHistory/{several}")
    rec.call(
        "ticket-history-several-in-query",
        "GET",
        f"/TicketHistory/{ids[0]}",
        {"TicketID": several},
    )
    rec.call(
        "ticket-history-one-unknown",
        "GET",
        f"/TicketHistory/{several},{UNKNOWN_TICKET}",
    )


def record_time_accounting(rec):
    """Accounted time of each agent, and of one who does not exist."""
    period = {"TimeAccountingStart": STORY_START, "TimeAccountingEnd": STORY_END}
    for agent in (*AGENTS, "agent.nobody"):
        params = {"TimeAccountingUserLogin": agent, **period}
        rec.call(f"time-accounting-{agent}", "GET", "/TimeAccounting", params)
    rec.call("time-accounting-missing-user", "GET", "/TimeAccounting", period)


def record_errors(rec, ids):
    """What a client must survive; nothing here changes a ticket."""
    first = ids[0]
    rec.call("ticket-get-unknown", "GET", f"/Ticket/{UNKNOWN_TICKET}")
    rec.call(
        "ticket-get-no-permission",
        "GET",
        "/Ticket/1",
        note="ticket 1 exists, in a queue the user may not read",
    )
    rec.call("ticket-get-bad-id", "GET", "/Ticket/abc")
    params = {"TicketID": f"{first},{UNKNOWN_TICKET}", **EVERYTHING}
    rec.call("ticket-list-one-unknown", "GET", "/TicketList", params)
    rec.call("ticket-get-no-auth", "GET", f"/Ticket/{first}", auth=False)
    expired = {"SessionID": "nonsense"}
    rec.call(
        "ticket-get-expired-session", "GET", f"/Ticket/{first}", expired, auth=False
    )
    rec.call("search-expired-session", "GET", "/Ticket", expired, auth=False)
    rec.call(
        "history-expired-session", "GET", f"/TicketHistory/{first}", expired, auth=False
    )
    rec.call("session-get-expired", "GET", "/Session/nonsense", auth=False)
    rec.call("unknown-route", "GET", "/NoSuchThing")
    rec.call("wrong-method", "DELETE", f"/Ticket/{first}")
    rec.call("bad-json", "POST", "/Session", body='{"UserLogin": ', auth=False)
    path = f"/Ticket/{first}"
    bad_state = {"Ticket": {"State": "no such state"}}
    rec.call("ticket-update-bad-state", "PATCH", path, body=bad_state)
    bad_time = {"Article": {**note_article(), "TimeUnit": "-5"}}
    rec.call("ticket-update-bad-time", "PATCH", path, body=bad_time)


def note_article():
    """An internal note as a write-back would send it."""
    return {
        "CommunicationChannel": "Internal",
        "SenderType": "agent",
        "IsVisibleForCustomer": 0,
        "Subject": "Abgerechnet",
        "Body": "Rechnung RE/2026/0001",
        "ContentType": "text/plain; charset=utf8",
    }


def record_write_back(rec, ids):
    """Add a note to a ticket and read it back."""
    path = f"/Ticket/{ids[0]}"
    rec.call("ticket-update-note", "PATCH", path, body={"Article": note_article()})
    rec.call("ticket-get-after-update", "GET", path, dict(EVERYTHING))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--url", default=os.environ.get("ZNUNY_URL", DEFAULT_URL))
    parser.add_argument("--user", default=os.environ.get("ZNUNY_USER", "api.billing"))
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    password = os.environ.get("ZNUNY_PASSWORD", "nordlicht-demo")
    rec = Recorder(args.url, args.user, password, args.out)
    rec.out.mkdir(parents=True, exist_ok=True)

    record_session(rec)
    changed = record_tickets(rec)
    ids = list(changed)
    record_paging(rec, "TicketLastChangeTimeNewerDate", changed)
    record_paging(rec, "TicketChangeTimeNewerDate", changed)
    record_searches(rec)
    record_history(rec, ids)
    record_time_accounting(rec)
    record_errors(rec, ids)
    if args.write:
        record_write_back(rec, ids)
    print(f"{rec.count} exchanges in {rec.out}")


if __name__ == "__main__":
    main()

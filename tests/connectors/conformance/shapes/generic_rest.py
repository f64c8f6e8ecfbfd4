"""A REST interface of nobody in particular, read by settings alone."""

import datetime
import re
from datetime import UTC

from server import Reply, Shape, cut

ISO = "%Y-%m-%dT%H:%M:%SZ"


class GenericRest(Shape):
    code = "generic_rest"
    ticket_list = "/v2/cases/changed"
    settings = {
        "log_in": "header",
        "auth_header": "X-Token",
        "list_path": "/v2/cases/changed",
        "list_query": "order=modified",
        "list_rows": "result.items",
        "since_parameter": "modified_after",
        "paging": "offset",
        "page_parameter": "skip",
        "size_parameter": "take",
        "ticket_path": "/v2/cases/{id}",
        "ticket_rows": "result",
        "ticket_page": "/case/{id}",
        "field_remote_id": "caseId",
        "field_number": "caseNo",
        "field_title": "subject",
        "field_state": "phase.code",
        "closed_states": "done, rejected",
        "field_created": "opened",
        "field_changed": "modified",
        "field_closed_at": "modified",
        "field_customer_key": "account.id",
        "field_customer_name": "account.name",
        "field_agent_key": "owner",
        "time_path": "/v2/cases/{id}/efforts",
        "time_rows": "result",
        "entry_remote_id": "effortId",
        "entry_amount": "spent",
        "time_unit": "minutes",
        "entry_start": "begin",
        "entry_booked_at": "",
        "entry_agent_key": "person",
        "entry_text": "remark",
        "note_path": "/v2/cases/{id}/remarks",
        "note_field": "remark",
    }

    def allowed(self, request):
        return request.headers.get("x-token") == self.secret

    def answer(self, request, world):
        for method, pattern, act in (
            ("GET", r"/v2/cases/changed", self._cases),
            ("GET", r"/v2/cases/(\d+)", self._case),
            ("GET", r"/v2/cases/(\d+)/efforts", self._efforts),
            ("POST", r"/v2/cases/(\d+)/remarks", self._remark),
        ):
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return act(request, world, *found.groups())
        return Reply({"message": "Not found"}, 404)

    def _cases(self, request, world):
        since = datetime.datetime.min.replace(tzinfo=UTC)
        if "modified_after" in request.query:
            since = datetime.datetime.fromisoformat(request.query["modified_after"])
        tickets = world.changed_since(since, inclusive=False)
        if request.query.get("order") != "modified":
            tickets.reverse()
        take = min(request.number("take", 20), 100)
        page = cut(tickets, request.number("skip", 0), take)
        return Reply({"result": {"items": [self.case(ticket) for ticket in page]}})

    def case(self, ticket):
        return {
            "caseId": ticket.id,
            "caseNo": f"C-{ticket.id}",
            "subject": ticket.title,
            "phase": {"code": "Done" if ticket.closed else "open"},
            "opened": "2026-01-02T08:00:00Z",
            "modified": ticket.changed.strftime(ISO),
            "account": {"id": "A-1", "name": "Acme"},
            "owner": 5,
            **ticket.raw,
        }

    def _case(self, request, world, key):
        ticket = world.tickets.get(int(key))
        if ticket is None or ticket.deleted:
            return Reply({"message": "Not found"}, 404)
        return Reply({"result": self.case(ticket)})

    def _efforts(self, request, world, key):
        return Reply({"result": [self.effort(e) for e in world.entries_of(int(key))]})

    def effort(self, entry):
        spent = entry.minutes if entry.amount is None else entry.amount
        return {
            "effortId": entry.id,
            "spent": spent,
            "begin": entry.worked.strftime(ISO),
            "person": entry.agent,
            "remark": entry.text,
            **entry.raw,
        }

    def _remark(self, request, world, key):
        world.written.append(("note", int(key), request.body["remark"]))
        return Reply({"result": {}}, 201)


SHAPE = GenericRest()

"""The check of requests finds what is not as documented."""

import openapi
import pytest
from server import Request


def problems(method, path, query=None, body=None, document="jira_service_management"):
    request = Request(method, path, query or {}, body, {})
    return openapi.load(document).problems(request)


GOOD = [
    ("GET", "/rest/api/3/worklog/updated", {"since": "1770076800000"}, None),
    ("POST", "/rest/api/3/worklog/list", None, {"ids": [1, 2]}),
    ("PUT", "/rest/api/3/issue/10234", {"notifyUsers": "false"}, {"fields": {"a": 1}}),
    ("POST", "/rest/servicedeskapi/request/7/comment", None, {"body": "x"}),
]
BAD = [
    ("GET", "/rest/api/3/search", {}, None, "no such operation"),
    ("DELETE", "/rest/api/3/issue/10234", {}, None, "no such operation"),
    ("GET", "/rest/api/3/worklog/updated", {"from": "1"}, None, "from is unknown"),
    ("GET", "/rest/api/3/worklog/updated", {"since": "1.5"}, None, "since: '1.5'"),
    ("PUT", "/rest/api/3/issue/1", {"notifyUsers": "no"}, {}, "notifyUsers: 'no'"),
    ("POST", "/rest/api/3/worklog/list", {}, None, "the body is missing"),
    ("POST", "/rest/api/3/worklog/list", {}, {"ids": ["1"]}, "ids/0 '1' is not"),
    ("POST", "/rest/api/3/worklog/list", {}, {}, "'ids' is a required"),
    ("POST", "/rest/api/3/search/jql", {}, {"jql": "a", "startAt": 1}, "startAt"),
    (
        "PUT",
        "/rest/api/3/issue/1",
        {},
        {"update": {"labels": [{"append": "x"}]}},
        "update/labels/0",
    ),
    ("GET", "/rest/api/3/myself", {}, {"a": 1}, "a body is not expected"),
]


@pytest.mark.parametrize(("method", "path", "query", "body"), GOOD)
def test_documented_requests(method, path, query, body):
    assert problems(method, path, query, body) == []


@pytest.mark.parametrize(("method", "path", "query", "body", "problem"), BAD)
def test_what_is_not_documented_is_found(method, path, query, body, problem):
    (found,) = problems(method, path, query, body)
    assert problem in found and found.startswith(f"{method} {path}: ")


def test_lists_and_required_parameters():
    def tickets(**query):
        return problems("GET", "/api/v2/tickets", query, document="freshdesk")

    assert tickets(include="requester,stats", per_page="100") == []
    assert len(tickets(include="requester,status", per_page="101")) == 2
    action = {
        "parameters": [{"name": "a", "in": "query", "required": True, "schema": {}}]
    }
    document = openapi.Document({"paths": {"/x/{id}": {"get": action}}})
    request = Request("GET", "/x/1", {}, None, {})
    assert document.problems(request) == ["GET /x/1: parameter a is missing"]


def test_literal_paths_go_first():
    document = openapi.Document({"paths": {"/u/{id}": {}, "/u/me": {"get": {}}}})
    assert document.problems(Request("GET", "/u/me", {}, None, {})) == []
    assert document.problems(Request("GET", "/u/1", {}, None, {}))


def test_servers_are_held_against_it(remote, shape):
    """Whatever the system: what a client asked unheard of would show here."""
    assert remote.undocumented == []
    remote.answer("GET", "/none", Request("GET", "/none", {}, None, {}))
    known = len(remote.undocumented)
    assert known == (1 if shape.document else 0)
    remote.undocumented.clear()

"""Jira Cloud with Jira Service Management.

The search takes times to the minute, in the zone of the user's profile. Worklogs come
in a list of their own, by the time of their change, as do deleted ones; the last minute
is left out of it. Texts are documents (see :mod:`.adf`). Users are known by their
account id; their e-mail addresses are mostly hidden.
"""

import re
from dataclasses import dataclass

from ..transport import errors
from ..transport.page_styles import BodyCursor, Offset
from . import units
from .adf import plain_text
from .declaration import (
    Basic,
    Call,
    Choice,
    Declaration,
    Directory,
    Listing,
    People,
    Since,
    Tickets,
    Webhook,
)
from .records import clean
from .settings import Common, setting
from .templates import pick
from .time_formats import EPOCH_MS, LOCAL_MINUTE
from .time_sources import Feed, StatusHistory

FIELDS = ["*all", "-attachment", "-comment", "-issuelinks", "-worklog"]
SEARCH_PAGES = BodyCursor("nextPageToken", "nextPageToken", "maxResults", last="isLast")
# Not by its address of the next page: that names another host than ours when the
# interface is reached through Atlassian's gateway.
WORKLOG_PAGES = BodyCursor("until", "since", last="lastPage")
#: What keys of projects are made of, and nothing that ends a text of a search.
KEYS = re.compile(r"\w+")
REFUSED_LOGINS = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")


@dataclass(frozen=True, slots=True)
class Settings(Common):
    """What differs between two sites; fields are ids of custom fields."""

    time_zone: str = setting(
        "UTC",
        "Time zone of the user",
        "Time zone in the Jira profile of the user: Jira understands times in it.",
    )
    projects: str = setting(
        "",
        "Projects",
        "Keys of the projects whose tickets are billed, by commas. Example: SUP,OPS."
        " Empty: all that the user can see.",
        decides_what_comes=True,
    )
    customer_from: str = setting(
        "organization",
        "Customer",
        "What tells the customer of a ticket. Without an organization it is the"
        " reporter.",
        {
            "organization": "Organization of the ticket",
            "project": "Project of the ticket",
        },
    )
    organization_field: str = setting(
        "customfield_10002",
        "Field with the organizations",
        "Id of the custom field Organizations. Jira's list of custom fields shows it"
        " in the address of the field.",
    )
    purchase_order_field: str = setting(
        "",
        "Field with the purchase order",
        "Id of the custom field with the customer's order number."
        " Example: customfield_10100",
    )

    def project_keys(self) -> list[str]:
        return KEYS.findall(self.projects.upper())

    def placeholders(self):
        """Add what searches begin with."""
        # Not super(): a dataclass with slots is another class than the one it names.
        values = Common.placeholders(self)
        keys = ", ".join(f'"{key}"' for key in self.project_keys())
        return {**values, "only": f"project in ({keys}) AND " if keys else ""}


def own_issues(answer, settings):
    """Return the issues of an answer that belong to the projects of the settings.

    Those that are gone or hidden are missing without a word.
    """
    if pick("issueErrors", answer, settings):
        # Without their tickets, bookings would be left out for good.
        raise errors.Transient("Some tickets cannot be read at the moment.")
    issues = pick("issues", answer, settings)
    keys = settings.project_keys()
    if not keys or not isinstance(issues, list):
        return issues
    return [row for row in issues if pick("fields.project.key", row, settings) in keys]


def field_text(row, name):
    """Return a field as text: options and users by their names, several by commas."""
    value = (row.get("fields") or {}).get(name)
    texts = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            item = item.get("value") or item.get("displayName") or item.get("name")
        texts.append(clean(item))
    return ", ".join(filter(None, texts))


def customer(part):
    """Return a reader of a ``part`` of the first organization, or of the project."""

    def read(row, settings):
        if settings.customer_from == "project":
            return pick(f"fields.project.{part}", row, settings)
        return pick(f"fields.{settings.organization_field}[0].{part}", row, settings)

    return read


def text_of(path):
    """Return a reader of the document at ``path``."""
    return lambda row, settings: plain_text(pick(path, row, settings))


def fault(answer):
    """Recognise a refused log-in, which is treated like no log-in, and name faults."""
    if answer.headers.get("X-Seraph-LoginReason") in REFUSED_LOGINS:
        return errors.AuthError()
    messages = pick("errorMessages || values(errors)", answer.data, None)
    if answer.status == 400 and messages:
        return errors.InvalidRequest(clean(messages[0])[:200])
    return None


SYSTEM = Declaration(
    code="jira_service_management",
    name="Jira Service Management",
    auth=Basic(),
    settings=Settings,
    fault=fault,
    who=Call("/rest/api/3/myself"),
    tickets=Tickets(
        changed=Since(
            Listing(
                "/rest/api/3/search/jql",
                "issues",
                {
                    "jql": '{only}updated >= "{since}" ORDER BY updated ASC, key ASC',
                    "fields": FIELDS,
                },
                method="POST",
                paging=SEARCH_PAGES,
            ),
            changed="fields.updated",
            format=LOCAL_MINUTE,
        ),
        # A search for ids would be refused for a single one that is gone.
        by_ids=Listing(
            "/rest/api/3/issue/bulkfetch",
            own_issues,
            {"issueIdsOrKeys": "{ids}", "fields": FIELDS},
            method="POST",
        ),
        batch=50,
        url="/browse/{number}",
        fields={
            "remote_id": "id",
            "number": "key",
            "title": "fields.summary",
            "description": text_of("fields.description"),
            "state": "fields.status.name",
            "closed": "fields.status.statusCategory.key == 'done'",
            "created": "fields.created",
            "changed": "fields.updated",
            "closed_at": "fields.resolutiondate || fields.statuscategorychangedate",
            "customer_key": customer("id"),
            "customer_name": lambda row, settings: (
                customer("name")(row, settings)
                or pick("fields.reporter.displayName", row, settings)
            ),
            "contact_key": "fields.reporter.accountId",
            "contact_name": "fields.reporter.displayName",
            "contact_email": "fields.reporter.emailAddress",
            "agent_key": "fields.assignee.accountId",
            "queue": "fields.issuetype.name",
            "purchase_order": lambda row, settings: field_text(
                row, settings.purchase_order_field
            ),
        },
    ),
    time=Feed(
        entries=Since(
            Listing(
                "/rest/api/3/worklog/updated",
                "values",
                {"since": "{since}"},
                paging=WORKLOG_PAGES,
            ),
            changed="updatedTime",
            key="worklogId",
            format=EPOCH_MS,
            inclusive=False,
        ),
        details=Listing(
            "/rest/api/3/worklog/list", "@", {"ids": "{ids}"}, method="POST"
        ),
        deleted=Listing(
            "/rest/api/3/worklog/deleted",
            "values",
            {"since": "{since}"},
            paging=WORKLOG_PAGES,
        ),
        deleted_id="worklogId",
        of_read_tickets=True,
        unit=units.seconds,
        fields={
            "remote_id": "id",
            "ticket_remote_id": "issueId",
            "amount": "timeSpentSeconds",
            "booked_at": "created",
            "start": "started",
            "agent_key": "author.accountId",
            "text": text_of("comment"),
        },
    ),
    status=StatusHistory(
        changes=Listing(
            "/rest/api/3/issue/{id}/changelog",
            "values",
            paging=Offset("startAt", "maxResults", total="total"),
        ),
        fields={
            "at": "created",
            "state": "items[?fieldId=='status'] | [-1].toString",
            "agent_key": "author.accountId",
        },
    ),
    people=People(
        in_tickets={
            "key": "fields.assignee.accountId",
            "name": "fields.assignee.displayName",
            "email": "fields.assignee.emailAddress",
        },
        in_entries={
            "key": "author.accountId",
            "name": "author.displayName",
            "email": "author.emailAddress",
        },
    ),
    organisations=Choice(
        "customer_from",
        {
            "organization": Directory(
                Listing(
                    "/rest/servicedeskapi/organization",
                    "values",
                    paging=Offset("start", "limit", 50),
                ),
                {"remote_id": "id", "name": "name"},
            ),
            "project": Directory(
                Listing(
                    "/rest/api/3/project/search",
                    "values",
                    paging=Offset("startAt", "maxResults", 50, total="total"),
                ),
                {"remote_id": "id", "name": "name", "number": "key"},
            ),
        },
    ),
    write_back={
        # A comment of the platform's interface would be shown to the customer.
        "note": Call(
            "/rest/servicedeskapi/request/{id}/comment",
            {"body": "{text}", "public": False},
            method="POST",
        ),
        "field": Call(
            "/rest/api/3/issue/{id}", {"fields": {"{name}": "{text}"}}, method="PUT"
        ),
        "tag": Call(
            "/rest/api/3/issue/{id}",
            {"update": {"labels": [{"add": "{text}"}]}},
            method="PUT",
        ),
    },
    webhook=Webhook(
        "jira_service_management",
        ticket_id="body.issue.id || body.worklog.issueId",
        event_id='headers."x-atlassian-webhook-identifier"',
    ),
)

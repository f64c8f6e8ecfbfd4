from datetime import date
from urllib.parse import urlencode

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import format_date
from odoo.tools.sql import escape_psql

from odoo.addons.portal.controllers.portal import CustomerPortal

# Choices of a list that a page offers at most.
CHOICES = 200


class PortalHoursSearch(CustomerPortal):
    """What the customer looks for, sorts and groups by on the page of hours.

    Whatever an address says is narrowed to what is allowed; nonsense is left out.
    """

    def _hours_get_query(self, **kw) -> dict:
        """Arguments of the address, those that make sense."""
        choices = {
            "sortby": (self._hours_get_searchbar_sortings(), "date"),
            "filterby": (self._hours_get_searchbar_filters(), "all"),
            "groupby": (self._hours_get_searchbar_groupby(), "month"),
            "search_in": (self._hours_get_searchbar_inputs(), "all"),
            "state": (self._hours_get_states(), ""),
        }
        query = {
            name: kw.get(name) if kw.get(name) in known else default
            for name, (known, default) in choices.items()
        }
        query["search"] = (kw.get("search") or "").strip()[:100]
        for name in ("ticket", "project", "allotment"):
            query[name] = self._hours_parse_id(kw.get(name))
        for name in ("date_begin", "date_end", "period"):
            query[name] = self._hours_parse_day(kw.get(name))
        return query

    def _hours_parse_id(self, value) -> int | None:
        """A number of a record that PostgreSQL can compare."""
        text = str(value or "")
        is_id = text.isascii() and text.isdigit() and len(text) < 10
        return int(text) or None if is_id else None

    def _hours_parse_day(self, value) -> date | None:
        try:
            return fields.Date.to_date((value or "")[:10]) or None
        except ValueError:
            return None

    def _hours_get_url_args(self, query: dict) -> dict:
        """The arguments again, without those that say nothing."""
        return {name: str(value) for name, value in query.items() if value}

    # ----------------------------------------------------------------- domains

    def _hours_get_domain(self) -> Domain:
        items = request.env["ticket.billing.item"].sudo()
        return items._get_portal_domain(request.env.user.partner_id)

    def _hours_get_query_domain(self, query: dict) -> Domain:
        """Items that the customer may see and looks for."""
        domain = (
            self._hours_get_domain()
            & self._hours_get_searchbar_filters()[query["filterby"]]["domain"]
            & self._hours_get_days_domain(query["date_begin"], query["date_end"])
            & self._hours_get_states().get(query["state"], ("", Domain.TRUE))[1]
            & self._hours_get_search_domain(query["search_in"], query["search"])
        )
        for name, field in (
            ("ticket", "ticket_id"),
            ("project", "entry_id.project_id"),
            ("allotment", "allotment_id"),
            ("period", "allotment_period"),
        ):
            if query[name]:
                domain &= Domain(field, "=", query[name])
        return domain

    def _hours_get_days_domain(self, first: date | None, last: date | None) -> Domain:
        domain = Domain.TRUE
        if first:
            domain &= Domain("entry_id.date", ">=", first)
        if last:
            domain &= Domain("entry_id.date", "<=", last)
        return domain

    def _hours_get_search_domain(self, search_in: str, search: str) -> Domain:
        if not search:
            return Domain.TRUE
        fields_of = self._hours_get_searchbar_inputs()[search_in]["fields"]
        text = escape_psql(search)
        return Domain.OR(Domain(field, "ilike", text) for field in fields_of)

    def _hours_get_period_domain(self, first, following) -> Domain:
        # By the date of the entry: work past midnight stays one row in one month.
        return Domain("entry_id.date", ">=", first) & Domain(
            "entry_id.date", "<", following
        )

    def _hours_get_states(self) -> dict:
        covered = Domain("state", "=", "covered") | Domain("kind", "=", "flat")
        return {
            "billed": (request.env._("Billed"), ~covered),
            "covered": (request.env._("Covered"), covered),
        }

    # --------------------------------------------------------------- searchbar

    def _hours_get_searchbar_inputs(self) -> dict:
        env = request.env
        texts, tickets = ["entry_id.name"], ["ticket_id.number", "ticket_id.name"]
        labels = {
            "all": (env._("Search in all"), [*texts, *tickets]),
            "text": (env._("Search in texts"), texts),
            "ticket": (env._("Search in tickets"), tickets),
        }
        return {
            name: {"input": name, "label": label, "fields": fields_of}
            for name, (label, fields_of) in labels.items()
        }

    def _hours_get_searchbar_sortings(self) -> dict:
        """``order`` sorts entries in the database, ``key`` rows within a group."""
        return {
            "date": {
                "label": request.env._("Newest"),
                "order": "date desc, id desc",
                "key": None,
            },
            "oldest": {
                "label": request.env._("Oldest"),
                "order": "date, id",
                "key": lambda row: row["date"],
            },
            "ticket": {
                "label": request.env._("Ticket"),
                "order": "ticket_id.id desc, date desc, id desc",
                "key": lambda row: -row["ticket"].id,
            },
        }

    def _hours_get_searchbar_filters(self) -> dict:
        today = fields.Date.context_today(request.env.user)
        month = today.replace(day=1)
        year = month.replace(month=1)
        periods = {
            "month": (request.env._("This month"), month, relativedelta(months=1)),
            "last_month": (
                request.env._("Last month"),
                month - relativedelta(months=1),
                relativedelta(months=1),
            ),
            "year": (request.env._("This year"), year, relativedelta(years=1)),
            "last_year": (
                request.env._("Last year"),
                year - relativedelta(years=1),
                relativedelta(years=1),
            ),
        }
        return {"all": {"label": request.env._("All"), "domain": Domain.TRUE}} | {
            name: {
                "label": label,
                "domain": self._hours_get_period_domain(first, first + length),
            }
            for name, (label, first, length) in periods.items()
        }

    def _hours_get_searchbar_groupby(self) -> dict:
        """``spec`` groups items in the database, ``key`` rows in the same way."""
        return {
            "none": {"label": request.env._("None"), "spec": None, "order": None},
            "month": {
                "label": request.env._("Month"),
                "spec": "entry_id.date:month",
                "order": "date desc",
                "key": lambda row: row["date"].replace(day=1),
                "header": lambda day: {
                    "title": format_date(request.env, day, date_format="LLLL yyyy")
                },
            },
            "ticket": {
                "label": request.env._("Ticket"),
                "spec": "ticket_id",
                "order": "ticket_id.id desc",
                "key": lambda row: row["ticket"],
                "header": lambda ticket: {"ticket": ticket},
            },
            "project": {
                "label": request.env._("Project"),
                "spec": "entry_id.project_id",
                "order": "project_id.id",
                "key": lambda row: row["entry"].project_id,
                "header": lambda project: {"title": project.name},
            },
            "work_type": {
                "label": request.env._("Work"),
                "spec": "entry_id.work_type_id",
                "order": "work_type_id.id",
                "key": lambda row: row["entry"].work_type_id,
                "header": lambda work_type: {
                    "title": work_type.name or request.env._("Other work")
                },
            },
        }

    # ------------------------------------------------------------ further lists

    def _hours_get_projects(self) -> list[tuple[int, str]]:
        """Projects of the work that the customer sees."""
        items = request.env["ticket.billing.item"].sudo()
        groups = items._read_group(
            self._hours_get_domain(), ["entry_id.project_id"], limit=CHOICES
        )
        return sorted(
            ((project.id, project.name) for (project,) in groups),
            key=lambda choice: choice[1],
        )

    def _hours_get_chosen(self, query: dict) -> list[dict]:
        """What links from other pages narrow the list to, and the way back."""
        chosen = [
            (self._hours_get_chosen_ticket(query), {"ticket"}),
            (self._hours_get_chosen_period(query), {"allotment", "period"}),
        ]
        url_args = self._hours_get_url_args(query)
        return [
            {
                "name": name,
                "url": "/my/hours?"
                + urlencode({k: v for k, v in url_args.items() if k not in names}),
            }
            for name, names in chosen
            if name
        ]

    def _hours_get_chosen_ticket(self, query: dict) -> str | None:
        if not query["ticket"]:
            return None
        items = request.env["ticket.billing.item"].sudo()
        domain = self._hours_get_domain() & Domain("ticket_id", "=", query["ticket"])
        ticket = items.search(domain, limit=1).ticket_id
        return ticket and f"{ticket.number} {ticket.name}"

    def _hours_get_chosen_period(self, query: dict) -> str | None:
        if not query["allotment"]:
            return None
        contracts = request.env["ticket.billing.contract"].sudo()
        allotments = request.env["ticket.billing.allotment"].sudo()
        domain = contracts._get_portal_contract_domain(request.env.user.partner_id)
        allotment = allotments.search(
            Domain("contract_id", "any", domain) & Domain("id", "=", query["allotment"])
        )
        if not allotment or not query["period"]:
            return allotment.name
        return f"{allotment.name} {allotment._get_portal_period(query['period'])}"

    def _hours_check_size(self, count: int, limit: int):
        if count > limit:
            raise UserError(
                request.env._(
                    "%(count)s entries are too many for one document: choose a period"
                    " with at most %(limit)s.",
                    count=count,
                    limit=limit,
                )
            )

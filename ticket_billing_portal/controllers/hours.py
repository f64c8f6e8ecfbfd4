from dateutil.relativedelta import relativedelta

from odoo import fields, http
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import format_date
from odoo.tools import groupby as groupbyelem

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from .tools import format_minutes

URL = "/my/hours"


class PortalHours(CustomerPortal):
    """The released time of a customer over all tickets."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "hours_count" in counters:
            # Only decides whether the card is shown.
            values["hours_count"] = (
                request.env["ticket.billing.item"]
                .sudo()
                .search_count(self._hours_get_domain(), limit=1)
            )
        return values

    @http.route([URL, f"{URL}/page/<int:page>"], type="http", auth="user", website=True)
    def portal_my_hours(
        self, page=1, sortby="date", filterby="all", groupby="month", **kw
    ):
        sortings = self._hours_get_searchbar_sortings()
        filters = self._hours_get_searchbar_filters()
        groupings = self._hours_get_searchbar_groupby()
        sortby = sortby if sortby in sortings else "date"
        filterby = filterby if filterby in filters else "all"
        groupby = groupby if groupby in groupings else "month"
        sorting, grouping = sortings[sortby], groupings[groupby]
        domain = self._hours_get_domain() & filters[filterby]["domain"]
        entries, pager = self._hours_get_page(
            domain,
            page,
            ", ".join(filter(None, (grouping["order"], sorting["order"]))),
            {"sortby": sortby, "filterby": filterby, "groupby": groupby},
        )
        values = self._prepare_portal_layout_values()
        values.update(
            {
                "page_name": "hours",
                "default_url": URL,
                "pager": pager,
                "searchbar_sortings": sortings,
                "sortby": sortby,
                "searchbar_filters": filters,
                "filterby": filterby,
                "searchbar_groupby": groupings,
                "groupby": groupby,
                "groups": self._hours_get_groups(domain, entries, sorting, grouping),
                **self._hours_get_totals(domain),
            }
        )
        return request.render("ticket_billing_portal.portal_my_hours", values)

    def _hours_get_domain(self) -> Domain:
        items = request.env["ticket.billing.item"].sudo()
        return items._get_portal_domain(request.env.user.partner_id)

    def _hours_get_page(self, domain, page, order, url_args):
        """One page of entries, and the pager."""
        model = request.env["account.analytic.line"].sudo()
        entry_domain = [("billing_item_ids", "any", domain)]
        pager = portal_pager(
            url=URL,
            url_args=url_args,
            total=model.search_count(entry_domain),
            page=page,
            step=self._items_per_page,
        )
        entries = model.search(
            entry_domain,
            order=order,
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        return entries, pager

    def _hours_get_totals(self, domain) -> dict:
        """Minutes over all pages, and the allotments."""
        items = request.env["ticket.billing.item"].sudo()
        allotments = request.env["ticket.billing.allotment"].sudo()
        current = allotments.search(
            allotments._get_portal_allotment_domain(request.env.user.partner_id)
        )
        return {
            "totals": items._get_portal_figures(domain).get(None),
            "balances": current._get_portal_balances(),
            "format_minutes": format_minutes,
        }

    def _hours_get_groups(self, domain, entries, sorting, grouping) -> list[dict]:
        """Rows of a page in groups, each with the totals of all pages."""
        rows = entries._get_portal_rows(domain)
        if not grouping["spec"]:
            return [{"rows": rows}] if rows else []
        items = request.env["ticket.billing.item"].sudo()
        figures = items._get_portal_figures(domain, grouping["spec"])
        return [
            {
                "rows": sorted(group, key=sorting["key"]) if sorting["key"] else group,
                "totals": figures[key],
                **grouping["header"](key),
            }
            for key, group in groupbyelem(rows, key=grouping["key"])
        ]

    # --------------------------------------------------------------- searchbar

    def _hours_get_searchbar_sortings(self) -> dict:
        """``order`` sorts entries in the database, ``key`` rows within a group."""
        return {
            "date": {
                "label": request.env._("Newest"),
                "order": "date desc, id desc",
                "key": None,
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
        next_month = month + relativedelta(months=1)
        last_month = month - relativedelta(months=1)
        return {
            "all": {"label": request.env._("All"), "domain": Domain.TRUE},
            "month": {
                "label": request.env._("This month"),
                "domain": self._hours_get_period_domain(month, next_month),
            },
            "last_month": {
                "label": request.env._("Last month"),
                "domain": self._hours_get_period_domain(last_month, month),
            },
            "year": {
                "label": request.env._("This year"),
                "domain": self._hours_get_period_domain(
                    year, year + relativedelta(years=1)
                ),
            },
        }

    def _hours_get_period_domain(self, first, following) -> Domain:
        # By the date of the entry: work past midnight stays one row in one month.
        return Domain("entry_id.date", ">=", first) & Domain(
            "entry_id.date", "<", following
        )

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
                    "month": format_date(request.env, day, date_format="LLLL yyyy")
                },
            },
            "ticket": {
                "label": request.env._("Ticket"),
                "spec": "ticket_id",
                "order": "ticket_id.id desc",
                "key": lambda row: row["ticket"],
                "header": lambda ticket: {"ticket": ticket},
            },
        }

from urllib.parse import urlencode

from odoo import http
from odoo.http import request
from odoo.tools import groupby as groupbyelem

from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.addons.ticket_billing.tools.duration import format_minutes

from .hours_search import PortalHoursSearch

URL = "/my/hours"
# What Odoo's search bar reads. Other pages' words, as ticket and project, stay unset:
# the breadcrumbs take them for records.
SEARCHBAR = ("sortby", "filterby", "groupby", "search", "search_in")


class PortalHours(PortalHoursSearch):
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
    def portal_my_hours(self, page=1, **kw):
        query = self._hours_get_query(**kw)
        sortings = self._hours_get_searchbar_sortings()
        groupings = self._hours_get_searchbar_groupby()
        sorting, grouping = sortings[query["sortby"]], groupings[query["groupby"]]
        domain = self._hours_get_query_domain(query)
        url_args = self._hours_get_url_args(query)
        entries, pager = self._hours_get_page(
            domain,
            page,
            ", ".join(filter(None, (grouping["order"], sorting["order"]))),
            url_args,
        )
        values = self._prepare_portal_layout_values()
        values.update(
            {
                "page_name": "hours",
                "default_url": URL,
                "pager": pager,
                "searchbar_sortings": sortings,
                "searchbar_filters": self._hours_get_searchbar_filters(),
                "searchbar_groupby": groupings,
                "searchbar_inputs": self._hours_get_searchbar_inputs(),
                **{name: query[name] for name in SEARCHBAR},
                "query": query,
                "url_args": url_args,
                "query_string": urlencode(url_args),
                "states": self._hours_get_states(),
                "projects": self._hours_get_projects(),
                "chosen": self._hours_get_chosen(query),
                "groups": self._hours_get_groups(domain, entries, sorting, grouping),
                **self._hours_get_totals(domain),
            }
        )
        return request.render("ticket_billing_portal.portal_my_hours", values)

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

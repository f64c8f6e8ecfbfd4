from odoo import api, models
from odoo.fields import Domain


class TicketBillingItem(models.Model):
    _inherit = "ticket.billing.item"

    @api.model
    def _get_portal_domain(self, partner) -> Domain:
        """Items of time entries that the contacts of a customer may see.

        The only gate between the ledger and the portal: portal users have no access
        to the ledger, controllers read it with ``sudo`` and this domain.

        :param partner: a contact; its role says whose tickets it sees
        """
        scope = partner._get_billing_portal_partners()
        return (
            # A ticket that was given to another customer is nobody's any more.
            Domain("partner_id", "child_of", scope.commercial_partner_id.ids)
            & Domain("ticket_id.partner_id", "child_of", scope.ids)
            & Domain("company_id", "in", self.env.companies.ids)
            & self._get_portal_released_domain()
        )

    @api.model
    def _get_portal_released_domain(self) -> Domain:
        """Items of time entries that are wholly settled, on no draft invoice."""
        pending = Domain("live", "=", True) & (
            Domain("settled", "=", False) | Domain("invoice_id.state", "=", "draft")
        )
        return (
            Domain("live", "=", True)
            & Domain("settled", "=", True)
            & Domain("state", "in", ("billed", "covered"))
            # A surcharge repeats the minutes of the work that it is on.
            & Domain("kind", "!=", "surcharge")
            & Domain("entry_id", "any", [("billing_item_ids", "not any", pending)])
        )

    @api.model
    def _get_portal_figures(self, domain: Domain, groupby: str | None = None) -> dict:
        """Minutes of the items of ``domain`` in one query.

        Time that a flat fee includes counts as covered.

        :param groupby: a specification of ``_read_group``
        :return: ``{group: {"worked": int, "billed": int, "covered": int}}``; without
            ``groupby`` the only group is None, and it is there only with items
        """
        figures = {}
        for *key, state, kind, worked, billable in self._read_group(
            domain,
            [*([groupby] if groupby else []), "state", "kind"],
            ["raw_minutes:sum", "billable_minutes:sum"],
        ):
            figure = figures.setdefault(
                key[0] if key else None, {"worked": 0, "billed": 0, "covered": 0}
            )
            is_covered = state == "covered" or kind == "flat"
            figure["worked"] += worked
            figure["covered" if is_covered else "billed"] += billable
        return figures

from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from ..tools.customer_explanation import explain_to_customer


class TicketBillingItem(models.Model):
    _inherit = "ticket.billing.item"

    @api.model
    def _get_portal_customer_domain(self, partner, field: str) -> Domain:
        """Whose records a contact may see: its role says so.

        :param field: path to the customer of the record
        """
        return self._get_portal_below(partner._get_billing_portal_partners(), field)

    @api.model
    def _get_portal_below(self, scope, field: str) -> Domain:
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        # Looked up once: within the domain every query would do it again.
        customers = partners.search([("id", "child_of", scope.ids)])
        return Domain(field, "in", customers.ids)

    @api.model
    def _get_portal_domain(self, partner) -> Domain:
        """Items of time entries that the contacts of a customer may see.

        The only gate between the ledger and the portal: portal users have no access
        to the ledger, controllers read it with ``sudo`` and this domain.

        :param partner: a contact; its role says whose tickets it sees
        """
        return (
            self._get_portal_owner_domain(partner) & self._get_portal_released_domain()
        )

    @api.model
    def _get_portal_extra_domain(self, partner) -> Domain:
        """Released material, journeys, fees and limits of tickets: no time entries."""
        internal = Domain("billing_type", "=", "internal")
        return (
            self._get_portal_owner_domain(partner)
            & self._get_portal_settled_domain()
            & Domain("entry_id", "=", False)
            & Domain("charge_id", "not any", internal)
            & Domain("visit_id", "not any", internal)
            & (
                Domain("invoice_id", "=", False)
                | Domain("invoice_id.state", "=", "posted")
            )
        )

    @api.model
    def _get_portal_owner_domain(self, partner) -> Domain:
        scope = partner._get_billing_portal_partners()
        return (
            # A ticket that was given to another customer is nobody's any more.
            self._get_portal_below(scope.commercial_partner_id, "partner_id")
            & self._get_portal_below(scope, "ticket_id.partner_id")
            & Domain("company_id", "in", self.env.companies.ids)
        )

    @api.model
    def _get_portal_settled_domain(self) -> Domain:
        return (
            Domain("live", "=", True)
            & Domain("settled", "=", True)
            & Domain("state", "in", ("billed", "covered"))
        )

    @api.model
    def _get_portal_released_domain(self) -> Domain:
        """Items of time entries that are wholly settled, on no draft invoice."""
        pending = Domain("live", "=", True) & (
            Domain("settled", "=", False) | Domain("invoice_id.state", "=", "draft")
        )
        shown = Domain("billing_item_ids", "not any", pending)
        shown &= Domain("billing_type", "!=", "internal")
        return self._get_portal_settled_domain() & Domain("entry_id", "any", shown)

    @api.model
    def _get_portal_figures(self, domain: Domain, groupby: str | None = None) -> dict:
        """Minutes and price of the items of ``domain`` in one query.

        Time that a flat fee includes counts as covered. A surcharge repeats the
        minutes of the work that it is on: only its price counts.

        :param groupby: a specification of ``_read_group``
        :return: ``{group: {"worked": int, "billed": int, "covered": int, "price":
            str}}``; without ``groupby`` the only group is None, and it is there only
            with items. The price is in words, empty where the policy keeps it back.
        """
        figures, prices = {}, defaultdict(lambda: defaultdict(float))
        for (
            *key,
            contract,
            currency,
            state,
            kind,
            worked,
            billable,
            net,
        ) in self._read_group(
            domain,
            [
                *([groupby] if groupby else []),
                "contract_id",
                "currency_id",
                "state",
                "kind",
            ],
            ["raw_minutes:sum", "billable_minutes:sum", "net:sum"],
        ):
            group = key[0] if key else None
            figure = figures.setdefault(group, {"worked": 0, "billed": 0, "covered": 0})
            if state == "billed" and contract.policy_id.portal_show_price:
                prices[group][currency] += net
            if kind != "surcharge":
                is_covered = state == "covered" or kind == "flat"
                figure["worked"] += worked
                figure["covered" if is_covered else "billed"] += billable
        for group, figure in figures.items():
            figure["price"] = " + ".join(
                currency.format(net) for currency, net in prices[group].items()
            )
        return figures

    def _get_portal_extras(self) -> list[dict]:
        """What was charged beside the time, a row per charge, journey or fee."""
        report = self.env["ticket.billing.service.report"]
        priced = self.filtered("contract_id.policy_id.portal_show_price")
        reasons = explain_to_customer(self, priced)
        groups = self.grouped(lambda item: item.visit_id or item).values()
        return [
            {
                **report._prepare_any(items)._asdict(),
                "price": self._format_portal_price(items & priced),
                "reasons": list(dict.fromkeys(reasons[items[0]])),
                "invoices": items.invoice_id,
            }
            for items in groups
        ]

    @api.model
    def _format_portal_price(self, items) -> str:
        billed = items.filtered(lambda item: item.state == "billed")
        return billed.currency_id.format(sum(billed.mapped("net"))) if billed else ""

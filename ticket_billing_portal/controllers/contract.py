from odoo import http
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class PortalContracts(CustomerPortal):
    """What was agreed with the customer, and what is left of it."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "contract_count" in counters:
            values["contract_count"] = self._contract_get_all().search_count(
                self._contract_get_domain()
            )
        return values

    @http.route("/my/contracts", type="http", auth="user", website=True)
    def portal_my_contracts(self, **kw):
        values = self._prepare_portal_layout_values()
        values.update(
            {
                "page_name": "contract",
                "contracts": self._contract_get_all().search(
                    self._contract_get_domain(), order="state, date_start desc"
                ),
            }
        )
        return request.render("ticket_billing_portal.portal_my_contracts", values)

    @http.route(
        "/my/contracts/<int:contract_id>", type="http", auth="user", website=True
    )
    def portal_my_contract(self, contract_id: int, **kw):
        contract = self._contract_get_all().search(
            self._contract_get_domain() & Domain("id", "=", contract_id)
        )
        if not contract:
            return request.redirect("/my/contracts")
        return request.render(
            "ticket_billing_portal.portal_my_contract",
            self._contract_get_page_view_values(contract),
        )

    def _contract_get_all(self):
        return request.env["ticket.billing.contract"].sudo()

    def _contract_get_domain(self) -> Domain:
        return self._contract_get_all()._get_portal_contract_domain(
            request.env.user.partner_id
        )

    def _contract_get_page_view_values(self, contract) -> dict:
        today = contract._get_portal_today()
        return {
            **self._prepare_portal_layout_values(),
            "page_name": "contract",
            "contract": contract,
            "today": today,
            "conditions": contract._get_portal_conditions(),
            "rates": contract._get_portal_rates(today),
            "fees": contract._get_portal_fees(today),
            "windows": contract._get_portal_windows(today),
            "allotments": self._contract_get_allotments(contract),
        }

    def _contract_get_allotments(self, contract) -> list[dict]:
        """Allotments with their rules, what is left now, and their periods."""
        used = contract.allotment_ids._get_used()
        balances = {
            balance["allotment"]: balance
            for balance in contract.allotment_ids._get_portal_balances()
        }
        return [
            {
                "allotment": allotment,
                "balance": balances.get(allotment),
                "rules": allotment._get_portal_rules(),
                "ledger": allotment._get_portal_ledger(used[allotment]),
            }
            for allotment in contract.allotment_ids
        ]

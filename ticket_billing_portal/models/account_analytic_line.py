from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_time

from ..tools.customer_explanation import explain_to_customer


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    @api.model
    def _timesheet_get_portal_domain(self):
        # Timesheets of a shared project would show time on tickets before it is
        # released, internal work too.
        domain = Domain(super()._timesheet_get_portal_domain())
        if self.env.user._is_internal():
            return domain
        return domain & Domain("ticket_id", "=", False)

    def _get_portal_rows(self, domain: Domain) -> list[dict]:
        """What the portal shows of these time entries, in their order.

        The number of queries does not depend on the number of entries.

        :param domain: the items that may be shown, see ``_get_portal_domain``
        """
        model = self.env["ticket.billing.item"]
        domain &= Domain("entry_id", "in", self.ids)
        figures = model._get_portal_figures(domain, "entry_id")
        items = model.search(domain, order="segment, id")
        reasons = explain_to_customer(
            items, items.filtered("contract_id.policy_id.portal_show_price")
        )
        by_entry = items.grouped("entry_id")
        return [
            {
                **entry._prepare_portal_row(by_entry[entry]),
                **figures[entry],
                "reasons": self._merge_reasons(by_entry[entry], reasons),
            }
            for entry in self
        ]

    @api.model
    def _merge_reasons(self, items, reasons: dict) -> list[str]:
        """Sentences of all parts of an entry; what several parts share stands once."""
        return list(
            dict.fromkeys(sentence for item in items for sentence in reasons[item])
        )

    def _prepare_portal_row(self, items) -> dict:
        self.ensure_one()
        contract = items[0].contract_id
        name = self.name if self.name != "/" else ""
        return {
            "entry": self,
            "ticket": self.ticket_id,
            "date": self.date,
            "times": self._get_portal_times(contract.tz),
            "tz": contract.tz,
            "worker": contract.policy_id.show_worker and self.employee_id.name,
            "work_type": self.work_type_id.name,
            "text": name,
            "invoices": items.invoice_id.filtered(lambda m: m.state == "posted"),
        }

    def _get_portal_times(self, tz: str) -> str:
        """Begin and end of the work on the clock of ``tz``, if recorded."""
        self.ensure_one()
        return "–".join(
            format_time(self.env, moment, tz=tz, time_format="short")
            for moment in (self.billing_start, self.billing_stop)
            if moment
        )

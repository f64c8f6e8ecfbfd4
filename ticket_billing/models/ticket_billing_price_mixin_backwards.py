from datetime import date, timedelta

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL


class TicketBillingPriceMixin(models.AbstractModel):
    """Another price agreed for the past: the next run settles the difference."""

    # A file of its own: everything else about prices refuses this.
    # pylint: disable-next=consider-merging-classes-inherited
    _inherit = "ticket.billing.price.mixin"

    def action_agree_backwards(self):
        """Ask for the price, the day it is valid from, and the reason."""
        self._check_may_agree_backwards()
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Agree a price backwards"),
            "res_model": "ticket.billing.price.agreement",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
                "default_value": self[self._price_value],
            },
        }

    def _check_may_agree_backwards(self):
        if not self.env.user.has_group("ticket_billing.group_approver"):
            raise AccessError(
                self.env._("Only approvers can agree a price for work that is billed.")
            )
        if not self._price_value:
            raise UserError(
                self.env._("Only rates, surcharges and flat fees can be agreed so.")
            )

    def _get_billed_entries(self, first: date | None = None):
        """Time entries that were billed with this price, from a day on."""
        rows = self._query_used(
            SQL("DISTINCT item.entry_id, item.work_date, item.state")
        )
        ids = {
            entry
            for entry, day, state in rows
            # What is credited costs nothing at any price. Work may end on another day.
            if entry and state != "written_off" and (not first or day >= first)
        }
        return self.env["account.analytic.line"].sudo().browse(sorted(ids))

    def _agree_backwards(self, value: float, first: date | None, reason: str):
        """Change the price for billed work too, and let the next run settle it.

        :param first: first day of the new price; none: the price was never right
        :return: the price that is valid now
        """
        self._check_may_agree_backwards()
        self.ensure_one()
        entries = self._get_billed_entries(first)
        price = self.with_context(billing_price_correction=True)
        begin, end = self[self._price_first_day], self[self._price_last_day]
        if first and end and first > end:
            raise UserError(
                self.env._("%s is not valid on that day any more.", self.display_name)
            )
        if first and (not begin or first > begin):
            price[self._price_last_day] = first - timedelta(days=1)
            price = price.copy(
                {
                    self._price_first_day: first,
                    self._price_last_day: end,
                    self._price_value: value,
                }
            )
        else:
            price[self._price_value] = value
        entries.billing_outdated = True
        price._note_agreement(entries, reason)
        return price

    def _note_agreement(self, entries, reason: str):
        """Note it in the contracts, with the number of entries to be settled."""
        groups = entries.grouped("billing_contract_id")
        contracts = self.contract_id | entries.billing_contract_id
        for contract in contracts.sudo():
            contract._message_log(
                body=self.env._(
                    "Agreed backwards by %(user)s: %(price)s. Reason: %(reason)s."
                    " %(count)s billed time entries are settled by the next run.",
                    user=self.env.user.name,
                    price=self.display_name,
                    reason=reason,
                    count=len(groups.get(contract, ())),
                )
            )

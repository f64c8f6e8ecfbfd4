from odoo import api, models
from odoo.fields import Domain

from .ticket_billing_personal_data import Source


class TicketBillingPersonalData(models.AbstractModel):
    """What was charged to a contact, and what the contact said about it."""

    # pylint: disable-next=consider-merging-classes-inherited
    _inherit = "ticket.billing.personal.data"

    @api.model
    def _get_sources(self, subject) -> list[Source]:
        _employees, partners, users = self._get_people(subject)
        return [
            *super()._get_sources(subject),
            Source(
                "charges", self.env._("Charges"),
                self._search(
                    "ticket.billing.charge",
                    Domain("ticket_id.partner_id", "in", partners.ids)
                    | Domain("create_uid", "in", users.ids),
                ),
                ("date", "ticket_id", "kind", "name", "quantity", "price_unit"),
            ),
            Source(
                "answers", self.env._("Answers to drafts"),
                self._search(
                    "ticket.billing.approval",
                    Domain("partner_id", "in", partners.ids)
                    | Domain("user_id", "in", users.ids),
                ),
                ("date", "document", "kind", "customer_id", "partner_id", "user_id",
                 "text"),
            ),
            Source(
                "questions", self.env._("Questions"),
                self._search(
                    "ticket.billing.question",
                    Domain("partner_id", "in", partners.ids)
                    | Domain("answered_by_id", "in", users.ids),
                ),
                ("create_date", "line_text", "text", "state", "answered_by_id",
                 "answered_on"),
            ),
        ]  # fmt: skip

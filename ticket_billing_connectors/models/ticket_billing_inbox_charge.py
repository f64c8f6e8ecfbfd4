from odoo import fields, models


# pylint: disable=consider-merging-classes-inherited
class TicketBillingInbox(models.Model):
    """Charges that wait."""

    _inherit = "ticket.billing.inbox"

    remote_type = fields.Selection(
        selection_add=[("charge", "Charge")], ondelete={"charge": "cascade"}
    )
    reason = fields.Selection(
        selection_add=[
            ("unknown_product", "Unknown product"),
            ("ambiguous_product", "Several products fit"),
            ("archived_product", "Archived product"),
        ],
        ondelete={
            "unknown_product": "cascade",
            "ambiguous_product": "cascade",
            "archived_product": "cascade",
        },
    )
    sent_changed = fields.Datetime(
        readonly=True, help="When the sender last changed what waits."
    )

    def _get_subject(self):
        if self.remote_type != "charge":
            return super()._get_subject()
        content = self.payload or {}
        return self.env._(
            "%(quantity)s × %(product)s on ticket %(number)s",
            quantity=content.get("quantity"),
            product=content.get("product_key"),
            number=self.number or self.parent_remote_id,
        )

    def _get_finding(self):
        name = self.waiting_link_id.display_name or ""
        texts = {
            "unknown_product": self.env._("no product fits %(name)s.", name=name),
            "ambiguous_product": self.env._(
                "several products fit %(name)s.", name=name
            ),
            "archived_product": self.env._(
                "the product of %(name)s is archived.", name=name
            ),
        }
        return texts.get(self.reason) or super()._get_finding()

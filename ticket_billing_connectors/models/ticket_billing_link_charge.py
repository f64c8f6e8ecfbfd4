from odoo import fields, models


# pylint: disable=consider-merging-classes-inherited
class TicketBillingLink(models.Model):
    """Links of charges, and of the products they are for."""

    _inherit = "ticket.billing.link"

    remote_type = fields.Selection(
        selection_add=[("charge", "Charge"), ("product", "Product")],
        ondelete={"charge": "cascade", "product": "cascade"},
    )
    product_id = fields.Many2one(
        "product.product",
        compute="_compute_targets",
        inverse="_inverse_product_id",
        check_company=True,
        help="Example: the remote article TONER-5 is your product Toner black.",
    )
    sent_changed = fields.Datetime(
        readonly=True, help="When the sender last changed what came in."
    )

    def _inverse_product_id(self):
        self._set_target("product_id")

from odoo import models


class TicketBillingPolicy(models.Model):
    """Every setting of a policy decides on money: the chatter notes each change."""

    _inherit = "ticket.billing.policy"

    def _track_get_fields(self):
        return super()._track_get_fields() | self._get_setting_names()

    def _get_setting_names(self) -> set[str]:
        """Settings of the policy itself, without those of Odoo's own mixins."""
        mixins = self.env["mail.thread"]._fields
        return {
            name
            for name, field in self._fields.items()
            if field.store
            and name not in models.MAGIC_COLUMNS
            and name not in mixins
            and field.type not in ("one2many", "binary")
            and name != "sequence"
        }

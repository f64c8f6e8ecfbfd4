from odoo import models


class Base(models.AbstractModel):
    """Fields of billing are not for customers.

    Portal users may read tickets, invoices and time entries of shared projects, so
    Odoo would let them read what we add to these by RPC: minutes that are not released,
    reasons, the ledger. Pages for customers read it as superuser and choose what they
    show.
    """

    _inherit = "base"

    def _has_field_access(self, field, operation):
        return super()._has_field_access(field, operation) and (
            self.env.su
            or not field._modules
            or not all(name.startswith("ticket_billing") for name in field._modules)
            or self.env.user._is_internal()
        )

from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def _modify_default_reverse_values(self, origin_move):
        # The draft in place of a credited invoice bills the same work.
        values = super()._modify_default_reverse_values(origin_move)
        if origin_move._is_ticket_document():
            values.update(origin_move._get_service_values())
        return values

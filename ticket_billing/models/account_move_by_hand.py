from markupsafe import Markup

from odoo import fields, models


class AccountMove(models.Model):
    """Drafts that say something else than the ledger."""

    # A file of its own: the flag belongs to what people do to lines.
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    billing_changed_by_hand = fields.Boolean(
        string="Changed by hand",
        readonly=True,
        copy=False,
        help="Quantity or price of a line is not what the billing items say.",
    )

    def _note_changes_by_hand(self, lines):
        """Say in the chatter what the ledger says and what the lines say."""
        for move in self:
            changed = lines.filtered(lambda li, move=move: li.move_id == move)
            rows = changed.mapped(lambda li: li._compare_with_ledger())
            title = self.env._("Changed by hand:")
            move._message_log(body=Markup("<br/>").join([title, *rows]))
            move.billing_changed_by_hand = any(
                li._differs_from_ledger() for li in move.invoice_line_ids
            )

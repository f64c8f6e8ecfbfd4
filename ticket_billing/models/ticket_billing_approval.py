from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# What lets a draft be posted.
GRANTED = ("approved", "automatic", "waived")


class TicketBillingApproval(models.Model):
    """Who said what about a draft, and when: a record that nobody can change."""

    _name = "ticket.billing.approval"
    _description = "Answer of a Customer to a Draft"
    _order = "date desc, id desc"
    _rec_name = "document"

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        index=True,
        ondelete="set null",
        help="Empty when the draft was made again.",
    )
    document = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    customer_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    kind = fields.Selection(
        [
            ("approved", "Approved"),
            ("questioned", "Line questioned"),
            ("automatic", "Released by lapse of time"),
            ("waived", "Released without the customer"),
        ],
        required=True,
        readonly=True,
    )
    partner_id = fields.Many2one(
        "res.partner", string="By", readonly=True, ondelete="restrict"
    )
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict"
    )
    date = fields.Datetime(required=True, readonly=True)
    content_hash = fields.Char(
        string="Fingerprint",
        required=True,
        readonly=True,
        help="SHA-256 of what stood on the draft.",
    )
    content = fields.Text(
        required=True, readonly=True, help="What stood on the draft, as JSON."
    )
    text = fields.Text(readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise AccessError(
                self.env._("Answers of customers are only written by answering.")
            )
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The answer of a customer cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The answer of a customer has to be kept."))

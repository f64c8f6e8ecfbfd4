from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..systems.pushed import CODE


# pylint: disable=consider-merging-classes-inherited
class TicketBillingConnector(models.Model):
    """Systems that send by themselves: no address, no log-in, nothing to read."""

    _inherit = "ticket.billing.connector"

    base_url = fields.Char(required=False)
    state = fields.Selection(
        selection_add=[("receiving", "Receives")],
        ondelete={"receiving": "set default"},
        help="Receives: the system sends through the API or in files.",
    )
    is_pushed = fields.Boolean(compute="_compute_is_pushed")
    intake_count = fields.Integer(
        readonly=True, copy=False, help="How many times records were sent."
    )
    api_key_ids = fields.One2many("ticket.billing.api.key", "connector_id")
    api_key_count = fields.Integer(compute="_compute_api_key_count", string="API keys")

    @api.depends("system")
    def _compute_is_pushed(self):
        for connector in self:
            connector.is_pushed = connector.system == CODE

    @api.depends("api_key_ids")
    def _compute_api_key_count(self):
        for connector in self:
            connector.api_key_count = len(connector.api_key_ids)

    @api.constrains("base_url", "allow_http", "system")
    def _check_base_url(self):
        reading = self.filtered(lambda connector: not connector.is_pushed)
        for connector in reading:
            if not connector.base_url:
                raise ValidationError(
                    self.env._("Enter the address of %(name)s.", name=connector.name)
                )
        return super(TicketBillingConnector, reading)._check_base_url()

    def action_activate(self):
        pushed = self.filtered("is_pushed")
        pushed.state = "receiving"
        return super(TicketBillingConnector, self - pushed).action_activate()

    def action_view_api_keys(self):
        return self._view_own(
            "ticket_billing_api_key_action", {"default_connector_id": self.id}
        )

    def _claim_intake(self):
        """Let one sender after the other in: PostgreSQL refuses whoever began before
        the other one ended, and the request is repeated."""
        self.ensure_one()
        self.intake_count += 1
        self.flush_recordset(["intake_count"])

from odoo import api, fields, models
from odoo.exceptions import UserError


class TicketBillingPrivacyLog(models.Model):
    """Who exported or pseudonymised whose data, and what had to stay."""

    _name = "ticket.billing.privacy.log"
    _description = "Log of Personal Data"
    _order = "id desc"
    _rec_name = "subject"

    action = fields.Selection(
        [("export", "Export"), ("pseudonymise", "Pseudonymisation")],
        required=True,
        readonly=True,
    )
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        model_field="res_model", string="Record", readonly=True
    )
    # Computed: a name in the log would outlive the pseudonym.
    subject = fields.Char(string="Person", compute="_compute_subject")
    numbers = fields.Text(readonly=True, help="Records, by kind.")
    retained = fields.Text(
        string="What stays", readonly=True, help="With the reason and the last day."
    )

    @api.depends("res_model", "res_id")
    def _compute_subject(self):
        for log in self:
            record = self.env[log.res_model].sudo().browse(log.res_id).exists()
            log.subject = record.display_name or f"{log.res_model} {log.res_id}"

    def write(self, vals):
        self._refuse_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        self._refuse_change()

    def _refuse_change(self):
        raise UserError(self.env._("The log of personal data cannot be changed."))

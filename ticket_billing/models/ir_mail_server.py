from odoo import api, models
from odoo.exceptions import UserError


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    @api.model
    def _get_billing_problem(self) -> str | None:
        """Why no mail can leave at all: one connection tells for a whole batch."""
        if self._disable_send():
            return None
        try:
            connection = self._connect__(allow_archived=False)
        except (UserError, OSError) as error:
            return self.env._(
                "The outgoing mail server cannot be reached (%(error)s). Check it"
                " under Settings, Technical, Outgoing Mail Servers; the invoices are"
                " sent as soon as it answers.",
                error=error,
            )
        connection.quit()
        return None

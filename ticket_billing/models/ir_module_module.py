from odoo import models
from odoo.exceptions import UserError
from odoo.tools import str2bool

ALLOWED = "ticket_billing.uninstall_allowed"


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        self._check_ledger_kept()
        return super().button_uninstall()

    def _check_ledger_kept(self):
        """Refuse to throw the ledger away: after it nothing says what was billed."""
        lost = self | self.downstream_dependencies()
        if "ticket_billing" not in lost.mapped("name"):
            return
        billed = (
            self.env["ticket.billing.item"]
            .sudo()
            .search_count([("settled", "=", True), ("live", "=", True)])
        )
        allowed = self.env["ir.config_parameter"].sudo().get_param(ALLOWED, "")
        if billed and not str2bool(allowed, False):
            raise UserError(
                self.env._(
                    "Ticket Billing keeps the record of %(count)s billed, covered or"
                    " written-off pieces of work. Without it nothing says what has been"
                    " billed: installed again, it would bill the same work a second"
                    " time. Invoices would stay. Make a backup first; to uninstall it"
                    " nevertheless, set the system parameter %(parameter)s to True.",
                    count=billed,
                    parameter=ALLOWED,
                )
            )

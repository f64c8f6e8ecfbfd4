"""What is remembered when the add-on is removed and installed again."""

from odoo import fields

from .models.ir_module_module import ALLOWED

REMOVED = "ticket_billing.removed_with_ledger.%s"


def uninstall_hook(env):
    """Remember the companies whose ledger goes; the next removal is asked for anew."""
    parameters = env["ir.config_parameter"].sudo()
    parameters.set_param(ALLOWED, False)
    settled = [("settled", "=", True), ("live", "=", True)]
    groups = env["ticket.billing.item"].sudo()._read_group(settled, ["company_id"])
    for [company] in groups:
        parameters.set_param(REMOVED % company.id, fields.Date.today())


def post_init_hook(env):
    """Hold the work that a ledger may have billed that is gone."""
    parameters = env["ir.config_parameter"].sudo()
    for company in env["res.company"].sudo().search([]):
        if parameters.get_param(REMOVED % company.id):
            company.billing_hold_until = fields.Date.today()
            parameters.set_param(REMOVED % company.id, False)

from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    billing_contract_ids = fields.One2many(
        "ticket.billing.contract", "partner_id", string="Service contracts"
    )
    billing_contract_count = fields.Integer(
        compute="_compute_billing_contract_count",
        groups="ticket_billing.group_biller,ticket_billing.group_auditor",
    )

    def _compute_billing_contract_count(self):
        for partner in self:
            partner.billing_contract_count = len(partner.billing_contract_ids)

    def action_view_billing_contracts(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_contract_action"
        )
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

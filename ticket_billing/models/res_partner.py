from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    billing_contract_ids = fields.One2many(
        "ticket.billing.contract", "partner_id", string="Service contracts"
    )
    ticket_billing_policy_id = fields.Many2one(
        "ticket.billing.policy",
        string="Billing policy",
        company_dependent=True,
        groups="ticket_billing.group_biller,ticket_billing.group_auditor",
        help="Of new service contracts of this customer. Empty: the company's.",
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

from odoo import models


class ProjectProject(models.Model):
    _inherit = "project.project"

    def write(self, vals):
        res = super().write(vals)
        if vals.get("stage_id") and any(self.sudo().mapped("stage_id.fold")):
            contracts = self.env["ticket.billing.contract"].sudo()
            contracts.search(
                [("policy_id.trigger", "=", "project"), ("state", "=", "active")]
            )._trigger_billing("project")
        return res

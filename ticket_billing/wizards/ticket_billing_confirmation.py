from odoo import api, fields, models


class TicketBillingConfirmation(models.TransientModel):
    """Asks before invoices are posted or credited, and names count and total."""

    _name = "ticket.billing.confirmation"
    _description = "Confirmation of a Billing Step"

    action = fields.Selection(
        [("release", "Release"), ("undo", "Undo")], required=True, readonly=True
    )
    line_ids = fields.Many2many("ticket.billing.run.line", readonly=True)
    summary = fields.Char(compute="_compute_summary")
    detail = fields.Text(compute="_compute_summary")

    @api.model
    def _open(self, lines, action: str) -> dict:
        """Action that opens the question about ``lines``."""
        wizard = self.create({"action": action, "line_ids": [(6, 0, lines.ids)]})
        titles = {
            "release": self.env._("Release Invoices"),
            "undo": self.env._("Undo Billing Run"),
        }
        return {
            "type": "ir.actions.act_window",
            "name": titles[action],
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.depends("action", "line_ids")
    def _compute_summary(self):
        for wizard in self:
            if wizard.action == "release":
                wizard._set_release_summary()
            else:
                wizard._set_undo_summary()

    def _set_release_summary(self):
        self.ensure_one()
        self.summary = self._get_total(self.line_ids._get_drafts())
        self.detail = "\n".join(
            f"{move.partner_id.display_name}: {reason}"
            for move in self.line_ids._get_drafts().sorted("partner_id")
            for reason in (move.billing_park_reason or "").splitlines()
        )

    def _set_undo_summary(self):
        self.ensure_one()
        moves = self.line_ids.run_id.invoice_ids.filtered(lambda m: m.state != "cancel")
        problems = {move: move._get_undo_problem() for move in moves}
        undone = moves.filtered(lambda m: not problems[m])
        drafts = undone.filtered(lambda m: m.state == "draft")
        self.summary = self.env._(
            "Credit: %(credit)s. Delete: %(delete)s.",
            credit=self._get_total(undone - drafts),
            delete=self._get_total(drafts),
        )
        self.detail = "\n".join(filter(None, problems.values()))

    @api.model
    def _get_total(self, moves) -> str:
        """Count and gross total: 3 invoices, 1,240.00 EUR."""
        bounds = self.env["ticket.billing.bounds"]
        totals = [
            bounds._format(
                sum(group.mapped("amount_total_in_currency_signed")), currency
            )
            for currency, group in moves.grouped("currency_id").items()
        ]
        names = {"total": " + ".join(totals)}
        if not moves:
            return self.env._("No invoice")
        if len(moves) == 1:
            return self.env._("1 invoice, %(total)s", **names)
        return self.env._("%(count)s invoices, %(total)s", count=len(moves), **names)

    def action_confirm(self):
        self.ensure_one()
        if self.action == "undo":
            return self.line_ids.run_id.action_undo()
        self.line_ids.action_release()
        return {"type": "ir.actions.act_window_close"}

from odoo import models
from odoo.exceptions import AccessError


class TicketBillingReversal(models.AbstractModel):
    """Taking a billing run back: credits, deleted drafts, work to bill again."""

    _name = "ticket.billing.reversal"
    _description = "Reversal of Billing Runs"

    def action_ask_undo(self):
        """Show what would be credited and deleted, and what is left alone."""
        self.ensure_one()
        self._check_undo()
        return self.env["ticket.billing.confirmation"]._open(self.line_ids, "undo")

    def action_undo(self):
        """Credit posted invoices, delete drafts; what is paid or credited stays."""
        self._check_undo()
        for run in self:
            run.with_company(run.company_id).sudo()._undo()

    def _check_undo(self):
        if not self.env.su and not self.env.user.has_group(
            "ticket_billing.group_approver"
        ):
            raise AccessError(self.env._("Only approvers may undo a billing run."))
        for run in self:
            run._check_state("partly", "done")

    def _undo(self):
        """Undo document by document; one that resists is named with its reason."""
        self.ensure_one()
        moves = self.invoice_ids.filtered(lambda m: m.state != "cancel")
        billed = self.line_ids.filtered(lambda li: li.invoice_ids & moves)
        kept = {}
        for move in moves:
            problem = move._get_undo_problem() or self._undo_one(move)
            if problem:
                kept[move] = problem
        left = self.env["account.move"].concat(*kept)
        lines = self.line_ids.filtered(
            lambda li: li.state != "excluded" and not li.invoice_ids & left
        )
        self._free_work(lines, moves.exists() - left)
        self._pause((billed | lines).contract_id)
        lines.write({"state": "undone", "message": False})
        self._note_undo(kept)

    def _undo_one(self, move) -> str | None:
        name = move.display_name
        try:
            with self.env.cr.savepoint():
                move._undo_billing()
        except Exception as error:
            if self._is_retryable(error):
                raise
            return self.env._("%(invoice)s: %(error)s", invoice=name, error=error)
        return None

    def _free_work(self, lines, credited):
        """Make the work of ``lines`` and of ``credited`` invoices billable again."""
        self.item_ids.filtered(
            lambda i: (
                i.live
                and i.settled
                and not i.credited_item_id
                and (i.contract_id in lines.contract_id or i.invoice_id in credited)
            )
        )._release_together()

    def _pause(self, contracts):
        """Wait for a person: the scheduled action would repeat the mistake at once."""
        automatic = contracts.filtered(lambda c: c.policy_id.trigger != "manual")
        automatic.billing_paused = True
        for contract in automatic:
            message = self.env._(
                "Billing run %(run)s was undone: put right what was wrong, then bill"
                " the contract by hand or resume it.",
                run=self.name,
            )
            self._warn(contract, message, contract.user_id)

    def _note_undo(self, kept: dict):
        """Close the run where nothing is left of it, and name what is."""
        if kept:
            names = "\n".join(kept.values())
            body = self.env._("Undone, except for:\n%(invoices)s", invoices=names)
        else:
            self.state = "undone"
            body = self.env._("Undone completely.")
        self.message_post(body=body)

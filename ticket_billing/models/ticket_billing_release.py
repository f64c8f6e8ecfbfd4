from odoo import api, fields, models
from odoo.exceptions import AccessError


class TicketBillingRelease(models.AbstractModel):
    """Who may release a billing run: the four-eyes principle."""

    _name = "ticket.billing.release"
    _description = "Release of Billing Runs"

    preparer_ids = fields.Many2many(
        "res.users",
        "ticket_billing_run_preparer_rel",
        "run_id",
        "user_id",
        string="Prepared by",
        context={"active_test": False},
        readonly=True,
        copy=False,
        help="Everybody who made, previewed, changed or billed this run. With the"
        " four-eyes principle none of them may release it.",
    )

    @api.model
    def _get_protected_fields(self) -> set[str]:
        """Evidence: nobody sets these by hand, not even by RPC."""
        return {"user_id", "preparer_ids", "scheduled", "state"}

    @api.model
    def _check_protected(self, vals: dict):
        refused = self._get_protected_fields() & vals.keys()
        if refused and not self.env.su:
            raise AccessError(
                self.env._(
                    "%(fields)s of a billing run are written by the run itself.",
                    fields=", ".join(sorted(refused)),
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_protected(vals)
        runs = super().create(vals_list)
        runs._note_preparer()
        return runs

    def write(self, vals):
        self._check_protected(vals)
        return super().write(vals)

    def _note_preparer(self):
        self.sudo().preparer_ids |= self.env.user

    # --------------------------------------------------------------- four eyes

    def _check_four_eyes(self):
        """Raise unless the user may release these runs.

        The scheduled action is no person: what it posts the policy has decided.
        """
        if self.env.su:
            return
        user = self.env.user
        is_approver = user.has_group("ticket_billing.group_approver")
        for run in self.sudo():
            if not run.company_id.billing_four_eyes:
                continue
            if not is_approver or user in run.preparer_ids:
                raise AccessError(run._get_four_eyes_message())

    def _get_four_eyes_message(self) -> str:
        self.ensure_one()
        approvers = self._get_approvers()
        return self.env._(
            "Billing run %(run)s was prepared by %(preparers)s: somebody else has to"
            " release it. Who may: %(approvers)s.",
            run=self.name,
            preparers=", ".join(self.preparer_ids.mapped("name")),
            approvers=", ".join(approvers.mapped("name"))
            or self.env._("nobody yet, an administrator has to name an approver"),
        )

    def _get_approvers(self):
        """Users who may release this run."""
        self.ensure_one()
        group = self.env.ref("ticket_billing.group_approver")
        users = group.all_user_ids - self.preparer_ids
        return users.filtered(
            lambda u: u.active and not u.share and self.company_id in u.company_ids
        )

    # ----------------------------------------------------------------- release

    def action_release(self):
        """Post the drafts of the run; what cannot be posted stays with a reason."""
        for run in self:
            run._release(run.line_ids)

    def _release(self, lines):
        """Post the drafts of some lines of this run, parked ones too."""
        self.ensure_one()
        self.env["ticket.billing.rater"]._check_biller()
        self._check_four_eyes()
        self._check_state("partly", "done")
        self._post(lines)
        self._finish()

    def action_ask_release(self):
        """Show what would be released, and why somebody should look at it."""
        self.ensure_one()
        return self.line_ids.action_ask_release()

from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.account.models.account_move import MAX_HASH_VERSION


class TicketBillingVerification(models.Model):
    """One verification of what must not change: what was looked at and found."""

    _name = "ticket.billing.verification"
    _description = "Verification of the Books"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    company_id = fields.Many2one("res.company", required=True, index=True)
    state = fields.Selection(
        [("sound", "Unchanged"), ("broken", "Changed")], required=True, string="Result"
    )
    entry_count = fields.Integer(
        string="Secured journal entries", help="Posted invoices with a hash."
    )
    item_count = fields.Integer(string="Sealed billing items")
    document_count = fields.Integer(string="Kept documents")
    approval_count = fields.Integer(string="Answers of customers")
    findings = fields.Text(help="The first broken entry of each kind comes first.")
    hints = fields.Text(help="What is not secured.")

    @api.depends("create_date", "company_id")
    def _compute_display_name(self):
        for record in self:
            day = fields.Date.to_string(record.create_date)
            record.display_name = f"{record.company_id.name} {day}"

    @api.model
    def _check_approver(self):
        if not self.env.su and not self.env.user.has_group(
            "ticket_billing.group_approver"
        ):
            raise AccessError(
                self.env._("Only approvers may secure and verify the books.")
            )

    @api.model
    def _verify(self, company):
        """Verify journals, ledger and documents of a company, and keep the result."""
        self._check_approver()
        self.env.flush_all()
        self.env.invalidate_all()
        entry_count, findings = self._verify_journals(company)
        item_count, changed = self.env["ticket.billing.seal"]._get_findings(company)
        documents = self.env["ticket.billing.document"].sudo()
        documents = documents.search([("company_id", "=", company.id)])
        approvals = self.env["ticket.billing.approval"]
        approval_count, broken = approvals._get_findings(company)
        findings += [*changed, *documents._get_findings(), *broken]
        return (
            self.sudo()
            .create(
                {
                    "company_id": company.id,
                    "state": "broken" if findings else "sound",
                    "entry_count": entry_count,
                    "item_count": item_count,
                    "document_count": len(documents),
                    "approval_count": approval_count,
                    "findings": "\n".join(findings),
                    "hints": self._get_hints(company),
                }
            )
            .sudo(False)
        )

    @api.model
    def _verify_journals(self, company) -> tuple[int, list[str]]:
        """Number of hashed entries, and the first broken one of each chain.

        Odoo's own check needs a group that nobody has without full accounting.
        """
        moves = (
            self.env["account.move"]
            .sudo()
            .search(
                [("company_id", "=", company.id), ("inalterable_hash", "!=", False)],
                order="secure_sequence_number, sequence_prefix, sequence_number",
            )
        )
        chains = moves.grouped(
            lambda m: (m.journal_id, not m.secure_sequence_number and m.sequence_prefix)
        )
        broken = (self._get_first_broken(chain) for chain in chains.values())
        return len(moves), [
            self.env._(
                "%(journal)s: entry %(entry)s does not match its hash.",
                journal=move.journal_id.display_name,
                entry=move.name,
            )
            for move in broken
            if move
        ]

    @api.model
    def _get_first_broken(self, chain):
        previous = ""
        for move in chain:
            hashes = (
                move.with_context(hash_version=version)._calculate_hashes(previous)
                for version in range(MAX_HASH_VERSION, 0, -1)
            )
            if move.inalterable_hash not in (found[move] for found in hashes):
                return move
            previous = move.inalterable_hash
        return chain.browse()

    @api.model
    def _get_hints(self, company) -> str:
        journals = company._get_sales_journals()
        return "\n".join(
            self.env._("Journal %s is not secured.", journal.display_name)
            for journal in journals
            if not journal.restrict_mode_hash_table
        )

    @api.model
    def _cron_verify(self):
        """Scheduled action: verify every company; approvers hear of changes."""
        self = self.with_context(lang=self.env.company.partner_id.lang)
        for company in self.env["res.company"].search([("active", "=", True)]):
            result = self.with_company(company)._verify(company)
            if result.state == "broken":
                result._tell_approvers()
            self.env["ir.cron"]._commit_progress(1)

    def _tell_approvers(self):
        self.ensure_one()
        approvers = self.env.ref("ticket_billing.group_approver").all_user_ids
        for user in approvers.filtered(
            lambda u: u.active and not u.share and self.company_id in u.company_ids
        ):
            self.activity_schedule(
                "ticket_billing.mail_activity_billing_exception",
                note=self.findings,
                user_id=user.id,
            )

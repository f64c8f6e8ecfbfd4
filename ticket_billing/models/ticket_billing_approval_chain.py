import hashlib
import json

from odoo import api, fields, models

# What is chained: no links that go with a draft or with merged contacts.
CHAINED = (
    "document", "company_id", "kind", "signatory", "user_id", "date", "content_hash",
    "content", "text",
)  # fmt: skip


class TicketBillingApproval(models.Model):
    """Chains the answers of customers, so that a change past the server is found.

    The company keeps the head of the chain. Two answers at the same time both want to
    change it: PostgreSQL refuses the second, and Odoo repeats the request.
    """

    # pylint: disable=consider-merging-classes-inherited
    _inherit = "ticket.billing.approval"

    signatory = fields.Char(readonly=True, help="Who answered, as named at that time.")
    previous_digest = fields.Char(readonly=True)
    digest = fields.Char(readonly=True, help="Fingerprint of this and all before it.")

    @api.model_create_multi
    def create(self, vals_list):
        partners = self.env["res.partner"].sudo()
        approvals = self.browse()
        # One by one: each needs the digest of the one before.
        for vals in vals_list:
            partner = partners.browse(vals.get("partner_id") or [])
            company = self.env["res.company"].sudo().browse(vals.get("company_id"))
            chained = {**vals, "signatory": partner.display_name}
            chained["previous_digest"] = company.billing_approval_head or ""
            chained["digest"] = self._digest(chained)
            approvals |= super().create([chained])
            company.billing_approval_head = chained["digest"]
        return approvals

    @api.model
    def _digest(self, vals: dict) -> str:
        """Fingerprint of an answer and of the one before it."""
        previous = vals["previous_digest"] or ""
        row = [previous, *(vals.get(name) or False for name in CHAINED)]
        return hashlib.sha256(json.dumps(row, default=str).encode()).hexdigest()

    @api.model
    def _get_findings(self, company) -> tuple[int, list[str]]:
        """Number of answers of customers, and where their chain is broken."""
        approvals = self.sudo().search([("company_id", "=", company.id)], order="id")
        approvals.invalidate_recordset()
        previous = ""
        for row in approvals.read([*CHAINED, "previous_digest", "digest"], load=None):
            is_next = (row["previous_digest"] or "") == previous
            if not is_next or row["digest"] != self._digest(row):
                approval = self.browse(row["id"])
                return len(approvals), [
                    self.env._(
                        "The answer of %(customer)s to %(document)s, or one before it,"
                        " was changed or removed.",
                        customer=approval.sudo().customer_id.display_name,
                        document=row["document"],
                    )
                ]
            previous = row["digest"]
        if previous != (company.sudo().billing_approval_head or ""):
            return len(approvals), [
                self.env._("The last answers of customers were removed.")
            ]
        return len(approvals), []

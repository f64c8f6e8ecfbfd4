import hashlib
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_datetime

#: Kinds that are books or describe them; all others are vouchers.
BOOKS = ("procedure",)


class TicketBillingDocument(models.Model):
    """A file as it left the house, kept unchanged until the law lets it go."""

    _name = "ticket.billing.document"
    _description = "Kept Document"
    _order = "made_on desc, id desc"
    _rec_name = "file_name"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    partner_id = fields.Many2one(
        related="move_id.partner_id", string="Customer", store=True, index=True
    )
    kind = fields.Selection(
        [
            ("invoice", "Invoice (PDF)"),
            ("einvoice", "E-invoice (XML)"),
            ("service_report", "Service report"),
            ("procedure", "Procedure documentation"),
        ],
        required=True,
        readonly=True,
    )
    attachment_id = fields.Many2one(
        "ir.attachment",
        string="File",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    file_name = fields.Char(required=True, readonly=True)
    checksum = fields.Char(
        string="SHA-256",
        required=True,
        readonly=True,
        help="Fingerprint of the file: any change of it gives another one.",
    )
    size = fields.Integer(string="Size in bytes", required=True, readonly=True)
    made_on = fields.Datetime(required=True, readonly=True)
    sent_on = fields.Datetime(string="Last sent", readonly=True)
    recipients = fields.Text(
        readonly=True, help="When it was sent, and to whom; the last one at the end."
    )
    retention_until = fields.Date(
        string="Keep until",
        required=True,
        readonly=True,
        help="The file can neither be changed nor deleted before the day after.",
    )

    _attachment_uniq = models.UniqueIndex(
        "(attachment_id)", "This file is kept already."
    )

    # -------------------------------------------------------------------- keep

    @api.model
    def _keep(self, attachment, kind: str, company, day: date, move=None):
        """Keep a file with its fingerprint; ``day`` starts its retention."""
        content = attachment.raw
        return self.sudo().create(
            {
                "company_id": company.id,
                "move_id": move.id if move else False,
                "kind": kind,
                "attachment_id": attachment.id,
                "file_name": attachment.name,
                "checksum": self._digest(content),
                "size": len(content),
                "made_on": attachment.create_date,
                "retention_until": company._get_retention_until(day, kind in BOOKS),
            }
        )

    @api.model
    def _digest(self, content: bytes) -> str:
        return hashlib.sha256(content or b"").hexdigest()

    def _note_sent(self, partners):
        """Add to whom these documents were sent."""
        now = fields.Datetime.now()
        names = ", ".join(p.email_formatted or p.display_name for p in partners)
        for document in self.sudo():
            entry = f"{format_datetime(self.env, now, tz='UTC')} UTC: {names}"
            earlier = [document.recipients] if document.recipients else []
            document.write({"sent_on": now, "recipients": "\n".join([*earlier, entry])})

    # ----------------------------------------------------------------- protect

    def write(self, vals):
        # Also for superusers: what was kept does not change.
        if vals.keys() - {"sent_on", "recipients"}:
            raise UserError(self.env._("A kept document cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_retained(self):
        self._check_released()

    def _check_released(self):
        """Raise while one of these has to be kept."""
        today = fields.Date.context_today(self)
        kept = self.filtered(lambda d: d.retention_until >= today)[:1]
        if kept:
            raise UserError(
                self.env._(
                    "%(file)s has to be kept until %(day)s and cannot be changed or"
                    " deleted.",
                    file=kept.file_name,
                    day=format_date(self.env, kept.retention_until),
                )
            )

    # ------------------------------------------------------------------ verify

    def _get_findings(self) -> list[str]:
        """Files that are not what was kept."""
        findings = []
        for document in self.sudo():
            content = document.attachment_id.raw or b""
            if document.checksum == self._digest(content):
                continue
            problem = self.env._("was changed") if content else self.env._("is missing")
            findings.append(
                self.env._(
                    "Kept document %(file)s of %(owner)s %(problem)s.",
                    file=document.file_name,
                    owner=document.move_id.name or document.company_id.name,
                    problem=problem,
                )
            )
        return findings

    def action_open_file(self):
        """Download the kept file."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

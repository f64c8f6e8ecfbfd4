from odoo import api, fields, models


class AccountMove(models.Model):
    """Documents of an invoice that are kept as they were sent."""

    # pylint: disable=consider-merging-classes-inherited
    _inherit = "account.move"

    kept_document_ids = fields.One2many(
        "ticket.billing.document",
        "move_id",
        groups="ticket_billing.group_biller,ticket_billing.group_auditor",
    )
    kept_document_count = fields.Integer(
        compute="_compute_kept_document_count",
        groups="ticket_billing.group_biller,ticket_billing.group_auditor",
    )

    @api.depends("kept_document_ids")
    def _compute_kept_document_count(self):
        for move in self:
            move.kept_document_count = len(move.kept_document_ids)

    def _get_current_documents(self) -> dict:
        """The files of the posted invoice, by kind."""
        self.ensure_one()
        files = {
            "invoice": self.invoice_pdf_report_id,
            "einvoice": self.ubl_cii_xml_id,
            "service_report": self.service_report_id,
        }
        return {kind: file for kind, file in files.items() if file}

    def _keep_documents(self):
        """Keep the files of these invoices that are not kept yet."""
        kept = self.env["ticket.billing.document"].sudo()
        for move in self.filtered(lambda m: m._is_ticket_document()):
            known = move.sudo().kept_document_ids.attachment_id
            day = move.invoice_date or fields.Date.context_today(move)
            for kind, file in move.sudo()._get_current_documents().items():
                if file not in known:
                    kept |= kept._keep(file, kind, move.company_id, day, move)
        return kept

    def _note_documents_sent(self, partners):
        self.ensure_one()
        current = self.env["ir.attachment"].sudo()
        for file in self.sudo()._get_current_documents().values():
            current |= file
        documents = self.sudo().kept_document_ids
        documents.filtered(lambda d: d.attachment_id in current)._note_sent(partners)

    def _post(self, soft=True):
        posted = super()._post(soft)
        for move in posted.filtered("billing_run_id"):
            self.env["ticket.billing.seal"]._seal(move.sudo().billing_item_ids, move)
        return posted

    def action_view_kept_documents(self):
        """The kept files of this invoice."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_document_action"
        )
        action["domain"] = [("move_id", "=", self.id)]
        action["context"] = {}
        return action

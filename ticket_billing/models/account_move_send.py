from odoo import api, models

from ..einvoice import check_invoices


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _call_web_service_before_invoice_pdf_render(self, invoices_data):
        # The XML is there, the PDF is not: what is found here stops both.
        self._check_ticket_einvoices(invoices_data)
        return super()._call_web_service_before_invoice_pdf_render(
            {
                move: data
                for move, data in invoices_data.items()
                if not data.get("error")
            }
        )

    @api.model
    def _check_ticket_einvoices(self, invoices_data):
        """Hold the sending of invoices whose XML breaks an official rule."""
        documents = [
            (move, document)
            for move, data in invoices_data.items()
            if move._is_ticket_document() and not move.invoice_pdf_report_id
            for document in self._get_ticket_einvoices(move, data)
        ]
        reports = check_invoices([document for _move, document in documents])
        for (move, _document), report in zip(documents, reports, strict=True):
            if report.fatal:
                error = invoices_data[move].setdefault(
                    "error",
                    {
                        "error_title": self.env._(
                            "The e-invoice breaks official rules and was not sent:"
                        ),
                        "errors": [],
                    },
                )
                error["errors"] += [str(finding) for finding in report.fatal]
            move._note_einvoice_report(report)

    @api.model
    def _get_ticket_einvoices(self, move, data) -> list[bytes]:
        """The XML of its format, and the one that Odoo puts into every PDF."""
        own = data.get("ubl_cii_xml_attachment_values")
        documents = [own["raw"]] if own else []
        if data.get("invoice_edi_format") != "facturx":
            documents.append(self.env["account.edi.xml.cii"]._export_invoice(move)[0])
        return documents

    @api.model
    def _hook_if_errors(self, moves_data, allow_raising=True):
        result = super()._hook_if_errors(moves_data, allow_raising=allow_raising)
        for move, data in moves_data.items():
            if move.billing_delivery_state:
                move._set_delivery_failed(self._format_error_text(data["error"]))
        return result

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        if not move.billing_delivery_ids and not move._is_ticket_document():
            return super()._send_mail(move, mail_template, **kwargs)
        # Queued, not sent: the mail must not leave before the commit.
        queued = move.with_context(mail_notify_force_send=False)
        result = super()._send_mail(queued, mail_template, **kwargs)
        move._take_over_mails()
        return result

    # ---------------------------------------------------------- service report

    @api.model
    def _link_invoice_documents(self, invoices_data):
        result = super()._link_invoice_documents(invoices_data)
        moves = self.env["account.move"].union(*invoices_data)
        self._create_service_reports(
            moves.filtered(lambda m: m._needs_service_report())
        )
        return result

    @api.model
    def _create_service_reports(self, moves):
        """Print and keep the reports: what is mailed again is the same document."""
        reports = self.env["ir.actions.report"].sudo()
        name = "ticket_billing.service_report"
        for company, group in moves.grouped("company_id").items():
            content, kind = reports.with_company(company)._pre_render_qweb_pdf(
                name, res_ids=group.ids
            )
            documents = reports._get_splitted_report(name, content, kind)
            reports.env["ir.attachment"].create(
                [
                    {
                        "name": move._get_service_report_filename("pdf"),
                        "raw": documents[move.id],
                        "mimetype": "application/pdf",
                        "res_model": move._name,
                        "res_id": move.id,
                        "res_field": "service_report_file",
                    }
                    for move in group
                ]
            )
        moves.invalidate_recordset(["service_report_id", "service_report_file"])

    @api.model
    def _get_invoice_extra_attachments(self, move):
        return super()._get_invoice_extra_attachments(move) + move.service_report_id

    @api.model
    def _get_placeholder_mail_attachments_data(self, move, **kwargs):
        """Show in the dialog that the report will be there."""
        results = super()._get_placeholder_mail_attachments_data(move, **kwargs)
        if move._needs_service_report():
            name = move._get_service_report_filename("pdf")
            results.append(
                {
                    "id": f"placeholder_{name}",
                    "name": name,
                    "mimetype": "application/pdf",
                    "placeholder": True,
                }
            )
        return results

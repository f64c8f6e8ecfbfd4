from odoo import api, models

from ..einvoice import check_invoices


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _call_web_service_before_invoice_pdf_render(self, invoices_data):
        # The XML is there, the PDF is not: what is found here stops both.
        self._check_ticket_einvoices(invoices_data)
        return super()._call_web_service_before_invoice_pdf_render(
            {move: data for move, data in invoices_data.items() if not data.get("error")}
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

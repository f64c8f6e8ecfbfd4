import io

from odoo import models

from ..tools.offline_html import without_remote_content


class IrActionsReport(models.Model):
    """Kept documents are printed from the file; nothing is fetched for a PDF."""

    _inherit = "ir.actions.report"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        kept = self._get_kept_files(report_ref, res_ids, data)
        others = [res_id for res_id in res_ids or () if res_id not in kept]
        if not kept:
            return super()._render_qweb_pdf_prepare_streams(
                report_ref, data, res_ids=res_ids
            )
        streams = {}
        if others:
            streams = super()._render_qweb_pdf_prepare_streams(
                report_ref, data, res_ids=others
            )
        for res_id, attachment in kept.items():
            stream = io.BytesIO(attachment.raw)
            streams[res_id] = {"stream": stream, "attachment": attachment}
        return {res_id: streams[res_id] for res_id in res_ids if res_id in streams}

    def _get_kept_files(self, report_ref, res_ids, data) -> dict:
        """The files that this report would render once more, by record."""
        report = self._get_report(report_ref)
        if report.model != "account.move" or (data or {}).get("proforma"):
            return {}
        if self._is_invoice_report(report_ref):
            kind = "invoice"
        elif report.report_name == "ticket_billing.service_report":
            kind = "service_report"
        else:
            return {}
        kept = {}
        for move in self.env["account.move"].browse(res_ids).sudo():
            file = move._get_current_documents().get(kind)
            if file and file in move.kept_document_ids.attachment_id:
                kept[move.id] = file
        return kept

    # ------------------------------------------------------------------- fetch

    def _run_wkhtmltopdf(
        self, bodies, report_ref=False, header=None, footer=None, **options
    ):
        if report_ref and self._is_offline_report(report_ref):
            base = self._get_report_url()
            bodies = [without_remote_content(body, base) for body in bodies]
            header = header and without_remote_content(header, base)
            footer = footer and without_remote_content(footer, base)
        return super()._run_wkhtmltopdf(
            bodies, report_ref=report_ref, header=header, footer=footer, **options
        )

    def _is_offline_report(self, report_ref) -> bool:
        """Whether it prints texts that customers and technicians write."""
        model = self._get_report(report_ref).model
        return model in ("account.move", "helpdesk.ticket") or model.startswith(
            "ticket.billing."
        )

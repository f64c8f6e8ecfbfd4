from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    """What is sent is kept, and sent again as it was."""

    # pylint: disable=consider-merging-classes-inherited
    _inherit = "account.move.send"

    @api.model
    def _link_invoice_documents(self, invoices_data):
        result = super()._link_invoice_documents(invoices_data)
        self.env["account.move"].union(*invoices_data)._keep_documents()
        return result

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        move._keep_documents()
        result = super()._send_mail(move, mail_template, **kwargs)
        partners = self.env["res.partner"].browse(kwargs.get("partner_ids"))
        move._note_documents_sent(partners)
        return result

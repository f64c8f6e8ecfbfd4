from odoo import api, models


class IrAttachment(models.Model):
    """Files of kept documents stay as they are."""

    _inherit = "ir.attachment"

    def write(self, vals):
        # To take a file off its field is no change of it: a corrected invoice gets
        # another one.
        if not self._get_kept_fields().isdisjoint(vals):
            self._check_not_kept()
        return super().write(vals)

    def unlink(self):
        # Not by ``ondelete``: for some countries Odoo only detaches the file.
        self._check_not_kept()
        return super().unlink()

    @api.model
    def _get_kept_fields(self) -> set[str]:
        return {
            "raw", "datas", "db_datas", "store_fname", "checksum", "file_size",
            "res_model", "res_id", "company_id", "type", "url", "mimetype",
        }  # fmt: skip

    def _check_not_kept(self):
        documents = self.env["ticket.billing.document"].sudo()
        documents.search([("attachment_id", "in", self.ids)])._check_released()

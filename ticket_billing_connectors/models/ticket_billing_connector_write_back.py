# pylint: disable=consider-merging-classes-inherited
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..systems.registry import SYSTEMS

#: What needs somebody's attention.
TROUBLE = ("failed", "unknown")


class TicketBillingConnector(models.Model):
    """Writing the invoice number back to the tickets, where that is wanted."""

    _inherit = "ticket.billing.connector"

    write_back = fields.Selection(
        [
            ("none", "Nothing"),
            ("note", "An internal note"),
            ("field", "A field"),
            ("tag", "A tag"),
        ],
        string="Write invoices back as",
        required=True,
        default="none",
        copy=False,
        tracking=True,
        help="When an invoice is posted, each of its tickets gets the number. A note"
        " also tells the billed time and links to the invoice.",
    )
    write_back_field = fields.Char(
        string="Field for invoices",
        tracking=True,
        help="Name (in Redmine: number) of the text field of tickets that takes the"
        " numbers of their invoices. Example: billed_invoice",
    )
    write_back_ids = fields.One2many(
        "ticket.billing.write.back", "connector_id", readonly=True
    )
    write_back_count = fields.Integer(
        string="Written back", compute="_compute_write_back_counts"
    )
    write_back_trouble_count = fields.Integer(
        string="Not written back", compute="_compute_write_back_counts"
    )

    @api.depends("write_back_ids.state")
    def _compute_write_back_counts(self):
        model = "ticket.billing.write.back"
        done = self._count(model, [("state", "=", "done")])
        trouble = self._count(model, [("state", "in", TROUBLE)])
        for connector in self:
            connector.write_back_count = done.get(connector.id, 0)
            connector.write_back_trouble_count = trouble.get(connector.id, 0)

    @api.constrains("write_back", "write_back_field", "system")
    def _check_write_back(self):
        for connector in self.filtered(lambda c: c.write_back != "none"):
            if connector.write_back not in SYSTEMS[connector.system].write_back:
                raise ValidationError(
                    self.env._(
                        "%(system)s cannot be written to like this: choose another way"
                        " to write invoices back.",
                        system=SYSTEMS[connector.system].name,
                    )
                )
            if connector.write_back == "field" and not connector.write_back_field:
                raise ValidationError(
                    self.env._("Enter the field that takes the numbers of invoices.")
                )

    def _get_concern(self) -> str:
        texts = [super()._get_concern()]
        trouble = self.write_back_ids.filtered(
            lambda row: row.state == "failed" or row.asked
        )
        if trouble:
            texts.append(
                self.env._(
                    "%(count)s invoices could not be written back to %(connector)s."
                    " Open them to see what to do.",
                    count=len(trouble),
                    connector=self.name,
                )
            )
        return " ".join(filter(None, texts))

    def action_view_write_backs(self):
        context = {"search_default_trouble": 1} if self.write_back_trouble_count else {}
        return self._view_own("ticket_billing_write_back_action", context)

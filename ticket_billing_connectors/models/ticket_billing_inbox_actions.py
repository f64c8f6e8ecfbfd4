from odoo import api, fields, models
from odoo.exceptions import UserError

from .ticket_billing_import_base import AFTER_BILLING


class TicketBillingInbox(models.Model):
    """What can be done about a record that waits, beside trying again."""

    _inherit = "ticket.billing.inbox"  # pylint: disable=consider-merging-classes-inherited

    after_billing = fields.Boolean(compute="_compute_after_billing")

    @api.depends("reason")
    def _compute_after_billing(self):
        for row in self:
            row.after_billing = row.reason in AFTER_BILLING

    def _get_link(self):
        """Return the link of the record, empty if it never came in."""
        self.ensure_one()
        return self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.connector_id.id),
                ("remote_type", "=", self.remote_type),
                ("remote_id", "=", self.remote_id),
            ]
        )

    def _is_kept_by(self, record) -> bool:
        """Say whether billing keeps ``record`` from what this would change."""
        self.ensure_one()
        if self.remote_type == "ticket":
            return record._is_billing_settled()
        return record.billing_locked

    def action_correct(self):
        """Take changes of billed time over as corrections."""
        self.env["ticket.billing.rater"]._check_biller()
        self.check_access("write")
        held = self.filtered(
            lambda row: (
                row.state == "held"
                and row.remote_type == "time_entry"
                and row.after_billing
            )
        )
        for connector, rows in held.grouped("connector_id").items():
            refused = (
                self.env["ticket.billing.after.billing"]
                .sudo()
                ._correct(connector.sudo(), rows.sudo())
            )
            if refused:
                raise UserError(
                    self.env._(
                        "%(record)s: day, ticket or agent of billed time cannot be"
                        " corrected. Credit the invoice with its work released, then"
                        " try again.",
                        record=refused[0]._get_subject(),
                    )
                )
            connector.sudo()._update_activity()

    def action_view_invoices(self):
        """Open the invoices that have to be credited."""
        self.ensure_one()
        record = self._get_link()._get_target()
        items = record.sudo().billing_item_ids.filtered("live")
        invoices = items.invoice_id
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        action["domain"] = [("id", "in", invoices.ids)]
        action["context"] = {}
        if len(invoices) == 1:
            action.update(res_id=invoices.id, views=[(False, "form")])
        return action

    def action_view_record(self):
        """Open the ticket here that the record belongs to."""
        self.ensure_one()
        record = self._get_link()._get_target()
        ticket = record if self.remote_type == "ticket" else record.ticket_id
        if not ticket:
            raise UserError(self.env._("It has not come in yet."))
        return ticket.get_formview_action()

    def action_view_payload(self):
        self.ensure_one()
        return self.env["ticket.billing.payload"]._view(
            self.connector_id, self.remote_type, self.remote_id
        )

    # Telling somebody

    def _warn_after_billing(self):
        """Tell those who are responsible for billed work that has changed."""
        for row in self.filtered("after_billing"):
            record = row._get_link()._get_target()
            if row.remote_type == "ticket":
                row._warn_customers(record)
            elif record._name == "account.analytic.line" and (
                row.reason == "deleted_after_billing"
            ):
                record._set_deleted_upstream()

    def _warn_customers(self, ticket):
        """A billed ticket has another customer now: both have to be looked at."""
        key = self.env["ticket.billing.match"]._get_customer_key(self._get_record())
        link = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.connector_id.id),
                ("remote_type", "=", "customer"),
                ("remote_id", "=", key),
            ]
        )
        before, after = ticket.commercial_partner_id, link.partner_id
        message = self.env._(
            "Ticket %(ticket)s was billed to %(before)s, and belongs to %(after)s in"
            " the ticket system now. Credit the invoice with its work released, then"
            " try again under Held Records: the work is billed to %(after)s. Or dismiss"
            " the change there.",
            ticket=ticket.number,
            before=before.name,
            after=after.name,
        )
        contract = self.env["ticket.billing.contract"].search(
            [
                ("partner_id", "=", after.id),
                ("company_id", "=", ticket.company_id.id),
                ("state", "=", "active"),
            ],
            limit=1,
        )
        run = self.env["ticket.billing.run"].sudo()
        run._warn(ticket, message, ticket.billing_contract_id.user_id)
        if contract:
            run._warn(contract, message, contract.user_id)

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ticket.billing.approvable"]

    billing_run_id = fields.Many2one(
        "ticket.billing.run",
        string="Billing run",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    service_period_start = fields.Date(
        string="Service from", copy=False, help="First day of the billed work."
    )
    service_period_end = fields.Date(
        string="Service to", copy=False, help="Last day of the billed work."
    )
    cost_center_ref = fields.Char(
        string="Cost centre",
        copy=False,
        help="The customer's own cost centre for the work on this invoice.",
    )
    billing_item_ids = fields.One2many("ticket.billing.item", "invoice_id")
    billing_item_count = fields.Integer(compute="_compute_billing_figures")
    billing_ticket_count = fields.Integer(compute="_compute_billing_figures")
    has_releasable_work = fields.Boolean(
        compute="_compute_has_releasable_work", compute_sudo=True
    )
    billing_park_reason = fields.Text(
        string="To be looked at",
        copy=False,
        readonly=True,
        help="Why a person has to look at this invoice before it is posted.",
    )
    billing_released_by_id = fields.Many2one(
        "res.users", string="Released by", copy=False, readonly=True
    )
    billing_released_on = fields.Datetime(
        string="Released on", copy=False, readonly=True
    )

    service_report_file = fields.Binary(
        string="Service report", attachment=True, copy=False
    )
    service_report_id = fields.Many2one(
        "ir.attachment",
        compute=lambda self: self._compute_linked_attachment_id(
            "service_report_id", "service_report_file"
        ),
        depends=["service_report_file"],
    )

    @api.depends("invoice_line_ids.billing_item_ids")
    def _compute_billing_figures(self):
        for move in self:
            items = move._get_billing_items()
            move.billing_item_count = len(items)
            move.billing_ticket_count = len(items.ticket_id)

    def write(self, vals):
        # Odoo says of each new invoice that nobody has modified it, and then looks for
        # what that changes.
        if vals == {"is_manually_modified": False} and self.billing_run_id:
            if not any(self.mapped("is_manually_modified")):
                return True
        return super().write(vals)

    def _is_ticket_document(self) -> bool:
        """Whether this is an invoice of a billing run, or a credit note of one."""
        self.ensure_one()
        return bool(self.billing_run_id or self.reversed_entry_id.billing_run_id)

    def _get_billing_items(self):
        """Items that these invoices bill or these credit notes take back."""
        found = self.invoice_line_ids
        return found.billing_item_ids | found.credited_billing_item_ids

    @api.depends("invoice_line_ids.credited_billing_item_ids.state")
    def _compute_has_releasable_work(self):
        for move in self:
            items = move.invoice_line_ids.credited_billing_item_ids
            is_credit = move.move_type == "out_refund"
            move.has_releasable_work = is_credit and any(items.mapped("releasable"))

    def action_release_work(self):
        """Make what these credit notes take back billable again, minute by minute."""
        self.env["ticket.billing.rater"]._check_biller()
        items = self.invoice_line_ids.credited_billing_item_ids
        items.filtered(lambda item: item._is_releasable()).action_release()

    def action_view_billing_items(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        action["domain"] = [("id", "in", self._get_billing_items().ids)]
        action["context"] = {}
        return action

    def action_view_billing_tickets(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "helpdesk_mgmt.helpdesk_ticket_action"
        )
        action["domain"] = [("id", "in", self._get_billing_items().ticket_id.ids)]
        return action

    # -------------------------------------------------------------------- post

    def _get_missing_particulars(self) -> list[str]:
        """Names of the particulars that the law asks for and that are missing."""
        self.ensure_one()
        return self.env["ticket.billing.particulars"]._get_missing(self)

    def _get_corrected_invoices(self):
        """The invoices that this credit note corrects."""
        self.ensure_one()
        earlier = self._get_billing_items().entry_id.billing_item_ids.invoice_id
        return self.reversed_entry_id | earlier.filtered(
            lambda m: m.state == "posted" and m.move_type == "out_invoice" and m != self
        )

    def _reverse_moves(self, default_values_list=None, cancel=False):
        # What is taken back was done in the same period.
        values_list = default_values_list or [{} for _move in self]
        for move, values in zip(self, values_list, strict=True):
            if move._is_ticket_document():
                for name, value in move._get_service_values().items():
                    values.setdefault(name, value)
        return super()._reverse_moves(values_list, cancel=cancel)

    def _post(self, soft=True):
        # By whatever way it is posted: the ledger knows the run of an invoice.
        self._get_billing_runs()._check_four_eyes()
        for move in self.filtered(lambda m: m._is_ticket_document()):
            problem = move._get_posting_problem()
            if problem:
                raise UserError(problem)
        for move in self.filtered("billing_run_id"):
            policies = move.sudo().billing_item_ids.contract_id.policy_id
            self.env["ticket.billing.lock"]._leave_locked_period(move, policies[:1])
        posted = super()._post(soft)
        posted.filtered("billing_run_id").write(
            {
                "billing_released_by_id": self.env.uid,
                "billing_released_on": fields.Datetime.now(),
            }
        )
        return posted

    def _get_posting_problem(self) -> str | None:
        """Why this invoice stays a draft."""
        self.ensure_one()
        missing = self._get_missing_particulars()
        if not missing:
            return self._get_approval_problem()
        return self.env._(
            "%(customer)s: the invoice stays a draft, particulars are missing:"
            " %(missing)s. Complete them and release the run again.",
            customer=self.partner_id.display_name,
            missing=", ".join(missing),
        )

    # --------------------------------------------------------------- e-invoice

    def _get_order_reference(self) -> str | None:
        """Purchase order of the customer, of a credit note that of its invoice."""
        self.ensure_one()
        return (self.reversed_entry_id or self).ref or None

    def _get_contract_reference(self) -> str | None:
        """Numbers of the service contracts."""
        self.ensure_one()
        return (self.reversed_entry_id or self).invoice_origin or None

    def _has_one_cost_center(self) -> bool:
        """Whether all lines are for the same cost centre of the customer, or none."""
        self.ensure_one()
        lines = self.invoice_line_ids.filtered(lambda li: li.display_type == "product")
        return len({line.cost_center_ref or False for line in lines}) <= 1

    def _get_cost_center(self) -> str | None:
        """The customer's cost centre of the whole document."""
        self.ensure_one()
        return self.cost_center_ref or None if self._has_one_cost_center() else None

    def _note_einvoice_report(self, report):
        """Write into the chatter what else was found in the e-invoice."""
        self.ensure_one()
        notes = [str(finding) for finding in report.warnings]
        if not report.complete:
            notes.append(
                self.env._(
                    "Only the schema of the e-invoice was checked. The rules of"
                    " EN 16931 need the Python package saxonche."
                )
            )
        if notes:
            title = self.env._("Checks of the e-invoice:")
            self.message_post(body=Markup("<br/>").join([title, *notes]))

    def _post_billing(self) -> str | None:
        """Post one invoice of a run, or say why it stays a draft."""
        self.ensure_one()
        problem = self._get_posting_problem()
        if problem:
            return problem
        self._post(soft=False)
        return None

    # ---------------------------------------------------------- service report

    def _needs_service_report(self) -> bool:
        """Whether the service report has to be made for the mail."""
        self.ensure_one()
        policies = self.sudo()._get_billing_items().contract_id.policy_id
        return not self.service_report_id and any(
            policies.mapped("attach_service_report")
        )

    def _get_service_report_filename(self, extension: str) -> str:
        self.ensure_one()
        title = self.with_context(lang=self.partner_id.lang).env._("Service report")
        name = (self.name or "").replace("/", "_")
        return f"{title} {name}.{extension}".replace(" ", "_")

    def _get_fields_to_detach(self):
        return [*super()._get_fields_to_detach(), "service_report_file"]

    def get_extra_print_items(self):
        items = super().get_extra_print_items()
        if len(self) == 1 and self._is_ticket_document():
            items.append(
                {
                    "key": "ticket_service_report_xlsx",
                    "description": self.env._("Service report (XLSX)"),
                    "type": "ir.actions.act_url",
                    "url": f"/ticket_billing/service_report/{self.id}",
                    "target": "download",
                }
            )
        return items

    # -------------------------------------------------------------------- undo

    def _get_undo_problem(self) -> str | None:
        """Why this invoice is left alone when its run is undone."""
        self.ensure_one()
        if self.state != "posted":
            return None
        credits = self.reversal_move_ids.filtered(lambda m: m.state != "cancel")
        if credits:
            return self.env._(
                "%(invoice)s is credited already (%(credits)s).",
                invoice=self.name,
                credits=", ".join(credits.mapped("display_name")),
            )
        if self.payment_state != "not_paid":
            return self.env._("%(invoice)s is paid already.", invoice=self.name)
        return None

    def _undo_billing(self):
        """Credit this invoice, or delete its draft."""
        self.ensure_one()
        if self.state == "posted":
            self._credit_billing()
        else:
            # A number that was once given away is kept.
            if self._is_protected_by_audit_trail():
                self.button_cancel()
            else:
                self.unlink()

    def _credit_billing(self):
        """Credit note by Odoo's reversal, posted and reconciled."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model=self._name, active_ids=self.ids)
            .create(
                {
                    "journal_id": self.journal_id.id,
                    "date": max(today, self.invoice_date),
                    "reason": self.billing_run_id.name,
                }
            )
        )
        vals = {**wizard._prepare_default_reversal(self), "auto_post": "no"}
        self._reverse_moves([vals], cancel=True)
        self._cancel_delivery()

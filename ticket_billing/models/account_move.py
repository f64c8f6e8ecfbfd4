from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

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
    billing_item_ids = fields.One2many("ticket.billing.item", "invoice_id")
    billing_item_count = fields.Integer(compute="_compute_billing_figures")
    billing_ticket_count = fields.Integer(compute="_compute_billing_figures")
    has_releasable_work = fields.Boolean(
        compute="_compute_has_releasable_work", compute_sudo=True
    )
    billing_delivery_state = fields.Selection(
        [
            ("pending", "Pending"),
            ("queued", "In the mail queue"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        string="Delivery",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="Pending: will be sent by the scheduled action. Sent: the mail server"
        " took every mail. Failed: see the reason.",
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
    billing_delivery_message = fields.Char(
        string="Delivery problem", copy=False, readonly=True
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
                for name in (
                    "delivery_date",
                    "service_period_start",
                    "service_period_end",
                ):
                    values.setdefault(name, move[name])
        return super()._reverse_moves(values_list, cancel=cancel)

    def _post(self, soft=True):
        # By whatever way it is posted: the ledger knows the run of an invoice.
        runs = self.billing_run_id | self.sudo().billing_item_ids.run_id
        runs._check_four_eyes()
        for move in self.filtered(lambda m: m._is_ticket_document()):
            problem = move._get_posting_problem()
            if problem:
                raise UserError(problem)
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
            return None
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
            items = self.billing_item_ids
            # A number that was once given away is kept.
            if self._is_protected_by_audit_trail():
                self.button_cancel()
            else:
                self.unlink()
            items._reopen_corrections()

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
        if self.billing_delivery_state == "pending":
            self.billing_delivery_state = False

    # ----------------------------------------------------------------- deliver

    def _get_delivery_problem(self) -> str | None:
        """Why this invoice cannot be mailed."""
        self.ensure_one()
        if not self.partner_id.email:
            return self.env._(
                "%(customer)s has no e-mail address. Add one and send the invoice"
                " again.",
                customer=self.partner_id.display_name,
            )
        return None

    def _queue_billing(self) -> None:
        """Make the documents of pending invoices and put their mails into the queue.

        Never call it in the transaction that bills: it renders PDFs.
        """
        sendable = self.browse()
        for move in self:
            reason = move._get_delivery_problem()
            if reason:
                move._set_delivery_failed(reason)
            else:
                sendable |= move
        if sendable:
            sendable._generate_billing()

    def _generate_billing(self):
        try:
            with self.env.cr.savepoint():
                # Queued, not sent: the mail must not leave before the commit.
                self.env["account.move.send"].with_context(
                    mail_notify_force_send=False
                )._generate_and_send_invoices(
                    self, sending_methods=["email"], allow_raising=False
                )
        except UserError as error:
            if len(self) == 1:
                self._set_delivery_failed(str(error))
                return
            for move in self:
                move._generate_billing()
            return
        for move in self:
            if move.invoice_pdf_report_id:
                move.billing_delivery_state = "queued"
            elif move.billing_delivery_state != "failed":
                move._set_delivery_failed(
                    self.env._("The PDF could not be made: see the chatter.")
                )

    def _send_queued_billing(self) -> None:
        """Hand the queued mails to the mail server and read what became of them."""
        notifications = self._get_mail_notifications()
        waiting = notifications.mail_mail_id.filtered(lambda m: m.state == "outgoing")
        waiting.send()
        for move in self:
            move._read_delivery(move._get_mail_notifications())

    def _get_mail_notifications(self):
        """E-mails of the last invoice message of each move, one per recipient."""
        messages = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("attachment_ids", "!=", False),
                    ("notification_ids.notification_type", "=", "email"),
                ],
                order="id desc",
            )
        )
        last = messages.browse()
        for _res_id, group in messages.grouped("res_id").items():
            last |= group[:1]
        return last.notification_ids.filtered(lambda n: n.notification_type == "email")

    def _read_delivery(self, notifications):
        """Delivery state from the mails: sent only when every recipient has it."""
        self.ensure_one()
        failed = notifications.filtered(
            lambda n: n.notification_status in ("exception", "bounce", "canceled")
        )
        if failed or not notifications:
            labels = dict(
                notifications._fields["failure_type"]._description_selection(self.env)
            )
            self._set_delivery_failed(
                failed[:1].failure_reason
                or labels.get(failed[:1].failure_type)
                or self.env._("No mail was made: see the chatter.")
            )
        elif set(notifications.mapped("notification_status")) == {"sent"}:
            self.write(
                {"billing_delivery_state": "sent", "billing_delivery_message": False}
            )
            self.env["ticket.billing.run"]._clear_warning(self)

    def _set_delivery_failed(self, reason: str):
        self.ensure_one()
        self.billing_delivery_state = "failed"
        self.billing_delivery_message = reason
        self.env["ticket.billing.run"]._warn(self, reason, self.invoice_user_id)

    @api.model
    def _cron_deliver_billing(self, batch_size: int = 25):
        """Scheduled action: mail pending invoices, in batches that stay committed.

        A batch is committed before its mails leave: a crash can delay a mail, but
        never send it for an invoice that does not exist, nor twice.
        """
        # Reasons of failure are for the people of the company, not for OdooBot.
        self = self.with_context(lang=self.env.company.partner_id.lang)
        waiting = self.search(
            [
                ("billing_delivery_state", "in", ("pending", "queued")),
                ("state", "=", "posted"),
            ],
            order="id",
        )
        if not waiting:
            return
        problem = self.env["ir.mail_server"].sudo()._get_billing_problem()
        if problem:
            waiting.billing_delivery_message = problem
            return
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(waiting))
        for start in range(0, len(waiting), batch_size):
            batch = waiting[start : start + batch_size].try_lock_for_update()
            batch.filtered(
                lambda m: m.billing_delivery_state == "pending"
            )._queue_billing()
            cron._commit_progress()
            batch.filtered(
                lambda m: m.billing_delivery_state == "queued"
            )._send_queued_billing()
            if not cron._commit_progress(batch_size):
                break

    def action_deliver_billing(self):
        """Send again, or for the first time, in the background."""
        self.env["ticket.billing.rater"]._check_biller()
        self.filtered(lambda m: m.state == "posted").write(
            {"billing_delivery_state": "pending", "billing_delivery_message": False}
        )
        self.env.ref("ticket_billing.ir_cron_deliver")._trigger()

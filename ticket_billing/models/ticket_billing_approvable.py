import hashlib
import json
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from .ticket_billing_approval import GRANTED


class TicketBillingApprovable(models.AbstractModel):
    """Drafts that the customer releases first.

    For pages of customers: :meth:`_get_billing_approval_state`,
    :meth:`_get_billing_content_hash`, :meth:`_approve_billing` and
    :meth:`_question_billing_line`. They check the customer, and act beyond the rights
    of the user.
    """

    _name = "ticket.billing.approvable"
    _description = "Invoice That Its Customer Releases"

    billing_approval_ids = fields.One2many(
        "ticket.billing.approval", "move_id", string="Answers of the customer"
    )
    billing_approval_asked_on = fields.Datetime(
        string="Visible to the customer since", copy=False, readonly=True
    )
    billing_approval_sent_on = fields.Datetime(
        string="Customer told on", copy=False, readonly=True
    )
    billing_approval_reminded_on = fields.Datetime(
        string="Customer reminded on", copy=False, readonly=True
    )
    billing_approval_state = fields.Selection(
        [
            ("unasked", "Customer not asked"),
            ("waiting", "Waiting for the customer"),
            ("approved", "Approved"),
        ],
        string="Release by the customer",
        compute="_compute_billing_approval_state",
        compute_sudo=True,
    )

    @api.depends(
        "state",
        "billing_approval_asked_on",
        "billing_approval_ids",
        "invoice_line_ids.price_subtotal",
        "invoice_line_ids.name",
    )
    def _compute_billing_approval_state(self):
        for move in self:
            move.billing_approval_state = move._get_billing_approval_state()

    # --------------------------------------------------------------- public API

    def _get_billing_approval_state(self) -> str | None:
        """``unasked``, ``waiting`` or ``approved``; none where nobody has to ask.

        A draft that was changed after it was approved waits again.
        """
        self.ensure_one()
        move = self.sudo()
        granted = move.billing_approval_ids.filtered(lambda a: a.kind in GRANTED)
        if granted and move._get_billing_content_hash() in granted.mapped(
            "content_hash"
        ):
            return "approved"
        if move.state != "draft" or not move._get_release_policy():
            return None
        return "waiting" if move.billing_approval_asked_on else "unasked"

    def _get_billing_content_hash(self) -> str:
        """Fingerprint of what stands on the invoice."""
        self.ensure_one()
        return hashlib.sha256(self._get_billing_content().encode()).hexdigest()

    def _approve_billing(self, partner, content_hash: str | None = None):
        """The customer releases this draft.

        :param content_hash: fingerprint of what the customer has seen
        """
        move = self._check_customer(partner)
        if content_hash and content_hash != move._get_billing_content_hash():
            raise UserError(
                self.env._("The draft has changed. Look at it again, then approve it.")
            )
        move._note_approval("approved", partner)
        move._trigger_customer_release()

    def _question_billing_line(self, line, text: str, partner=None):
        """The customer questions a line: its work is held, the draft made again.

        :return: the drafts that replace this one
        """
        partner = partner or self.env.user.partner_id
        move = self._check_customer(partner)
        line = line.sudo()
        text = (text or "").strip()
        if not text or line.move_id != move or not line.billing_item_ids:
            raise UserError(self.env._("Choose a line of this draft and say why."))
        move._note_approval("questioned", partner, f"{line.name}\n{text}")
        line.env["ticket.billing.question"]._ask(line, text, partner)
        run, known = move.billing_run_id, move.billing_run_id.invoice_ids
        lines = run.line_ids.filtered(lambda li: move in li.invoice_ids)
        move._undo_billing()
        run._bill_again(lines)
        move._trigger_customer_release()
        return run.invoice_ids - known

    def _get_billing_approval_url(self) -> str:
        """Where the customer looks at the draft."""
        self.ensure_one()
        return f"{self.get_base_url()}{self.get_portal_url()}"

    # ------------------------------------------------------------------ content

    def _get_billing_content(self) -> str:
        """What the customer approves, in a form that is always the same."""
        self.ensure_one()
        lines = self.invoice_line_ids.sorted(lambda li: (li.sequence, li.id))
        content = {
            "customer": self.partner_id.display_name,
            "currency": self.currency_id.name,
            "net": f"{self.amount_untaxed:.2f}",
            "gross": f"{self.amount_total:.2f}",
            "lines": [
                {
                    "text": line.name or "",
                    "quantity": f"{line.quantity:.6f}",
                    "unit": line.product_uom_id.id,
                    "price": f"{line.price_unit:.6f}",
                    "discount": f"{line.discount:.6f}",
                    "taxes": sorted(line.tax_ids.ids),
                    "net": f"{line.price_subtotal:.2f}",
                }
                for line in lines
            ],
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    def _note_approval(self, kind: str, partner=None, text: str | None = None):
        """Write an answer down."""
        self.ensure_one()
        move = self.sudo()
        content = move._get_billing_content()
        return move.env["ticket.billing.approval"].create(
            {
                "move_id": move.id,
                "document": f"{move.billing_run_id.name} {move.display_name}",
                "company_id": move.company_id.id,
                "customer_id": move.commercial_partner_id.id,
                "kind": kind,
                "partner_id": partner and partner.id,
                "user_id": self.env.uid,
                "date": fields.Datetime.now(),
                "content": content,
                "content_hash": hashlib.sha256(content.encode()).hexdigest(),
                "text": text,
            }
        )

    def _check_customer(self, partner):
        """The draft, locked, with all rights, if ``partner`` may answer for it."""
        self.ensure_one()
        move = self.sudo()
        if not move._may_answer(partner.sudo()):
            raise AccessError(self.env._("This is not your invoice."))
        move.lock_for_update()
        if move.state != "draft" or not move.billing_approval_asked_on:
            raise UserError(self.env._("This invoice does not wait for you."))
        return move

    def _may_answer(self, partner) -> bool:
        """Whether ``partner`` may approve or question this draft."""
        self.ensure_one()
        return partner.commercial_partner_id == self.commercial_partner_id

    # ---------------------------------------------------------------------- ask

    def _get_release_policy(self):
        """The policy that lets the customer of this invoice release it, if any."""
        self.ensure_one()
        if self.move_type != "out_invoice" or not self.billing_run_id:
            return self.env["ticket.billing.policy"]
        policies = self.sudo().billing_item_ids.contract_id.policy_id
        return policies.filtered("customer_release")[:1]

    def _is_billing_approved(self) -> bool:
        """Whether the customer has no say, or has approved."""
        return self._get_billing_approval_state() in (None, "approved")

    def _ask_billing_approval(self):
        """Show these drafts to their customers, who get a mail."""
        unasked = self.filtered(lambda m: m._get_billing_approval_state() == "unasked")
        if unasked:
            unasked.sudo().billing_approval_asked_on = fields.Datetime.now()
            self._trigger_customer_release()

    def action_ask_billing_approval(self):
        """Ask for drafts that somebody has looked at."""
        self.env["ticket.billing.rater"]._check_biller()
        self._ask_billing_approval()

    def action_waive_billing_approval(self):
        """Release drafts without the customer; who did is written down."""
        if not self.env.user.has_group("ticket_billing.group_approver"):
            raise AccessError(
                self.env._("Only approvers may release without the customer.")
            )
        for move in self.filtered(lambda m: not m._is_billing_approved()):
            move.billing_run_id._check_four_eyes()
            move._note_approval("waived")
        self._trigger_customer_release()

    def action_view_billing_approvals(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_approval_action"
        )
        action["domain"] = [("move_id", "=", self.id)]
        return action

    def _get_approval_problem(self) -> str | None:
        """That the customer has to answer before this draft is posted."""
        self.ensure_one()
        if self._is_billing_approved():
            return None
        return self.env._(
            "%(customer)s releases this invoice first and has not answered yet.",
            customer=self.partner_id.display_name,
        )

    # ---------------------------------------------------------------- follow up

    @api.model
    def _trigger_customer_release(self):
        cron = self.env.ref("ticket_billing.ir_cron_customer_release")
        cron.sudo()._trigger()

    @api.model
    def _cron_customer_release(self):
        """Scheduled action: tell and remind customers, post what is approved."""
        self = self.with_context(lang=self.env.company.partner_id.lang)
        waiting = self.search(
            [("state", "=", "draft"), ("billing_approval_asked_on", "!=", False)],
            order="id",
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(waiting))
        for move in waiting:
            locked = move.try_lock_for_update()
            if locked:
                locked._follow_up_approval()
            if not cron._commit_progress(1):
                break

    def _follow_up_approval(self):
        """The next step of one draft: a mail, or its release."""
        self.ensure_one()
        policy, now = self._get_release_policy(), fields.Datetime.now()
        if self._get_billing_approval_state() == "waiting":
            if self._is_approval_lapsed(policy, now):
                self._note_approval("automatic")
            else:
                self._tell_customer(policy, now)
        if self._get_billing_approval_state() == "approved":
            self._post_approved(policy)

    def _is_approval_lapsed(self, policy, now) -> bool:
        """Whether the customer has known of this draft long enough."""
        days, sent = policy.customer_release_days, self.billing_approval_sent_on
        if not days or not sent or self._has_changed_since_answer():
            return False
        return sent + timedelta(days=days) <= now

    def _has_changed_since_answer(self) -> bool:
        """Whether the customer approved what no longer stands there."""
        answered = max(self.billing_approval_ids.mapped("date"), default=None)
        return bool(answered and self.billing_approval_sent_on <= answered)

    def _tell_customer(self, policy, now):
        if not self._get_approval_recipients():
            problem = self._get_delivery_problem()
            self.env["ticket.billing.run"]._warn(self, problem, self.invoice_user_id)
        elif not self.billing_approval_sent_on or self._has_changed_since_answer():
            self._mail_approval("ticket_billing.mail_template_approval")
            self.write(
                {
                    "billing_approval_sent_on": now,
                    "billing_approval_reminded_on": False,
                }
            )
        elif policy.customer_reminder_days:
            last = self.billing_approval_reminded_on or self.billing_approval_sent_on
            if last + timedelta(days=policy.customer_reminder_days) <= now:
                self._mail_approval("ticket_billing.mail_template_approval_reminder")
                self.billing_approval_reminded_on = now

    def _mail_approval(self, template: str):
        """Put mails into the queue; they leave when this is committed."""
        for partner in self._get_approval_recipients():
            mailing = self.env.ref(template).sudo()
            mailing.with_context(template_preview_lang=partner.lang).send_mail(
                self.id,
                force_send=False,
                email_values={"recipient_ids": [Command.set(partner.ids)]},
            )

    def _get_approval_recipients(self):
        """Who is asked to approve this draft."""
        self.ensure_one()
        return self.partner_id.filtered("email")

    def _post_approved(self, policy):
        """Go on as the policy says; a draft that stays one waits for a person."""
        run = self.billing_run_id
        lines = run.line_ids.filtered(lambda li: self in li.invoice_ids)
        if policy.release in ("post", "send"):
            run._post_drafts(lines, lambda move: move == self)

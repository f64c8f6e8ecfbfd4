import json
from collections import Counter

from odoo import api, models
from odoo.fields import Domain

from odoo.addons.ticket_billing.models.ticket_billing_approval import GRANTED


class AccountMove(models.Model):
    """Drafts as their customers see them."""

    _inherit = "account.move"

    # ------------------------------------------------------------------ access

    @api.model
    def _get_portal_draft_domain(self, partner) -> Domain:
        """Drafts that were shown to a customer, for its billing contacts."""
        if not partner or not partner._is_billing_contact():
            return Domain.FALSE
        scope = partner._get_billing_portal_partners()
        return (
            Domain("state", "=", "draft")
            & Domain("move_type", "=", "out_invoice")
            & Domain("billing_approval_asked_on", "!=", False)
            & Domain("partner_id", "child_of", scope.ids)
            & Domain("company_id", "in", self.env.companies.ids)
        )

    @api.model
    def _get_portal_drafts(self, partner, domain=Domain.TRUE):
        """Drafts that ``partner`` may look at, with all rights, oldest first."""
        found = self.sudo().search(
            self._get_portal_draft_domain(partner) & Domain(domain),
            order="billing_approval_asked_on, id",
        )
        return found.filtered(lambda m: m._get_billing_approval_state())

    @api.model
    def _get_portal_waiting(self, partner):
        """Drafts that wait for an answer, for the contacts who see them."""
        return self._get_portal_drafts(partner).filtered(
            lambda move: move._get_billing_approval_state() == "waiting"
        )

    def _may_answer(self, partner) -> bool:
        user = self.env.user
        if user._is_internal():
            return super()._may_answer(partner)
        # For himself only, whatever stands in the request.
        return (
            partner == user.partner_id
            and partner._is_billing_approver()
            and self in self._get_portal_drafts(partner, [("id", "=", self.id)])
        )

    def _get_billing_approval_url(self) -> str:
        self.ensure_one()
        return f"{self.get_base_url()}/my/approvals/{self.id}"

    def _get_approval_recipients(self):
        """The approvers of the customer, or where there is none, whom it is sent to."""
        contacts = self.env["res.partner"]._get_billing_portal_contacts(
            self.partner_id, ("approver",)
        )
        return contacts.filtered("email") or super()._get_approval_recipients()

    # ------------------------------------------------------------------ answer

    def _question_billing_line(self, line, text: str, partner=None):
        partner = partner or self.env.user.partner_id
        run, name = self.sudo().billing_run_id, line.sudo().name
        drafts = super()._question_billing_line(line, text, partner)
        run.message_post(
            body=self.env._(
                "%(customer)s asks about “%(line)s”: %(text)s",
                customer=partner.display_name,
                line=name,
                text=text.strip(),
            ),
            author_id=partner.id,
            subtype_xmlid="mail.mt_note",
        )
        return drafts

    # -------------------------------------------------------------------- page

    def _get_portal_draft_values(self) -> dict:
        """What the page of a draft shows beside the fields of the draft."""
        self.ensure_one()
        granted = self.billing_approval_ids.filtered(lambda a: a.kind in GRANTED)
        policy = self._get_release_policy()
        return {
            "state": self._get_billing_approval_state(),
            "content_hash": self._get_billing_content_hash(),
            "lines": [line._get_portal_line() for line in self._get_portal_lines()],
            "answer": granted.sorted("id")[-1:],
            "changes": self._get_portal_changes(granted.sorted("id")[-1:]),
            "previous": self._get_portal_previous(),
            "questions": self._get_portal_questions(),
            "due_date": self._get_portal_due_date(),
            "release_days": policy.customer_release_days,
        }

    def _get_portal_lines(self):
        return self.invoice_line_ids.sorted(lambda li: (li.sequence, li.id))

    def _get_portal_due_date(self):
        dates = self._get_portal_receivables().mapped("date_maturity")
        return max(filter(None, dates), default=self.invoice_date_due)

    def _get_portal_receivables(self):
        return self.line_ids.filtered(lambda li: li.display_type == "payment_term")

    def _get_portal_changes(self, answer) -> list[dict]:
        """Lines that were added since ``answer``, and lines that are gone."""
        if not answer or answer.content_hash == self._get_billing_content_hash():
            return []
        earlier, now = (
            Counter((line["text"], line["net"]) for line in json.loads(text)["lines"])
            for text in (answer.content, self._get_billing_content())
        )
        return [
            {"text": text, "net": float(net), "is_new": is_new}
            for rows, is_new in ((earlier - now, False), (now - earlier, True))
            for text, net in rows.elements()
        ]

    def _get_portal_previous(self):
        """The invoice of the customer before this one, to compare with."""
        return self.search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("currency_id", "=", self.currency_id.id),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
                ("billing_run_id", "!=", False),
            ],
            order="invoice_date desc, id desc",
            limit=1,
        )

    def _get_portal_questions(self):
        """What was left out of the draft until a question is answered."""
        contracts = self.billing_item_ids.contract_id
        return self.env["ticket.billing.question"].search(
            [("contract_id", "in", contracts.ids), ("state", "=", "open")]
        )

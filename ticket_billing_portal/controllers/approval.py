from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import LockError, UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

URL = "/my/approvals"


class PortalApproval(CustomerPortal):
    """Drafts of invoices, which the approvers of a customer release or question."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "approval_count" in counters:
            values["approval_count"] = len(self._approval_get_drafts())
        return values

    @http.route(URL, type="http", auth="user", website=True)
    def portal_my_approvals(self, message=None, **kw):
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "approvals",
            "drafts": self._approval_get_drafts(),
            "message": message,
        }
        return request.render("ticket_billing_portal.portal_my_approvals", values)

    @http.route(f"{URL}/<int:move_id>", type="http", auth="user", website=True)
    def portal_my_approval(self, move_id, message=None, **kw):
        draft = self._approval_get_drafts([("id", "=", move_id)])
        if not draft:
            return self._approval_redirect_posted(move_id)
        partner = request.env.user.partner_id
        values = {
            **self._prepare_portal_layout_values(),
            **draft._get_portal_draft_values(),
            "page_name": "approval",
            "draft": draft,
            "can_answer": partner._is_billing_approver(),
            "message": message,
        }
        return request.render("ticket_billing_portal.portal_my_approval", values)

    @http.route(
        f"{URL}/<int:move_id>/approve",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_approve(self, move_id, content_hash="", **kw):
        draft = self._approval_get_draft_to_answer(move_id)
        if draft._get_billing_approval_state() == "approved":
            return self._approval_redirect(draft, "approved")
        partner = request.env.user.partner_id
        try:
            # Without the fingerprint nobody can say what the customer has seen.
            self._as_user(draft)._approve_billing(partner, content_hash or "none")
        except LockError:
            return self._approval_redirect(draft, "busy")
        except UserError:
            return self._approval_redirect(draft, "changed")
        return self._approval_redirect(draft, "approved")

    @http.route(
        f"{URL}/<int:move_id>/ask/<int:line_id>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_ask(self, move_id, line_id, text="", **kw):
        draft = self._approval_get_draft_to_answer(move_id)
        line = draft.invoice_line_ids.filtered(lambda li: li.id == line_id)
        if not line:
            # The draft was made again since the page was opened.
            return self._approval_redirect(draft, "changed")
        if not text.strip():
            return self._approval_redirect(draft, "empty")
        partner = request.env.user.partner_id
        try:
            drafts = self._as_user(draft)._question_billing_line(line, text, partner)
        except LockError:
            return self._approval_redirect(draft, "busy")
        return self._approval_redirect(drafts, "asked")

    # ----------------------------------------------------------------- helpers

    def _approval_get_drafts(self, domain=()):
        moves = request.env["account.move"]
        return moves._get_portal_drafts(request.env.user.partner_id, domain)

    def _approval_get_draft_to_answer(self, move_id: int):
        """The draft, for approvers; others are not told that it exists."""
        draft = self._approval_get_drafts([("id", "=", move_id)])
        user = request.env.user
        if not draft or not draft.with_user(user)._may_answer(user.partner_id):
            raise NotFound()
        return draft

    def _as_user(self, draft):
        """The draft as the user has it: his name stands under the answer."""
        return draft.with_user(request.env.user)

    def _approval_redirect(self, drafts, message: str):
        target = f"{URL}/{drafts.id}" if len(drafts) == 1 else URL
        return request.redirect(f"{target}?message={message}")

    def _approval_redirect_posted(self, move_id: int):
        """To the invoice that the draft became, if this user may see it."""
        moves = request.env["account.move"]
        if moves.has_access("read") and moves.search_count([("id", "=", move_id)]):
            return request.redirect(f"/my/invoices/{move_id}")
        raise NotFound()

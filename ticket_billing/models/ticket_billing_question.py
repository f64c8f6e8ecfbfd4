from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models


class TicketBillingQuestion(models.Model):
    """Work that a customer has questioned: held until somebody answers."""

    _name = "ticket.billing.question"
    _description = "Question of a Customer"
    _order = "state desc, create_date desc, id desc"
    _rec_name = "line_text"

    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    customer_id = fields.Many2one(
        related="contract_id.partner_id", store=True, string="Customer"
    )
    partner_id = fields.Many2one("res.partner", string="Asked by", required=True)
    line_text = fields.Text(string="Line", required=True)
    text = fields.Text(string="Question", required=True)
    state = fields.Selection(
        [("open", "Open"), ("answered", "Answered")],
        required=True,
        default="open",
        index=True,
    )
    answered_by_id = fields.Many2one("res.users", readonly=True)
    answered_on = fields.Datetime(readonly=True)
    entry_ids = fields.Many2many("account.analytic.line", string="Time entries")
    charge_ids = fields.Many2many("ticket.billing.charge", string="Charges")
    visit_ids = fields.Many2many("ticket.billing.visit", string="Visits")
    ticket_ids = fields.Many2many("helpdesk.ticket", string="Counted tickets")
    allotment_id = fields.Many2one("ticket.billing.allotment", string="Prepaid block")
    fee_id = fields.Many2one("ticket.billing.fee", string="Recurring fee")
    fee_date = fields.Date(string="Period of the fee")

    # ---------------------------------------------------------------------- ask

    @api.model
    def _ask(self, line, text: str, partner):
        """Hold what an invoice line bills, and tell the responsible."""
        items = self._get_items(line)
        values = [
            self._prepare_question(contract, group, line, text, partner)
            for contract, group in items.grouped("contract_id").items()
        ]
        questions = self.create(values)
        questions._notify()
        return questions

    @api.model
    def _get_items(self, line):
        """Items of a line; what a ticket as a whole costs stands for all of it."""
        items, others = line.billing_item_ids, line.move_id.billing_item_ids
        if all(item._get_source() for item in items):
            return items
        tickets = items.ticket_id
        return others.filtered(lambda i: not tickets or i.ticket_id in tickets)

    @api.model
    def _prepare_question(self, contract, items, line, text: str, partner) -> dict:
        fee = items.filtered("fee_id")[:1]
        block = items.filtered(lambda i: i.kind == "prepaid_block")[:1]
        counted = items.filtered(
            lambda i: (
                i.kind in ("overage", "quota_covered")
                and i.allotment_id
                and not i.entry_id
            )
        )
        return {
            "contract_id": contract.id,
            "partner_id": partner.id,
            "line_text": line.name,
            "text": text,
            "entry_ids": [(6, 0, items.entry_id.ids)],
            "charge_ids": [(6, 0, items.charge_id.ids)],
            "visit_ids": [(6, 0, items.visit_id.ids)],
            "ticket_ids": [(6, 0, counted.ticket_id.ids)],
            "allotment_id": block.allotment_id.id,
            "fee_id": fee.fee_id.id,
            "fee_date": fee.work_date,
        }

    def _notify(self):
        kind = self.env.ref("ticket_billing.mail_activity_question")
        for question in self:
            contract = question.contract_id
            contract.activity_schedule(
                activity_type_id=kind.id,
                note=Markup("%s: %s<br/>%s")
                % (question.partner_id.display_name, question.text, question.line_text),
                user_id=(contract.user_id or self.env.user).id,
            )

    # ------------------------------------------------------------------- rating

    @api.model
    def _get_open(self, contracts) -> dict:
        """Keys of what is questioned, per contract, as the rating names it."""
        result = defaultdict(set)
        for question in self.search(
            [("contract_id", "in", contracts.ids), ("state", "=", "open")]
        ):
            keys = result[question.contract_id]
            keys |= {("entry", entry.id) for entry in question.entry_ids}
            keys |= {("charge", charge.id) for charge in question.charge_ids}
            keys |= {("visit", visit.id) for visit in question.visit_ids}
            keys |= {("ticket", ticket.id) for ticket in question.ticket_ids}
            if question.allotment_id:
                keys.add(("block", question.allotment_id.id))
            if question.fee_id:
                first = question.fee_date.toordinal()
                keys.add(("fee", question.fee_id.id, first))
        return result

    # ------------------------------------------------------------------- answer

    def action_answer(self):
        """The work is right: the next run bills it."""
        self._answer()

    def action_write_off(self):
        """The customer is right: the work is goodwill, no one pays for it."""
        self.env["ticket.billing.rater"]._check_biller()
        for name in ("entry_ids", "charge_ids", "visit_ids"):
            self.sudo().mapped(name).write({"billing_type": "goodwill"})
        self._answer()

    def _answer(self):
        self.env["ticket.billing.rater"]._check_biller()
        self.check_access("read")
        self.sudo().write(
            {
                "state": "answered",
                "answered_by_id": self.env.uid,
                "answered_on": fields.Datetime.now(),
            }
        )
        kind = self.env.ref("ticket_billing.mail_activity_question")
        for contract in self.sudo().contract_id:
            if not self._get_open(contract):
                contract.activity_ids.filtered(
                    lambda a: a.activity_type_id == kind
                ).unlink()

from odoo import api, fields, models


class HelpdeskTicket(models.Model):
    _inherit = "helpdesk.ticket"

    billing_contract_id = fields.Many2one(
        "ticket.billing.contract",
        string="Service contract",
        compute="_compute_billing_contract_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        check_company=True,
        domain="[('partner_id', '=', commercial_partner_id)]",
        help="Prices the work of this ticket. Found by the customer.",
    )
    purchase_order_ref = fields.Char(
        string="Purchase order", help="The customer's order number for this ticket."
    )
    cost_center_ref = fields.Char(
        string="Cost centre",
        help="The customer's own cost centre for this ticket. Empty: that of the"
        " contract.",
    )
    service_partner_id = fields.Many2one(
        "res.partner",
        string="Service location",
        domain="[('commercial_partner_id', '=', commercial_partner_id)]",
        help="Where the work is done: the public holidays of this address count for"
        " surcharges. Empty: the customer's address.",
    )
    visit_ids = fields.One2many("ticket.billing.visit", "ticket_id", string="Visits")
    time_entry_ids = fields.One2many(
        "account.analytic.line", "ticket_id", string="Time entries"
    )
    charge_ids = fields.One2many("ticket.billing.charge", "ticket_id", string="Charges")
    billing_item_ids = fields.One2many("ticket.billing.item", "ticket_id")
    time_entry_count = fields.Integer(compute="_compute_time_figures")
    spent_minutes = fields.Integer(
        compute="_compute_time_figures", help="Minutes recorded on this ticket."
    )
    spent_hours = fields.Float(compute="_compute_time_figures")
    billing_item_count = fields.Integer(compute="_compute_billing_figures")
    billing_invoice_count = fields.Integer(compute="_compute_billing_figures")

    @api.depends("partner_id", "company_id", "category_id")
    def _compute_billing_contract_id(self):
        partners = self.partner_id.commercial_partner_id
        contracts = (
            self.env["ticket.billing.contract"]
            .sudo()
            .search(
                [("partner_id", "in", partners.ids), ("state", "=", "active")],
                order="date_start desc, id desc",
            )
        )
        by_customer = contracts.grouped(lambda c: (c.partner_id, c.company_id))
        for ticket in self:
            if ticket._is_billing_settled():
                continue
            key = ticket.partner_id.commercial_partner_id, ticket.company_id
            found = by_customer.get(key, contracts.browse())
            ticket.billing_contract_id = found._find_for_category(ticket.category_id)

    def _is_billing_settled(self) -> bool:
        self.ensure_one()
        items = self.sudo().billing_item_ids
        return any(item.settled and item.live for item in items)

    @api.depends("time_entry_ids.raw_minutes")
    def _compute_time_figures(self):
        groups = self.env["account.analytic.line"]._read_group(
            [("ticket_id", "in", self.ids)],
            ["ticket_id"],
            ["__count", "raw_minutes:sum"],
        )
        figures = {ticket: (count, total) for ticket, count, total in groups}
        for ticket in self:
            count, minutes = figures.get(ticket._origin, (0, 0))
            ticket.time_entry_count = count
            ticket.spent_minutes = minutes
            ticket.spent_hours = minutes / 60

    @api.depends("billing_item_ids.invoice_id")
    def _compute_billing_figures(self):
        for ticket in self:
            items = ticket.sudo().billing_item_ids.filtered("live")
            ticket.billing_item_count = len(items)
            ticket.billing_invoice_count = len(items.invoice_id)

    def write(self, vals):
        res = super().write(vals)
        # helpdesk_mgmt keeps the closing date of a reopened ticket.
        if vals.get("stage_id"):
            reopened = self.filtered(lambda t: t.closed_date and not t.closed)
            if reopened:
                super(HelpdeskTicket, reopened).write({"closed_date": False})
            closed = self.filtered("closed").sudo()
            closed.billing_contract_id._trigger_billing("ticket_closed")
        return res

    def _get_timesheet_project(self):
        """Project that time entries of this ticket are booked on."""
        self.ensure_one()
        return (
            self.billing_contract_id.project_id or self.company_id._get_ticket_project()
        )

    def _get_purchase_order(self) -> str:
        """The customer's order number, of the contract where the ticket has none."""
        self.ensure_one()
        contract = self.sudo().billing_contract_id
        return self.purchase_order_ref or contract.purchase_order_ref or ""

    def _get_charge_order(self) -> str:
        """The customer's order number for what comes with the time."""
        self.ensure_one()
        orders = self.time_entry_ids.filtered("purchase_order_ref").sorted("id")
        return (
            self.purchase_order_ref
            or orders[:1].purchase_order_ref
            or self._get_purchase_order()
        )

    def _get_billing_tz(self) -> str:
        self.ensure_one()
        return (
            self.sudo().billing_contract_id.tz
            or self.company_id.partner_id.tz
            or self.env.user.tz
            or "UTC"
        )

    def action_view_time_entries(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.time_entry_action"
        )
        action["domain"] = [("ticket_id", "=", self.id)]
        action["context"] = {"default_ticket_id": self.id}
        return action

    def action_view_billing_items(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        action["domain"] = [("ticket_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_view_billing_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        invoices = self.billing_item_ids.invoice_id
        action["domain"] = [("id", "in", invoices.ids)]
        action["context"] = {}
        return action

from odoo import api, fields, models


class TicketBillingRunLine(models.Model):
    """One contract in a billing run: what became of it, and why."""

    _name = "ticket.billing.run.line"
    _description = "Customer of a Billing Run"
    _order = "state, partner_id, id"

    run_id = fields.Many2one(
        "ticket.billing.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    contract_id = fields.Many2one(
        "ticket.billing.contract", required=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id", store=True, string="Customer"
    )
    currency_id = fields.Many2one(related="contract_id.currency_id")
    work_before = fields.Date(
        required=True, help="Work of this day and later is left for the next run."
    )
    closed_only = fields.Boolean(help="Only the work of closed tickets is billed.")
    state = fields.Selection(
        [
            ("todo", "To do"),
            ("held", "Held"),
            ("nothing", "Nothing to bill"),
            ("billed", "Billed"),
        ],
        required=True,
        default="todo",
        index=True,
    )
    message = fields.Text(readonly=True)
    invoice_ids = fields.Many2many("account.move", readonly=True)
    item_count = fields.Integer(compute="_compute_figures")
    open_minutes = fields.Integer(string="Minutes", compute="_compute_figures")
    held_count = fields.Integer(string="Held items", compute="_compute_figures")
    net = fields.Monetary(compute="_compute_figures")

    _contract_uniq = models.UniqueIndex(
        "(run_id, contract_id)", "A contract can only be once in a billing run."
    )

    def _get_item_domain(self) -> list:
        """Items of this line: settled by its run, or proposed for it."""
        self.ensure_one()
        return [
            ("contract_id", "=", self.contract_id.id),
            ("live", "=", True),
            "|",
            ("run_id", "=", self.run_id.id),
            "&",
            ("settled", "=", False),
            ("work_date", "<", self.work_before),
        ]

    @api.depends("state", "contract_id.item_ids.state")
    def _compute_figures(self):
        item = self.env["ticket.billing.item"]
        for line in self:
            groups = item._read_group(
                line._get_item_domain(),
                ["state"],
                ["__count", "net:sum", "billable_minutes:sum"],
            )
            figures = {state: values for state, *values in groups}
            wanted = [figures.get(state, (0, 0, 0)) for state in ("open", "billed")]
            line.item_count = sum(n for n, *_ in wanted)
            line.net = sum(net for _, net, _ in wanted)
            line.open_minutes = sum(minutes for *_, minutes in wanted)
            line.held_count = figures.get("held", (0,))[0]

    def _set_result(self, items, moves):
        """Note what became of the rated ``items`` and the new ``moves``."""
        self.ensure_one()
        held = [item for item in items if item.state == "held"]
        run = self.run_id
        self.invoice_ids |= self.env["account.move"].concat(*moves)
        if held:
            self.state = "held"
            self.message = self.env._(
                "%(count)s items are held: open them to see why.", count=len(held)
            )
            run._warn(self.contract_id, self.message, self.contract_id.user_id)
            return
        self.state = "billed" if self.invoice_ids else "nothing"
        self.message = False
        run._clear_warning(self.contract_id)

    def _set_posted(self):
        """All invoices of the line are posted: only held items may be left."""
        self.ensure_one()
        if not self.held_count:
            self.write({"state": "billed", "message": False})
            self.run_id._clear_warning(self.contract_id)

    def _is_released(self) -> bool:
        """Whether the policy lets the scheduled action post without a person."""
        self.ensure_one()
        return self.contract_id.policy_id.release in ("post", "send")

    def action_view_items(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing.ticket_billing_item_action"
        )
        action["domain"] = self._get_item_domain()
        action["context"] = {"search_default_group_state": 1}
        return action

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", self.invoice_ids.ids)]
        action["context"] = {}
        return action

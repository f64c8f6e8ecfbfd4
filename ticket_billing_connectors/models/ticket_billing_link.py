from odoo import api, fields, models

MODELS = {
    "ticket": "helpdesk.ticket",
    "time_entry": "account.analytic.line",
    "customer": "res.partner",
    "contact": "res.partner",
    "agent": "hr.employee",
    "activity": "ticket.billing.work.type",
    "charge": "ticket.billing.charge",
    "product": "product.product",
}
#: Field of the link that shows the target, for what users map by hand.
TARGET_FIELDS = {
    "customer": "partner_id",
    "contact": "partner_id",
    "agent": "employee_id",
    "activity": "work_type_id",
    "product": "product_id",
}


class TicketBillingLink(models.Model):
    """What stands for a remote record here."""

    _name = "ticket.billing.link"
    _description = "Link to a Remote Record"
    _inherit = "ticket.billing.connector.part"
    _order = "connector_id, remote_type, remote_name, remote_id"
    _rec_name = "remote_id"

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    remote_type = fields.Selection(
        [
            ("ticket", "Ticket"),
            ("time_entry", "Time entry"),
            ("customer", "Customer"),
            ("contact", "Contact"),
            ("agent", "Agent"),
            ("activity", "Activity"),
        ],
        required=True,
        readonly=True,
    )
    remote_id = fields.Char(string="Remote ID", required=True, readonly=True)
    parent_remote_id = fields.Char(
        readonly=True, help="Remote ID of the ticket a time entry belongs to."
    )
    remote_number = fields.Char(readonly=True)
    remote_url = fields.Char(string="Remote address", readonly=True)
    remote_name = fields.Char(readonly=True)
    remote_login = fields.Char(readonly=True)
    remote_email = fields.Char(readonly=True)
    remote_version = fields.Char(
        readonly=True, help="Fingerprint of the content that came in last."
    )
    res_model = fields.Char(compute="_compute_res_model", store=True)
    res_id = fields.Many2oneReference(model_field="res_model", string="Record")
    removed = fields.Boolean(
        readonly=True, help="The remote record is gone, and so is ours."
    )
    state = fields.Selection(
        [("unmapped", "Not mapped"), ("mapped", "Mapped"), ("removed", "Removed")],
        compute="_compute_state",
        store=True,
    )
    ambiguous = fields.Boolean(
        readonly=True, help="Several records fit: choose the right one."
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_targets",
        inverse="_inverse_partner_id",
        check_company=True,
        help="Example: the remote customer ACME is your customer Acme GmbH.",
    )
    employee_id = fields.Many2one(
        "hr.employee",
        compute="_compute_targets",
        inverse="_inverse_employee_id",
        check_company=True,
        help="Example: the remote agent agent.anna is your employee Anna Huber.",
    )
    work_type_id = fields.Many2one(
        "ticket.billing.work.type",
        compute="_compute_targets",
        inverse="_inverse_work_type_id",
        check_company=True,
        help="Example: the remote activity 'onsite' is your work type On-site.",
    )
    inbox_ids = fields.One2many("ticket.billing.inbox", "waiting_link_id")
    held_count = fields.Integer(string="Waiting", compute="_compute_held_count")

    _remote_uniq = models.Constraint(
        "UNIQUE(connector_id, remote_type, remote_id)",
        "This remote record is linked already.",
    )
    _target_idx = models.Index("(res_model, res_id)")
    _parent_idx = models.Index(
        "(connector_id, parent_remote_id) WHERE parent_remote_id IS NOT NULL"
    )

    @api.depends("remote_type")
    def _compute_res_model(self):
        for link in self:
            link.res_model = MODELS.get(link.remote_type)

    @api.depends("res_id", "removed")
    def _compute_state(self):
        for link in self:
            if link.removed:
                link.state = "removed"
            else:
                link.state = "mapped" if link.res_id else "unmapped"

    @api.depends("res_id", "remote_type")
    def _compute_targets(self):
        for link in self:
            link.update(dict.fromkeys(TARGET_FIELDS.values(), False))
            name = TARGET_FIELDS.get(link.remote_type)
            if name and link.res_id:
                link[name] = self.env[link.res_model].browse(link.res_id).exists()

    def _inverse_partner_id(self):
        self._set_target("partner_id")

    def _inverse_employee_id(self):
        self._set_target("employee_id")

    def _inverse_work_type_id(self):
        self._set_target("work_type_id")

    def _set_target(self, name):
        for link in self:
            if TARGET_FIELDS.get(link.remote_type) == name:
                link.res_id = link[name].id

    @api.depends("inbox_ids.state")
    def _compute_held_count(self):
        groups = self.env["ticket.billing.inbox"]._read_group(
            [("waiting_link_id", "in", self.ids), ("state", "=", "held")],
            ["waiting_link_id"],
            ["__count"],
        )
        counts = {link.id: count for link, count in groups}
        for link in self:
            link.held_count = counts.get(link.id, 0)

    @api.depends("remote_name", "remote_login", "remote_id")
    def _compute_display_name(self):
        for link in self:
            name = link.remote_name or link.remote_login
            known = name and name != link.remote_id
            link.display_name = (
                f"{name} ({link.remote_id})" if known else link.remote_id
            )

    def _release(self):
        """Import what was held for want of these links."""
        waiting = self.env["ticket.billing.inbox"].search(
            [("waiting_link_id", "in", self.ids), ("state", "=", "held")]
        )
        waiting._retry()

    def _get_target(self):
        """Return the linked record, empty if there is none (any more)."""
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id or []).exists()

    def action_view_held(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing_connectors.ticket_billing_inbox_action"
        )
        action["domain"] = [("waiting_link_id", "=", self.id)]
        return action

from odoo import api, fields, models
from odoo.exceptions import UserError


class TicketBillingVisit(models.Model):
    """One journey to a customer: who went, with how many vehicles, how far."""

    _name = "ticket.billing.visit"
    _description = "Visit"
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(
        string="Number", readonly=True, copy=False, default="/", index="trigram"
    )
    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one(related="ticket_id.company_id", store=True)
    contract_id = fields.Many2one(
        related="ticket_id.billing_contract_id", store=True, index=True
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    employee_ids = fields.Many2many(
        "hr.employee", string="Technicians", check_company=True
    )
    vehicles = fields.Integer(default=1, required=True)
    one_way_km = fields.Float(string="Distance one way (km)", digits=(9, 2))
    service_partner_id = fields.Many2one(
        "res.partner",
        string="Service location",
        compute="_compute_service_partner_id",
        store=True,
        readonly=False,
        precompute=True,
        help="Where the work was done: its public holidays count.",
    )
    billing_type = fields.Selection(
        [
            ("billable", "Billable"),
            ("internal", "Internal"),
            ("warranty", "Warranty"),
            ("goodwill", "Goodwill"),
        ],
        required=True,
        default="billable",
        help="Whether the way is charged.",
    )
    entry_ids = fields.One2many(
        "account.analytic.line", "visit_id", string="Time entries"
    )
    billing_item_ids = fields.One2many("ticket.billing.item", "visit_id")
    billing_exclusion_ids = fields.One2many("ticket.billing.exclusion", "visit_id")
    billing_locked = fields.Boolean(
        compute="_compute_billing_locked",
        store=True,  # so that billing and a change of the visit exclude each other
        help="Its journey is billed.",
    )

    _figures = models.Constraint(
        "CHECK(vehicles >= 0 AND COALESCE(one_way_km, 0) >= 0)",
        "Vehicles and distance of a visit cannot be negative.",
    )

    @api.depends("ticket_id.service_partner_id")
    def _compute_service_partner_id(self):
        for visit in self:
            visit.service_partner_id = (
                visit.service_partner_id or visit.ticket_id.service_partner_id
            )

    @api.depends("billing_item_ids.settled", "billing_item_ids.live")
    def _compute_billing_locked(self):
        for visit in self:
            visit.billing_locked = any(
                item.settled and item.live for item in visit.sudo().billing_item_ids
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                vals["name"] = (
                    self.env["ir.sequence"].next_by_code("ticket.billing.visit") or "/"
                )
        return super().create(vals_list)

    def write(self, vals):
        if not self._get_locked_fields().isdisjoint(vals):
            self._check_unlocked()
        return super().write(vals)

    def _get_purchase_order(self) -> str:
        """The customer's order number for this journey."""
        self.ensure_one()
        return self.ticket_id._get_charge_order()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._check_unlocked()
        self.sudo().billing_item_ids.filtered(lambda item: not item.settled).unlink()

    @api.model
    def _get_locked_fields(self) -> set[str]:
        return {"ticket_id", "date", "vehicles", "one_way_km", "billing_type"}

    def _check_unlocked(self):
        locked = self.filtered("billing_locked")
        if locked:
            raise UserError(
                self.env._(
                    "Visit %(visit)s on ticket %(ticket)s is billed already. Credit"
                    " the invoice first, then correct it.",
                    visit=locked[0].name,
                    ticket=locked[0].ticket_id.number,
                )
            )

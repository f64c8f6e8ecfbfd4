from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rating import Rounding, Travel, distance_travel, flat_travel, zone_travel


class TicketBillingPolicy(models.Model):
    _name = "ticket.billing.policy"
    _description = "Billing Policy"
    _inherit = [
        "mail.thread",
        "ticket.billing.customer.release",
        "ticket.billing.dry.run",
        "ticket.billing.trigger",
    ]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Leave empty to share this policy between companies."
    )

    # Minutes
    rounding_mode = fields.Selection(
        [
            ("none", "Exact minutes"),
            ("up", "Up"),
            ("nearest", "To the nearest"),
            ("down", "Down"),
        ],
        string="Round minutes",
        required=True,
        default="up",
        tracking=True,
    )
    increment_minutes = fields.Integer(
        string="In steps of",
        default=15,
        tracking=True,
        help="Billing increment. Example: with 15 minutes, 16 minutes rounded up are"
        " billed as 30.",
    )
    rounding_scope = fields.Selection(
        [
            ("entry", "Each time entry"),
            ("visit", "Each visit"),
            ("ticket", "Each ticket"),
            ("invoice", "Each invoice"),
        ],
        string="Round together",
        required=True,
        default="entry",
        help="What is added up before minutes are rounded. Work without a visit is"
        " rounded entry by entry.",
    )
    rounding_memory = fields.Selection(
        [
            ("invoice", "On its own"),
            ("lifetime", "Together with what was billed before"),
        ],
        string="Later work on a ticket",
        required=True,
        default="invoice",
        help="How work on a ticket is rounded that was billed before. Example:"
        " 10 minutes were billed as 15; 4 more cost nothing together, 15 on their own.",
    )
    first_block_minutes = fields.Integer(
        string="First block",
        help="Minutes billed for the first block. Example: first 30 minutes at once,"
        " then per increment.",
    )
    minimum_minutes = fields.Integer(
        string="At least", help="Smallest number of minutes billed per rounding scope."
    )

    # Surcharges
    surcharge_combination = fields.Selection(
        [
            ("highest", "The highest applies"),
            ("additive", "Percentages add up"),
            ("multiplicative", "Percentages multiply"),
        ],
        string="Overlapping surcharges",
        required=True,
        default="highest",
        help="What happens where two surcharge windows overlap, for example night"
        " and Sunday.",
    )
    surcharge_display = fields.Selection(
        [
            ("in_unit_price", "In the unit price"),
            ("separate_line", "On a line of its own"),
        ],
        string="Show surcharges",
        required=True,
        default="in_unit_price",
    )
    holiday_basis = fields.Selection(
        [
            ("service_location", "Where the work is done"),
            ("customer", "Address of the customer"),
            ("company", "Address of the company"),
        ],
        string="Public holidays of",
        required=True,
        default="service_location",
        help="State and town whose public holidays count. Where the work is done:"
        " the service location of visit or ticket, else the customer's address.",
    )

    # Prices
    unit_price_decimals = fields.Integer(
        default=2,
        required=True,
        help="Decimals of the price per hour on invoices. Prices are rounded before"
        " they are multiplied, so that every printed line multiplies out.",
    )
    warranty_display = fields.Selection(
        [
            ("hidden", "Leave them out"),
            ("discount_line", "Print them at a discount of 100 %"),
        ],
        string="Warranty and goodwill",
        required=True,
        default="hidden",
    )
    minimum_per_ticket = fields.Float(
        string="Minimum per ticket",
        digits=(16, 2),
        help="Smallest amount a ticket costs; a line on the invoice makes up the"
        " difference. 0: none.",
    )
    cap_per_ticket = fields.Float(
        digits=(16, 2),
        string="Not to exceed per ticket",
        help="Largest amount a ticket may cost; what is beyond it is not charged. 0:"
        " no limit.",
    )
    cap_scope = fields.Selection(
        [("lifetime", "All invoices of the ticket"), ("invoice", "Each invoice")],
        string="The limit holds for",
        required=True,
        default="lifetime",
    )
    cap_kind_ids = fields.Many2many(
        "ticket.billing.kind",
        "ticket_billing_policy_cap_kind_rel",
        string="The limit counts",
        help="Leave empty to count everything on the ticket.",
    )

    # Material and travel
    material_markup = fields.Float(
        digits=(6, 2),
        string="Markup on costs",
        help="In percent, on charges that are priced by their cost. The price of one"
        " piece is rounded, then multiplied.",
    )
    cost_rate_date = fields.Selection(
        [("invoice_date", "Invoice date"), ("charge_date", "Date of the charge")],
        string="Exchange rate of",
        required=True,
        default="invoice_date",
        help="Day whose exchange rate converts costs in other currencies.",
    )
    travel_mode = fields.Selection(
        [
            ("none", "Not charged by visit"),
            ("flat", "Flat per visit and vehicle"),
            ("km", "By kilometre"),
            ("zones", "By zone"),
        ],
        string="Travel",
        required=True,
        default="none",
        help="What a visit costs for the way. Travel time is recorded as work.",
    )
    travel_price = fields.Float(
        digits=(16, 4), help="Per visit and vehicle, or per kilometre and vehicle."
    )
    travel_round_trip = fields.Boolean(
        string="There and back",
        help="Charge the way back too. The distance of a visit is one way.",
    )
    travel_zone_ids = fields.One2many(
        "ticket.billing.travel.zone", "policy_id", copy=True
    )
    travel_beyond_price = fields.Float(
        string="Beyond the last zone",
        digits=(16, 4),
        help="Price per kilometre beyond the last zone. 0: the last zone holds"
        " however far it is.",
    )
    travel_product_id = fields.Many2one(
        "product.product",
        domain="[('type', '=', 'service')]",
        default=lambda self: self._default_travel_product_id(),
        help="Product of the invoice line: it brings account and taxes.",
    )

    # Invoice
    invoice_grouping = fields.Selection(
        [
            ("customer", "One invoice per customer"),
            ("project", "One invoice per project"),
            ("ticket", "One invoice per ticket"),
            ("purchase_order", "One invoice per purchase order"),
            ("cost_center", "One invoice per cost centre"),
            ("service_site", "One invoice per service location"),
        ],
        string="Invoices",
        required=True,
        default="customer",
    )
    line_grouping = fields.Selection(
        [
            ("entry", "One line per time entry"),
            ("visit", "One line per visit and price"),
            ("ticket", "One line per ticket and price"),
        ],
        string="Invoice lines",
        required=True,
        default="entry",
        help="Amounts are rounded once per invoice line, so this choice can change"
        " a total by cents.",
    )
    show_worker = fields.Boolean(
        default=True, help="Print who did the work on the invoice lines."
    )
    worker_lines = fields.Selection(
        [
            ("merged", "One line whoever worked"),
            ("separate", "Each technician a line of its own"),
        ],
        string="Technicians",
        required=True,
        default="merged",
        help="Whether the work of several technicians shares an invoice line, where"
        " lines are per visit or ticket.",
    )
    project_analytic = fields.Boolean(
        string="Analytic account of the project",
        help="Post the invoice lines on the analytic accounts of the projects whose"
        " work they bill.",
    )
    show_covered_lines = fields.Boolean(
        help="Also print the work covered by an allotment, at 0.00."
    )

    attach_service_report = fields.Boolean(
        help="Mail a list of all work, charges and visits with the invoice."
    )

    minimum_invoice = fields.Float(
        digits=(16, 2),
        string="Minimum invoice amount",
        help="Smaller invoices are not written: their work waits for the next run."
        " 0: no minimum.",
    )
    below_minimum = fields.Selection(
        [("carry_forward", "Carry it forward"), ("bill_anyway", "Bill it anyway")],
        string="Below the minimum",
        required=True,
        default="carry_forward",
    )
    po_required = fields.Boolean(
        string="Purchase order required",
        help="Work without the customer's order number is held.",
    )
    po_exceeded = fields.Selection(
        [("hold", "Hold the work"), ("warn", "Bill it, with a warning")],
        string="Purchase order used up",
        required=True,
        default="hold",
    )

    allotment_warning_percent = fields.Integer(
        string="Warn of allotments at",
        default=80,
        help="The responsible of a contract is told when so many percent of an"
        " allotment are used, and again when it is used up. 0: no warnings.",
    )

    # Release and delivery
    release = fields.Selection(
        [
            ("draft", "Leave drafts for checking"),
            ("post", "Post automatically"),
            ("send", "Post and send automatically"),
        ],
        string="Release of invoices",
        required=True,
        default="draft",
        tracking=True,
        help="What the billing run does with the invoices it has made.",
    )

    locked_period = fields.Selection(
        [
            ("hold", "Hold the work"),
            ("next", "Date the invoice on the first open day"),
        ],
        string="Locked period",
        required=True,
        default="hold",
        help="What happens when a lock date of accounting covers the invoice date."
        " The service period on the invoice never changes.",
    )

    park_amount = fields.Float(
        string="Look at invoices above",
        digits=(16, 2),
        help="Net amount above which a person releases the invoice, although the"
        " policy posts automatically. Example: 2,000. 0: no limit.",
    )
    park_first_invoice = fields.Boolean(
        string="Look at the first invoice",
        help="The first invoice of a customer is released by a person.",
    )
    park_deviation_percent = fields.Float(
        string="Look at deviations above",
        digits=(6, 2),
        help="In percent of the customer's usual invoice (median of six months), up"
        " or down. Example: 50. 0: none.",
    )
    park_sample_percent = fields.Float(
        string="Spot check",
        digits=(5, 2),
        help="Share of the invoices, in percent, that chance picks for a person to"
        " look at. Example: 5. 0: none.",
    )

    contract_ids = fields.One2many("ticket.billing.contract", "policy_id")
    contract_count = fields.Integer(compute="_compute_contract_count")

    _increment_positive = models.Constraint(
        "CHECK(increment_minutes > 0)", "The billing increment must be at least 1."
    )
    _minutes_positive = models.Constraint(
        "CHECK(COALESCE(first_block_minutes, 0) >= 0"
        " AND COALESCE(minimum_minutes, 0) >= 0)",
        "First block and minimum cannot be negative.",
    )
    _amounts_positive = models.Constraint(
        "CHECK(COALESCE(minimum_per_ticket, 0) >= 0"
        " AND COALESCE(cap_per_ticket, 0) >= 0"
        " AND COALESCE(minimum_invoice, 0) >= 0"
        " AND COALESCE(material_markup, 0) >= 0"
        " AND COALESCE(travel_price, 0) >= 0"
        " AND COALESCE(travel_beyond_price, 0) >= 0)",
        "Amounts and markups of a billing policy cannot be negative.",
    )
    _allotment_warning_percent_range = models.Constraint(
        "CHECK(COALESCE(allotment_warning_percent, 0) BETWEEN 0 AND 100)",
        "Allotments are warned of between 0 and 100 %.",
    )
    _park_figures = models.Constraint(
        "CHECK(COALESCE(park_amount, 0) >= 0"
        " AND COALESCE(park_deviation_percent, 0) >= 0"
        " AND COALESCE(park_sample_percent, 0) BETWEEN 0 AND 100)",
        "Limits for the release cannot be negative, a spot check is at most 100 %.",
    )
    _unit_price_decimals_range = models.Constraint(
        "CHECK(unit_price_decimals BETWEEN 0 AND 4)",
        "A price per hour has 0 to 4 decimals.",
    )

    @api.model
    def _default_travel_product_id(self):
        return self.env.ref("ticket_billing.product_journey", raise_if_not_found=False)

    @api.depends("contract_ids")
    def _compute_contract_count(self):
        for policy in self:
            policy.contract_count = len(policy.contract_ids)

    @api.constrains("travel_mode", "travel_zone_ids", "travel_product_id")
    def _check_travel(self):
        for policy in self:
            if policy.travel_mode == "zones" and not policy.travel_zone_ids:
                raise ValidationError(
                    self.env._(
                        "Policy %(policy)s charges travel by zone: add the zones.",
                        policy=policy.name,
                    )
                )
            if policy.travel_mode != "none" and not policy.travel_product_id:
                raise ValidationError(
                    self.env._(
                        "Policy %(policy)s charges travel: choose its product.",
                        policy=policy.name,
                    )
                )

    def _get_journey(self, one_way_km: float, vehicles: int) -> list[Travel]:
        """What the way to one visit costs, as lines of the rating core."""
        self.ensure_one()
        price = Decimal(str(self.travel_price))
        distance = Decimal(str(one_way_km))
        if self.travel_mode == "flat":
            return flat_travel(price, vehicles)
        if self.travel_mode == "km":
            return distance_travel(price, distance, self.travel_round_trip, vehicles)
        if self.travel_mode == "zones":
            zones = [
                (Decimal(str(zone.up_to_km)), Decimal(str(zone.price)))
                for zone in self.travel_zone_ids
            ]
            beyond = Decimal(str(self.travel_beyond_price)) or None
            return zone_travel(zones, distance, beyond, vehicles)
        return []

    def _get_cap(self) -> Decimal | None:
        self.ensure_one()
        return Decimal(str(self.cap_per_ticket)) or None

    def _get_rounding(self) -> Rounding:
        """Rounding of the rating core."""
        self.ensure_one()
        return Rounding(
            increment=self.increment_minutes,
            mode=self.rounding_mode,
            scope=self.rounding_scope,
            first_block=self.first_block_minutes,
            minimum=self.minimum_minutes,
            memory=self.rounding_memory,
        )

    def _get_dry_run(self) -> tuple:
        """A run of today, and what this policy would let it take up."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        contracts = self.contract_ids.filtered(
            lambda c: (
                c.state == "active"
                and not c.billing_paused
                and c.company_id == self.env.company
            )
        )
        run = self.env["ticket.billing.run"].new(
            {"company_id": self.env.company.id, "date": today, "scheduled": True}
        )
        scopes = self.env["ticket.billing.due"]._get_scopes(contracts, today)
        collector = self.env["ticket.billing.collector"]
        due = contracts.browse().union(
            *(
                collector._find_due(group, scope)
                for scope, group in contracts.grouped(scopes.get).items()
            )
        )
        return run, {contract: scopes[contract] for contract in due}

    @api.model
    def _get_dry_run_view(self) -> str:
        return "ticket_billing.ticket_billing_policy_view_dry_run"

    def action_view_contracts(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ticket.billing.contract",
            "view_mode": "list,form",
            "domain": [("policy_id", "=", self.id)],
            "context": {"default_policy_id": self.id},
            "name": self.env._("Contracts"),
        }

from collections import defaultdict
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..models.ticket_billing_collector import Scope, Work
from ..tools.simulated_rating import SimulatedRating


class TicketBillingSimulation(models.TransientModel):
    """What a contract would have billed in a past period, beside what was billed.

    Prices come from the rating that billing uses. Nothing is written but the lines
    of the comparison itself.
    """

    _name = "ticket.billing.simulation"
    _description = "What If: Compare a Contract"

    contract_id = fields.Many2one(
        "ticket.billing.contract",
        required=True,
        domain="[('state', '!=', 'closed')]",
        help="Its conditions price all work of its customer. To try other conditions,"
        " duplicate a contract and change the copy: a draft bills nothing.",
    )
    partner_id = fields.Many2one(related="contract_id.partner_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    date_from = fields.Date(
        string="Period",
        required=True,
        default=lambda self: self._get_last_month() + relativedelta(day=1),
    )
    date_to = fields.Date(
        required=True,
        default=lambda self: self._get_last_month() + relativedelta(day=31),
    )
    line_ids = fields.One2many(
        "ticket.billing.simulation.line", "simulation_id", string="Comparison"
    )
    compared = fields.Boolean(readonly=True)
    net_simulated = fields.Monetary(compute="_compute_totals")
    net_billed = fields.Monetary(compute="_compute_totals")
    difference = fields.Monetary(compute="_compute_totals")

    @api.model
    def _get_last_month(self):
        return fields.Date.context_today(self) - relativedelta(months=1)

    @api.depends("line_ids.net_simulated", "line_ids.net_billed")
    def _compute_totals(self):
        for simulation in self:
            lines = simulation.line_ids
            simulation.net_simulated = sum(lines.mapped("net_simulated"))
            simulation.net_billed = sum(lines.mapped("net_billed"))
            simulation.difference = simulation.net_simulated - simulation.net_billed

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for simulation in self:
            if simulation.date_from > simulation.date_to:
                raise ValidationError(self.env._("The period ends before it begins."))
            if simulation.date_to > fields.Date.context_today(self):
                raise ValidationError(
                    self.env._("Choose a period of the past: its work is known.")
                )

    def action_compare(self):
        """Price the work of the period by the contract and list it by ticket."""
        self.ensure_one()
        self.env["ticket.billing.rater"]._check_biller()
        self.contract_id.check_access("read")
        figures = self.sudo()._get_figures()
        self.line_ids.unlink()
        self.env["ticket.billing.simulation.line"].create(
            [
                {"simulation_id": self.id, "ticket_id": ticket, "kind": kind, **values}
                for (ticket, kind), values in figures.items()
            ]
        )
        self.compared = True
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What if"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _get_figures(self) -> dict:
        """Values of the lines by ticket id (none: the contract as a whole) and kind."""
        work = self._collect()
        billed = self._get_billed_items()
        self._check_currency(work, billed)
        figures = defaultdict(dict)
        for ticket, kind, minutes, net in billed._read_group(
            [("id", "in", billed.ids)],
            ["ticket_id", "kind"],
            ["billable_minutes:sum", "net:sum"],
        ):
            figures[ticket.id, kind] = {"minutes_billed": minutes, "net_billed": net}
        for key, items in self._simulate(work).items():
            figures[key].update(self._prepare_simulated(items))
        return figures

    # ---------------------------------------------------------------- simulated

    def _simulate(self, work: Work) -> dict:
        """Items that the contract would have made, by ticket id and kind."""
        rating = SimulatedRating(
            self.env["ticket.billing.rater"],
            self.contract_id,
            self.date_from,
            self.date_to,
        )
        groups = defaultdict(list)
        for item in rating.simulate(work):
            if item.state != "written_off":
                groups[item.ticket or False, item.kind].append(item)
        return groups

    @api.model
    def _prepare_simulated(self, items) -> dict:
        """Values of a line from the items of one ticket and kind."""
        reasons = {item.reason for item in items if item.state == "held"}
        return {
            "minutes_simulated": sum(item.billable_minutes for item in items),
            "net_simulated": float(sum(item.net for item in items)),
            "held_reasons": ",".join(sorted(reasons)),
            "explanation": [
                {
                    "day": item.day.isoformat(),
                    "employee": item.employee,
                    "minutes": item.billable_minutes,
                    "net": str(item.net),
                    "steps": [{"code": s.code, **s.figures} for s in item.steps],
                }
                for item in items
            ],
        }

    def _collect(self) -> Work:
        """All work of the customer in the period, whoever bills it or has billed."""
        contract = self.contract_id
        scope = Scope(self.date_to, self.date_to + timedelta(days=1), self.date_from)
        days = self.env["ticket.billing.collector"]._get_days(scope)
        work = days & self._get_customer_domain("ticket_id.commercial_partner_id")
        visits = self.env["ticket.billing.visit"]
        return Work(
            self.env["account.analytic.line"].search(work),
            self.env["ticket.billing.charge"].search(work),
            visits.search(work) if contract.policy_id.travel_mode != "none" else visits,
            self._get_counted_tickets(scope),
            self._get_blocks(),
            tuple(self._get_fees()),
        )

    def _get_customer_domain(self, owner: str) -> Domain:
        contract = self.contract_id
        return Domain(owner, "=", contract.partner_id.id) & Domain(
            "company_id", "=", contract.company_id.id
        )

    def _get_counted_tickets(self, scope: Scope):
        """Tickets that allotments of tickets have to count."""
        tickets = self.env["helpdesk.ticket"]
        collector = self.env["ticket.billing.collector"]
        for allotment in self.contract_id.allotment_ids:
            if allotment.unit == "tickets":
                tickets |= tickets.search(
                    self._get_customer_domain("commercial_partner_id")
                    & collector._get_counted_domain(allotment, scope)
                )
        return tickets

    def _get_blocks(self):
        """Prepaid blocks that can be used in the period: they count as bought in it."""
        return self.contract_id.allotment_ids.filtered(
            lambda a: (
                a.period == "block"
                and a.price
                and (not a.date_end or a.date_end >= self.date_from)
            )
        )

    def _get_fees(self):
        """Recurring fees of the periods that begin within this one."""
        for fee in self.contract_id.fee_ids:
            for first in fee._get_periods(
                self.date_to,
                fields.Date.to_date("9999-12-31"),
                (),
                (self.date_from, None),
            ):
                if first >= self.date_from:
                    yield fee, first

    # ------------------------------------------------------------------- billed

    def _get_billed_items(self):
        """What was billed to the customer, or covered, for the work of the period."""
        days = [("work_date", ">=", self.date_from), ("work_date", "<=", self.date_to)]
        of_work = [
            ("entry_id.date", ">=", self.date_from),
            ("entry_id.date", "<=", self.date_to),
        ]
        return self.env["ticket.billing.item"].search(
            self._get_customer_domain("partner_id")
            & Domain("state", "in", ("billed", "covered"))
            & Domain("settled", "=", True)
            & (Domain(of_work) | (Domain("entry_id", "=", False) & Domain(days)))
        )

    def _check_currency(self, work: Work, billed):
        """Amounts of two currencies cannot be compared."""
        contracts = work.get_tickets().billing_contract_id
        others = (contracts.currency_id | billed.currency_id) - self.currency_id
        if others:
            raise UserError(
                self.env._(
                    "%(contract)s is in %(currency)s, but the work of %(customer)s is"
                    " billed in %(other)s: the amounts cannot be compared.",
                    contract=self.contract_id.display_name,
                    currency=self.currency_id.name,
                    customer=self.partner_id.display_name,
                    other=others[0].name,
                )
            )

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rating import Rate, find_conflicts
from ..tools.number import format_number


class TicketBillingRate(models.Model):
    _name = "ticket.billing.rate"
    _description = "Rate"
    _order = "contract_id, work_type_id, employee_id, valid_from, id"

    contract_id = fields.Many2one(
        "ticket.billing.contract",
        index=True,
        ondelete="cascade",
        help="Leave empty for a standard rate of the company.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        help="Standard rates are for the contracts in their currency.",
    )
    work_type_id = fields.Many2one(
        "ticket.billing.work.type", help="Leave empty for all work types."
    )
    employee_id = fields.Many2one(
        "hr.employee", help="Leave empty for all employees.", check_company=True
    )
    ticket_id = fields.Many2one(
        "helpdesk.ticket",
        check_company=True,
        help="Leave empty for all tickets. A rate of a ticket beats all others.",
    )
    kind = fields.Selection(
        [
            ("fixed", "Price per hour"),
            ("adjust", "Added to the standard rate"),
            ("multiplier", "Factor on the standard rate"),
        ],
        required=True,
        default="fixed",
    )
    value = fields.Float(
        digits=(16, 4),
        required=True,
        help="Price per hour, amount per hour or factor, as the kind says."
        " Example: 95.00 per hour, +25.00 or 0.9.",
    )
    valid_from = fields.Date(help="First work date this rate is used for.")
    valid_to = fields.Date(help="Last work date this rate is used for.")

    _check_company_auto = True

    _validity = models.Constraint(
        "CHECK(valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to)",
        "A rate cannot end before it starts.",
    )
    _value_not_negative = models.Constraint(
        "CHECK(kind = 'adjust' OR value >= 0)", "A rate cannot be negative."
    )

    @api.depends("contract_id")
    def _compute_company_id(self):
        for rate in self:
            rate.company_id = (
                rate.contract_id.company_id or rate.company_id or self.env.company
            )

    @api.depends("contract_id.currency_id", "company_id")
    def _compute_currency_id(self):
        for rate in self:
            rate.currency_id = (
                rate.contract_id.currency_id
                or rate.currency_id
                or rate.company_id.currency_id
            )

    @api.depends("work_type_id", "employee_id", "kind", "value", "valid_from")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for rate in self:
            scope = [
                rate.ticket_id.number,
                rate.work_type_id.name,
                rate.employee_id.name,
            ]
            name = ", ".join(part for part in scope if part) or self.env._("All work")
            value = rate.currency_id.format(rate.value)
            if rate.kind == "adjust":
                value = f"+ {value}"
            elif rate.kind == "multiplier":
                value = f"× {format_number(self.env, rate.value)}"
            rate.display_name = f"{name}: {value}"

    @api.constrains(
        "contract_id",
        "company_id",
        "currency_id",
        "work_type_id",
        "employee_id",
        "ticket_id",
        "valid_from",
        "valid_to",
    )
    def _check_conflicts(self):
        """Refuse two rates of equal rank that are valid on the same day."""
        for contract, company, currency in {
            (rate.contract_id, rate.company_id, rate.currency_id) for rate in self
        }:
            siblings = self.search(
                [
                    ("contract_id", "=", contract.id),
                    ("company_id", "=", company.id),
                    ("currency_id", "=", currency.id),
                ]
            )
            for first, second in find_conflicts(siblings._get_rates()):
                raise ValidationError(
                    self.env._(
                        "%(first)s and %(second)s are equally specific and valid on"
                        " the same day. Set the last day of one of them, or say which"
                        " work type or employee it is for.",
                        first=self.browse(first).display_name,
                        second=self.browse(second).display_name,
                    )
                )

    def _get_rates(self) -> tuple[Rate, ...]:
        """Rates of the rating core, keyed by record id."""
        return tuple(
            Rate(
                key=rate.id,
                value=Decimal(str(rate.value)),
                kind=rate.kind,
                contract=rate.contract_id.id or None,
                work_type=rate.work_type_id.id or None,
                employee=rate.employee_id.id or None,
                ticket=rate.ticket_id.id or None,
                valid_from=rate.valid_from or None,
                valid_to=rate.valid_to or None,
            )
            for rate in self
        )

"""Customers, tickets and time entries in bulk, the same on every run."""

from datetime import date, datetime, timedelta
from itertools import cycle, islice

from odoo import Command, fields

WORK_MONTH = date(2026, 10, 1)
INVOICE_DAY = date(2026, 11, 1)
# Awkward on purpose: nothing but exact multiples would hide work of the tax engine.
MINUTES = (7, 50, 23, 91, 15, 38, 122, 64, 5, 45, 17, 210)
PRICES = (87.5, 95.0, 92.35, 118.0)
CHUNK = 2000


class Dataset:
    """Bulk data of the main company, which becomes a German one with SKR03."""

    def __init__(self, env, tickets_per_customer: int, entries_per_ticket: int):
        self.tickets_per_customer = tickets_per_customer
        self.entries_per_ticket = entries_per_ticket
        self.company = _make_company_german(env)
        self.env = env(context=dict(env.context, tracking_disable=True))
        work_types = self.env["ticket.billing.work.type"].search([])
        tax = self.company.account_sale_tax_id
        work_types.product_id.write({"taxes_id": [Command.link(tax.id)]})
        self.work_types = work_types
        self.employees = self.env["hr.employee"].create(
            [
                {"name": name, "company_id": self.company.id, "hourly_cost": 40}
                for name in ("Anna Huber", "Bert Krüger", "Cora Lang")
            ]
        )
        self.policy = self.env["ticket.billing.policy"].create(
            {"name": "Benchmark", "rounding_mode": "up", "increment_minutes": 15}
        )

    @property
    def entries_per_customer(self) -> int:
        return self.tickets_per_customer * self.entries_per_ticket

    def create_contracts(self, count: int):
        """Contracts of ``count`` new customers, with their work."""
        partners = self.env["res.partner"].create(
            [self._prepare_partner(number) for number in range(count)]
        )
        contracts = self.env["ticket.billing.contract"].create(
            [
                self._prepare_contract(partner, price)
                for partner, price in zip(partners, cycle(PRICES), strict=False)
            ]
        )
        contracts.action_activate()
        tickets = self.env["helpdesk.ticket"].create(
            [
                self._prepare_ticket(partner, number)
                for partner in partners
                for number in range(self.tickets_per_customer)
            ]
        )
        self._create_entries(tickets)
        return contracts

    def _create_entries(self, tickets):
        vals_list = [
            self._prepare_entry(ticket, number)
            for ticket in tickets
            for number in range(self.entries_per_ticket)
        ]
        chosen = zip(vals_list, cycle(MINUTES), cycle(self.work_types), strict=False)
        for vals, minutes, work_type in chosen:
            stop = vals["billing_start"] + timedelta(minutes=minutes)
            vals.update(billing_stop=stop, work_type_id=work_type.id)
        values = iter(vals_list)
        while chunk := list(islice(values, CHUNK)):
            self.env["account.analytic.line"].create(chunk)

    def _prepare_partner(self, number: int) -> dict:
        return {
            "name": f"Kunde {number} GmbH",
            "is_company": True,
            "street": f"Werkstraße {number}",
            "zip": "70173",
            "city": "Stuttgart",
            "country_id": self.company.country_id.id,
            "lang": "en_US",
        }

    def _prepare_contract(self, partner, price: float) -> dict:
        night = {"name": "Night", "percent": 50, "time_from": 18, "time_to": 6}
        return {
            "name": "Support",
            "partner_id": partner.id,
            "company_id": self.company.id,
            "currency_id": self.company.currency_id.id,
            "policy_id": self.policy.id,
            "tz": "Europe/Berlin",
            "date_start": "2026-01-01",
            "rate_ids": [Command.create({"value": price})],
            "surcharge_ids": [Command.create(night)],
        }

    def _prepare_ticket(self, partner, number: int) -> dict:
        return {
            "name": f"Printer {number} jams",
            "description": "Printer jams",
            "partner_id": partner.id,
            "company_id": self.company.id,
        }

    def _prepare_entry(self, ticket, number: int) -> dict:
        day = WORK_MONTH + timedelta(days=(ticket.id + 7 * number) % 28)
        start = datetime(day.year, day.month, day.day, 7 + number % 8, 15)
        return {
            "ticket_id": ticket.id,
            "employee_id": self.employees[number % len(self.employees)].id,
            "name": f"Step {number + 1}: analysis and repair",
            "date": fields.Date.to_string(day),
            "billing_start": start,
        }


def _make_company_german(env):
    # On the partner: a country on the company would install its modules.
    company = env.company
    company.partner_id.country_id = env.ref("base.de")
    env["account.chart.template"].try_loading(
        "de_skr03", company=company, install_demo=False
    )
    # Posting wants the address and the tax number of the supplier.
    company.write(
        {
            "street": "Hafenstraße 12",
            "zip": "20457",
            "city": "Hamburg",
            "vat": "DE136695976",
        }
    )
    return company

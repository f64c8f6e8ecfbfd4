from datetime import date, datetime

from odoo import Command
from odoo.tests import TransactionCase, new_test_user, tagged

TODAY = date(2026, 11, 1)


@tagged("post_install", "-at_install")
class TicketBillingCase(TransactionCase):
    """A German service provider, two technicians and one customer under contract."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context=dict(cls.env.context, tracking_disable=True, no_reset_password=True)
        )
        cls.germany = cls.env.ref("base.de")
        cls.company = cls._create_company("Nordlicht IT-Service GmbH")
        cls.env.user.company_ids |= cls.company
        cls.env.user.company_id = cls.company
        cls.env = cls.env(
            context=dict(cls.env.context, allowed_company_ids=cls.company.ids)
        )
        cls.partner = cls._create_customer("Weber Maschinenbau GmbH")
        cls.anna = cls._create_employee("Anna Huber")
        cls.bert = cls._create_employee("Bert Krüger")
        cls.remote = cls.env.ref("ticket_billing.work_type_remote")
        cls.onsite = cls.env.ref("ticket_billing.work_type_onsite")
        cls.policy = cls.env["ticket.billing.policy"].create(
            {
                "name": "Monthly",
                "trigger": "period",
                "rounding_mode": "up",
                "increment_minutes": 15,
            }
        )
        cls.contract = cls._create_contract(cls.partner)
        cls.ticket = cls._create_ticket("VPN drops every hour")

    @classmethod
    def _create_company(cls, name):
        """A German company; the main one if it has German accounts already."""
        company = cls.env.ref("base.main_company")
        if company.chart_template != "de_skr03":
            company = cls.env["res.company"].create({"name": name})
            cls.env["account.chart.template"].try_loading(
                "de_skr03", company=company, install_demo=False
            )
        company.write(
            {
                "name": name,
                "country_id": cls.germany.id,
                "street": "Hafenstraße 12",
                "zip": "20457",
                "city": "Hamburg",
                "vat": "DE136695976",
                "email": "office@nordlicht-it.example",
                "phone": "+49 40 123456",
            }
        )
        company.partner_id.tz = "Europe/Berlin"
        return company

    @classmethod
    def _create_customer(cls, name, **vals):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "street": "Werkstraße 5",
                "zip": "70173",
                "city": "Stuttgart",
                "country_id": cls.germany.id,
                "email": "buchhaltung@weber.example",
                **vals,
            }
        )

    @classmethod
    def _create_employee(cls, name):
        return cls.env["hr.employee"].create(
            {"name": name, "company_id": cls.company.id, "hourly_cost": 40}
        )

    @classmethod
    def _create_contract(cls, partner, price=90.0, **vals):
        rates = [Command.create({"value": price})] if price else []
        contract = cls.env["ticket.billing.contract"].create(
            {
                "name": "Support",
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "policy_id": cls.policy.id,
                "date_start": "2026-01-01",
                "rate_ids": rates,
                **vals,
            }
        )
        contract.action_activate()
        return contract

    @classmethod
    def _create_ticket(cls, name, partner=None, **vals):
        return cls.env["helpdesk.ticket"].create(
            {
                "name": name,
                "description": name,
                "partner_id": (cls.partner if partner is None else partner).id,
                "company_id": cls.company.id,
                **vals,
            }
        )

    @classmethod
    def _close(cls, ticket):
        ticket.stage_id = cls.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_done")

    @classmethod
    def _log(cls, minutes, day="2026-10-12", ticket=None, **vals):
        """A time entry of ``minutes`` on ``day`` without clock times."""
        return cls.env["account.analytic.line"].create(
            {
                "ticket_id": (ticket or cls.ticket).id,
                "employee_id": cls.anna.id,
                "work_type_id": cls.remote.id,
                "name": "Worked on it",
                "date": day,
                "raw_minutes": minutes,
                **vals,
            }
        )

    @classmethod
    def _log_times(cls, start: datetime, stop: datetime, ticket=None, **vals):
        """A time entry with clock times in UTC."""
        return cls.env["account.analytic.line"].create(
            {
                "ticket_id": (ticket or cls.ticket).id,
                "employee_id": cls.anna.id,
                "work_type_id": cls.remote.id,
                "name": "Worked on it",
                "billing_start": start,
                "billing_stop": stop,
                **vals,
            }
        )

    @classmethod
    def _run(cls, day=TODAY):
        """A manual billing run of everything before ``day``, invoices included."""
        run = cls.env["ticket.billing.run"].create(
            {"date": day, "company_id": cls.company.id}
        )
        run.action_bill()
        return run

    @classmethod
    def _create_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _get_lines(self, moves):
        """(minutes, price per hour, net) of the product lines, sorted."""
        result = []
        for line in moves.invoice_line_ids.filtered(
            lambda li: li.display_type == "product"
        ):
            per_unit = line._get_minutes_per_unit() or 1
            result.append(
                (
                    round(line.quantity * per_unit),
                    round(line.price_unit * 60 / per_unit, 2),
                    line.price_subtotal,
                )
            )
        return sorted(result)

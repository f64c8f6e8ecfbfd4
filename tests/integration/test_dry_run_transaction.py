"""A dry run of committed work, in a transaction of its own, never gets a number.

PostgreSQL gives a transaction a number at its first write.
"""

from datetime import date
from unittest import TestCase

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

from odoo.addons.ticket_billing.tools.read_only import read_only


class TestDryRunTransaction(TestCase):
    def setUp(self):
        super().setUp()
        self.records = []
        with Registry(get_db_name()).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            self.policy = self._create_work(env)
        self.addCleanup(self._remove_work)

    def _create(self, env, model, **vals):
        record = env[model].create(vals)
        self.records.append((model, record.id))
        return record

    def _create_work(self, env) -> int:
        partner = self._create(
            env, "res.partner", name="Ostwind Logistik KG", is_company=True
        )
        employee = self._create(env, "hr.employee", name="Anna Huber")
        policy = self._create(
            env, "ticket.billing.policy", name="At once", trigger="manual"
        )
        contract = self._create(
            env,
            "ticket.billing.contract",
            name="Support",
            partner_id=partner.id,
            policy_id=policy.id,
            date_start=date(2020, 1, 1),
            rate_ids=[(0, 0, {"value": 90})],
        )
        contract.action_activate()
        ticket = self._create(
            env,
            "helpdesk.ticket",
            name="Scanner",
            description="Scanner",
            partner_id=partner.id,
            company_id=env.company.id,
        )
        self._create(
            env,
            "account.analytic.line",
            ticket_id=ticket.id,
            employee_id=employee.id,
            work_type_id=env.ref("ticket_billing.work_type_remote").id,
            name="Cleaned it",
            raw_minutes=60,
        )
        return policy.id

    def _remove_work(self):
        with Registry(get_db_name()).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            for model, record_id in reversed(self.records):
                env[model].browse(record_id).unlink()

    def test_no_transaction_number_is_assigned(self):
        with (
            Registry(get_db_name()).cursor() as cr,
            read_only(api.Environment(cr, SUPERUSER_ID, {})) as env,
        ):
            policy = env["ticket.billing.policy"].browse(self.policy)
            (invoice,) = policy._forecast().invoices
            self.assertEqual(invoice.net, 90)
            self.assertEqual(invoice.gross, 107.1)
            env.cr.execute("SELECT pg_current_xact_id_if_assigned(), "
                           "current_setting('transaction_read_only')")  # fmt: skip
            self.assertEqual(env.cr.fetchone(), (None, "on"))

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestAccess(TicketBillingCase):
    """Groups are checked on the server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls._create_user("agent", "ticket_billing.group_agent")
        cls.biller = cls._create_user("biller", "ticket_billing.group_biller")
        cls.auditor = cls._create_user("auditor", "ticket_billing.group_auditor")

    def test_agent_records_time_but_does_not_bill(self):
        employee = self.anna
        employee.user_id = self.agent
        ticket = self.ticket.with_user(self.agent)
        entry = (
            self.env["account.analytic.line"]
            .with_user(self.agent)
            .create({"ticket_id": ticket.id, "name": "x", "unit_amount": 1})
        )
        self.assertEqual(entry.employee_id, employee)
        run = self.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        for call in ("action_preview", "action_bill", "action_release", "action_send"):
            with self.assertRaises(AccessError):
                getattr(run.with_user(self.agent), call)()
        with self.assertRaises(AccessError):
            self.env["ticket.billing.item"].with_user(self.agent).search([])
        with self.assertRaises(AccessError):
            self.contract.rate_ids.with_user(self.agent).read(["value"])

    def test_biller_bills(self):
        self._log(60)
        run = (
            self.env["ticket.billing.run"]
            .with_user(self.biller)
            .create({"date": "2026-11-01", "company_id": self.company.id})
        )
        run.action_preview()
        run.action_bill()
        run.action_release()
        self.assertEqual(run.invoice_ids.state, "posted")
        with self.assertRaises(AccessError):
            run.item_ids.write({"reason": False})

    def test_auditor_only_reads(self):
        self._log(60)
        run = self._run()
        seen = run.with_user(self.auditor)
        self.assertEqual(seen.item_ids.net, 90)
        self.assertEqual(seen.item_ids.entry_id.raw_minutes, 60)
        self.assertTrue(seen.item_ids.ticket_id.number)
        with self.assertRaises(AccessError):
            seen.action_release()
        with self.assertRaises(AccessError):
            self.contract.with_user(self.auditor).write({"name": "x"})

    def test_companies_are_apart(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._log(60)
        item = self._run().item_ids
        user = self._create_user("stranger", "ticket_billing.group_biller")
        user.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        item = item.with_user(user).with_context(allowed_company_ids=other.ids)
        self.assertNotIn(item, item.search([]))
        with self.assertRaises(AccessError):
            item.read(["net"])

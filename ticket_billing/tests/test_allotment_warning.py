from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
@freeze_time("2026-10-20 09:00:00")
class TestAllotmentWarning(TicketBillingCase):
    """The responsible hears of an allotment that runs out: once, and in time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kind = cls.env.ref("ticket_billing.mail_activity_allotment")
        cls.keeper = cls._create_user("keeper", "ticket_billing.group_biller")
        cls.contract.user_id = cls.keeper
        cls.contract.allotment_ids = [Command.create({"name": "Support", "hours": 10})]
        cls.allotment = cls.contract.allotment_ids

    def _get_activities(self, contract=None):
        return (contract or self.contract).activity_ids.filtered(
            lambda a: a.activity_type_id == self.kind
        )

    def _use(self, hours, day="2026-10-12"):
        """Rate as many hours: a proposal, nothing is billed."""
        entries = [self._log(60, day) for _hour in range(hours)]
        self.contract.action_rate()
        return self.env["account.analytic.line"].concat(*entries)

    def _bill_scheduled(self):
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress", lambda *a, **k: 60.0):
            self.env["ticket.billing.run"]._cron_bill()
            self.env["ticket.billing.allotment.watch"]._cron_watch()

    def test_thresholds(self):
        self._use(7)
        self.assertFalse(self._get_activities())
        self.assertFalse(self.contract.allotment_warning)
        self._use(1)
        first = self._get_activities()
        self.assertEqual(first.user_id, self.keeper)
        self.assertEqual(first.summary, "Allotment used to 80 %")
        self.assertIn(self.contract.code, first.note)
        self._use(1)
        self.assertEqual(self._get_activities(), first)
        self._use(1)
        second = self._get_activities()
        self.assertEqual(second.summary, "Allotment used up")
        self.assertFalse(first.exists())

    def test_banner_counts_proposals(self):
        self._use(9)
        self.assertEqual(self.allotment.used_percent, 0)
        self.assertIn("Support: 90 % of 10:00 h used", self.contract.allotment_warning)
        self.assertIn("1:00 h left", self.contract.allotment_warning)

    def test_almost_used_up_is_not_used_up(self):
        self._use(9)
        self._log(58)
        self.policy.rounding_mode = "none"
        self.contract.action_rate()
        self.assertIn("99 % of", self.contract.allotment_warning)
        self.assertEqual(self._get_activities().summary, "Allotment used to 80 %")

    def test_run_and_scheduled_action_warn_once(self):
        for _hour in range(8):
            self._log(60)
        run = self._run("2026-10-20")
        self.assertEqual(run.state, "done")
        activity = self._get_activities()
        self.assertEqual(len(activity), 1)
        self._bill_scheduled()
        self._bill_scheduled()
        self.assertEqual(self._get_activities(), activity)

    def test_work_that_nobody_has_rated_counts(self):
        for _hour in range(8):
            self._log(60)
        self._bill_scheduled()
        self.assertEqual(len(self._get_activities()), 1)
        self.assertFalse(self.contract.item_ids)

    def test_done_stays_done(self):
        entries = self._use(8)
        self._get_activities().action_feedback()
        self._use(1)
        self.assertFalse(self._get_activities())
        entries.raw_minutes = 0
        self.contract.action_rate()
        entries.raw_minutes = 60
        self.contract.action_rate()
        self.assertFalse(self._get_activities())
        self._use(1)
        self.assertEqual(self._get_activities().summary, "Allotment used up")

    def test_closes_when_no_longer_true(self):
        entries = self._use(10)
        entries[:1].raw_minutes = 0
        self.contract.action_rate()
        self.assertEqual(self._get_activities().summary, "Allotment used to 80 %")
        entries.raw_minutes = 0
        self.contract.action_rate()
        self.assertFalse(self._get_activities())
        # It was closed by itself: it comes again.
        entries.raw_minutes = 60
        self.contract.action_rate()
        self.assertEqual(len(self._get_activities()), 1)

    def test_next_period_and_end_of_contract(self):
        self._use(8)
        with freeze_time("2026-11-02 09:00:00"):
            self._bill_scheduled()
            self.assertFalse(self._get_activities())
            self._use(8, "2026-11-02")
            self.assertEqual(len(self._get_activities()), 1)
            self.contract.action_close()
            self._bill_scheduled()
            self.assertFalse(self._get_activities())

    def test_each_allotment_has_its_own(self):
        self.allotment.work_type_ids = self.remote
        self.contract.allotment_ids = [
            Command.create(
                {
                    "name": "On site",
                    "hours": 1,
                    "work_type_ids": self.onsite.ids,
                }
            )
        ]
        self._log(60, work_type_id=self.onsite.id)
        self._use(8)
        self.assertEqual(
            sorted(self._get_activities().mapped("summary")),
            ["Allotment used to 80 %", "Allotment used up"],
        )
        self.assertEqual(len(self.contract.allotment_warning.splitlines()), 2)

    def test_threshold_of_the_policy(self):
        self.policy.allotment_warning_percent = 50
        self._use(5)
        self.assertEqual(self._get_activities().summary, "Allotment used to 50 %")
        self.policy.allotment_warning_percent = 0
        self.env["ticket.billing.allotment.watch"]._watch(self.allotment)
        self.assertFalse(self._get_activities())
        self.assertFalse(self.contract.allotment_warning)

    def test_language_of_the_responsible(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.keeper.lang = "de_DE"
        self.allotment.with_context(lang="de_DE").name = "Inklusivstunden"
        self._use(8)
        self.assertIn("Inklusivstunden", self._get_activities().note)

    def test_block_in_use(self):
        self.allotment.write({"period": "block", "date_start": "2026-06-01"})
        self._use(8)
        self.assertEqual(len(self._get_activities()), 1)
        self.allotment.date_end = "2026-10-19"
        self.env["ticket.billing.allotment.watch"]._watch(self.allotment)
        self.assertFalse(self._get_activities())

    def test_no_query_per_contract(self):
        watch = self.env["ticket.billing.allotment.watch"]

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            watch._watch(self.env["ticket.billing.allotment"].search([]))
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        self._use(8)
        count()
        few = count()
        for number in range(10):
            partner = self._create_customer(f"Customer {number}")
            self._create_contract(
                partner, allotment_ids=[Command.create({"hours": 10})]
            )
        self.assertEqual(count(), few)

    def test_agent_sees_what_is_left(self):
        self._use(8)
        agent = self._create_user("agent", "ticket_billing.group_agent")
        contract = self.contract.with_user(agent)
        self.assertIn("80 % of", contract.allotment_warning)
        self.assertTrue(contract.allotment_ids.balance_text)

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import ConnectorCase

NINE = "2026-10-12 09:00:00"


@tagged("post_install", "-at_install")
class TestConnectorForm(ConnectorCase):
    def _run_cron(self):
        cron = self.env.ref("ticket_billing_connectors.ir_cron_synchronise")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    # Connection test

    def test_steps_are_a_list_with_ticks(self):
        self.replay.add_ticket(1, NINE, [(15, 2, NINE)])
        self.connector.purchase_order_field = False
        self.connector.action_test()
        self.assertEqual(self.connector.test_steps.count("fa-check-circle"), 6)
        self.assertTrue(self.connector.test_date)

    def test_steps_after_the_failing_one_are_not_tested(self):
        self.connector.secret = "wrong"
        action = self.connector.action_test()
        self.assertIn("Log-in", action["params"]["message"])
        steps = self.connector.test_steps
        self.assertEqual(steps.count("fa-check-circle"), 3)
        self.assertEqual(steps.count("fa-times-circle"), 1)
        self.assertEqual(steps.count("not tested"), 2)

    def test_answers_of_others_are_no_markup(self):
        self.connector.test_result = "✗ <script>alert(1)</script>"
        self.assertNotIn("<script>", self.connector.test_steps)

    # Health

    def test_health_says_what_to_do(self):
        self.replay.add_ticket(1, NINE)
        for options, words in [
            ({"status": 401}, "Enter user name and password"),
            ({"status": 403}, "Give the user the right"),
            ({"status": 503}, "tried again by itself"),
            ({"status": 404}, "Check address and settings"),
        ]:
            with self.subTest(**options):
                self.replay.inject("status", times=99, **options)
                self.connector._synchronise()
                self.assertIn(words, self.connector.concern)
                self.assertIn(self.connector.last_error, self.connector.concern)
                self.replay.faults.clear()
        self._synchronise()
        self.assertFalse(self.connector.concern)

    # Schedule

    def test_connector_is_read_as_often_as_chosen(self):
        self.replay.add_ticket(1, NINE)
        self.connector.sync_interval = "60"
        self._run_cron()
        self.assertEqual(self.connector.log_count, 1)
        wait = self.connector.next_sync - fields.Datetime.now()
        self.assertAlmostEqual(wait.total_seconds(), 3600, delta=60)
        self._run_cron()
        self.assertEqual(self.connector.log_count, 1)
        self.connector.next_sync = fields.Datetime.now() - timedelta(minutes=1)
        self._run_cron()
        self.assertEqual(self.connector.log_count, 2)

    def test_what_failed_is_tried_again_at_once(self):
        self.connector.sync_interval = "1440"
        self.replay.inject("status", times=999, status=503)
        for count in (1, 2):
            self._run_cron()
            self.assertEqual(self.connector.log_count, count)

    def test_figures_of_the_log(self):
        self.replay.add_ticket(1, NINE, [(15, 2, NINE)])
        self._synchronise()
        log = self.connector._synchronise()
        self.assertEqual((log.unchanged, log.failed), (2, 0))

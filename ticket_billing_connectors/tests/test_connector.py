import socket
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..transport.session import Limits
from .common import PASSWORD, ConnectorCase

NINE = "2026-10-12 09:00:00"
LOGGER = "odoo.addons.ticket_billing_connectors.models.ticket_billing_connector_sync"


@tagged("post_install", "-at_install")
class TestConnector(ConnectorCase):
    def setUp(self):
        super().setUp()
        # Do not really wait between attempts.
        quick = Limits(read_timeout=1, backoff=0.001, max_wait=5)
        patcher = patch.object(
            type(self.connector),
            "_get_connection",
            self._quick(type(self.connector)._get_connection, quick),
        )
        self.startPatcher(patcher)

    @staticmethod
    def _quick(original, limits):
        def get_connection(connector):
            connection = original(connector)
            connection.options["limits"] = limits
            return connection

        return get_connection

    def _add_tickets(self, first, last):
        for number in range(first, last + 1):
            self.replay.add_ticket(number, f"2026-10-12 09:00:{number:02d}")

    # Testing the connection

    def _test_connection(self):
        action = self.connector.action_test()
        return action["params"]["type"], self.connector.test_result

    def test_connection_works(self):
        self.replay.add_ticket(1, NINE, [(45.5, 2, NINE)])
        self.connector.purchase_order_field = False
        outcome, text = self._test_connection()
        self.assertEqual(outcome, "success")
        self.assertEqual(text.count("✓"), 6)
        self.assertIn("“45.5” counts as 46 minutes", text)

    def test_connection_names_the_failing_step(self):
        self.replay.add_ticket(1, NINE)
        self.connector.purchase_order_field = False
        original = self.connector
        cases = [
            ({"secret": "wrong"}, "✗ Log-in"),
            ({"service": "Other"}, "✗ Web service"),
            ({"activity_field": "Nothing"}, "✗ Time"),
            ({"allow_http": True, "base_url": "http://127.0.0.1:9"}, "✗ Address"),
        ]
        for values, step in cases:
            with self.subTest(step):
                self.connector = original.copy({"secret": "replay", **values})
                outcome, text = self._test_connection()
                self.assertEqual(outcome, "danger")
                self.assertIn(step, text)

    def test_private_address_is_refused(self):
        """S-05"""
        self.connector.allow_private_address = False
        outcome, text = self._test_connection()
        self.assertEqual(outcome, "danger")
        self.assertIn("private network", text)
        self.assertEqual(self.replay.requests, [])
        self.assertEqual(self.connector._synchronise().state, "failed")

    # Faults

    def test_fault_keeps_the_pages_before_it(self):
        """R-16"""
        self._add_tickets(1, 6)
        self.connector.page_size = 3
        self._fail_page(2)
        log = self.connector._synchronise()
        self.assertEqual(log.state, "failed")
        self.assertIn("HTTP 500", log.error)
        self.assertEqual(log.ticket_new, 3)
        self.assertEqual(self.connector.cursor, "2026-10-12 09:00:03")
        self.assertEqual(self.connector.health, "yellow")
        self.assertEqual(self.connector.last_error, log.error)
        self.replay.faults.clear()
        self._synchronise()
        self.assertEqual(len(self._get_linked("ticket")), 6)
        self.assertEqual(self.connector.health, "green")
        self.assertFalse(self.connector.last_error)

    def _fail_page(self, number):
        """From the nth list of tickets on, answer with status 500."""
        calls = []

        def count():
            calls.append(1)
            if len(calls) == number - 1:
                self.replay.inject("status", times=99, path="/TicketList", status=500)

        self.replay.inject("hook", times=number - 1, path="/TicketList", action=count)

    @mute_logger(LOGGER)
    def test_page_is_imported_whole_or_not_at_all(self):
        self._add_tickets(1, 2)
        model = type(self.env["ticket.billing.import"])

        def crash(*args):
            raise ZeroDivisionError

        with patch.object(model, "_release_mapped", crash):
            log = self.connector._synchronise()
        self.assertEqual(log.state, "failed")
        self.assertIn("ZeroDivisionError", log.error)
        self.assertFalse(self.connector.cursor)
        self.assertFalse(self.connector.ticket_count)

    def test_health_turns_red_after_three_failures(self):
        self.replay.add_ticket(1, NINE)
        self.replay.inject("status", times=999, status=503)
        colours = []
        for _run in range(3):
            self.connector._synchronise()
            colours.append(self.connector.health)
        self.assertEqual(colours, ["yellow", "yellow", "red"])

    def test_health_turns_red_at_once_when_only_a_person_can_help(self):
        self.connector.secret = "wrong"
        log = self.connector._synchronise()
        self.assertIn("user name or password", log.error)
        self.assertNotIn("wrong", log.error)
        self.assertEqual(self.connector.health, "red")

    def _run_cron(self):
        cron = self.env.ref("ticket_billing_connectors.ir_cron_synchronise")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_wrong_password_tells_the_responsible_until_it_is_right(self):
        self._add_tickets(1, 2)
        broken = self.connector.copy({"name": "Branch office", "secret": "wrong"})
        broken.state = "active"
        self._run_cron()
        self.assertEqual(self.connector.ticket_count, 2)
        self.assertFalse(self.connector.activity_ids)
        self.assertEqual((broken.ticket_count, broken.cursor), (0, False))
        activity = broken.activity_ids
        self.assertEqual(activity.user_id, broken.user_id)
        for words in ("Branch office", "user name or password", "test the connection"):
            self.assertIn(words, activity.note)
        self._run_cron()
        self.assertEqual(broken.activity_ids, activity)

        broken.secret = PASSWORD
        self._run_cron()
        self.assertEqual(broken.health, "green")
        self.assertFalse(broken.activity_ids)

    def test_unreachable_server_loses_nothing(self):
        self._add_tickets(1, 2)
        connector = self.connector
        self._synchronise()
        cursor = connector.cursor
        self.replay.add_ticket(3, "2026-10-12 10:00:00")
        other = connector.copy({"name": "Branch office", "secret": PASSWORD})
        other.state = "active"
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        access = {
            "secret": PASSWORD,
            "allow_http": True,
            "allow_private_address": True,
        }
        connector.write({"base_url": f"http://127.0.0.1:{port}", **access})
        for health in ("yellow", "yellow", "red"):
            self._run_cron()
            self.assertEqual(connector.health, health)
        self.assertIn("cannot be reached", connector.last_error)
        for words in (connector.name, "cannot be reached"):
            self.assertIn(words, connector.activity_ids.note)
        self.assertEqual((connector.cursor, connector.ticket_count), (cursor, 2))
        self.assertEqual((other.health, other.ticket_count), ("green", 3))

        connector.write({"base_url": self.replay.url, **access})
        self._run_cron()
        self.assertEqual((connector.health, connector.ticket_count), ("green", 3))
        self.assertFalse(connector.activity_ids)

    def test_faults_are_described_in_the_log(self):
        self.replay.add_ticket(1, NINE)
        for kind, options, text in [
            ("html", {}, "web page"),
            ("half_json", {}, "incomplete"),
            ("charset", {}, "charset"),
            ("throttle", {"retry_after": 0}, "fewer requests"),
            ("throttle", {"retry_after": 9999}, "fewer requests"),
            ("status", {"status": 403}, "permission"),
            ("body", {"body": {"Error": {"ErrorCode": "X.AccessDenied"}}}, "X.Acc"),
            ("body", {"body": ["not an object"]}, "not an object"),
        ]:
            with self.subTest(kind, **options):
                self.replay.inject(kind, times=99, path="/Ticket", **options)
                self.assertIn(text, self.connector._synchronise().error)
                self.replay.faults.clear()

    def test_bookings_that_do_not_add_up_are_noted(self):
        self.replay.add_ticket(1, NINE, [(15, 2, NINE)])
        self.replay.tickets["1"]["TimeUnit"] = 40
        log = self.connector._synchronise()
        self.assertIn("its total is 40", log.notes)

    # Running

    def test_run_goes_on_where_time_was_up(self):
        self._add_tickets(1, 7)
        self.connector.page_size = 3
        self.time_left = 0
        states = [self.connector._synchronise().state for _run in range(4)]
        self.assertEqual(states[-1], "done")
        self.assertIn("partial", states)
        self.assertEqual(len(self._get_linked("ticket")), 7)

    def test_two_runs_at_once(self):
        self._add_tickets(1, 2)
        connector = self.connector

        def other_run():
            connector.cursor = "2026-10-12 08:00:00"
            connector.flush_recordset()

        self.replay.inject("hook", path="/TicketList", action=other_run)
        log = connector._synchronise()
        self.assertEqual(log.state, "partial")
        self.assertIn("Another", log.notes)
        self.assertFalse(connector.failure_count)

    def test_cron(self):
        self._add_tickets(1, 3)
        broken = self.connector.copy({"name": "Broken", "secret": "wrong"})
        broken.state = "active"
        self._run_cron()
        self.assertEqual(len(self._get_linked("ticket")), 3)
        self.assertEqual(broken.health, "red")
        self.assertEqual(self.connector.health, "green")

    def test_draft_connectors_are_not_read(self):
        self._add_tickets(1, 1)
        self.connector.action_draft()
        self._run_cron()
        self.assertEqual(self.replay.requests, [])
        self.assertEqual(self.connector.health, "none")

    def test_buttons_open_their_records(self):
        self.replay.add_ticket(1, NINE, [(15, 2, NINE), (9999, 2, NINE)])
        self._synchronise()
        connector = self.connector
        self.assertEqual((connector.ticket_count, connector.entry_count), (1, 1))
        self.assertEqual((connector.held_count, connector.log_count), (1, 1))
        for name in ("tickets", "entries", "held", "links", "logs"):
            action = getattr(connector, f"action_view_{name}")()
            records = self.env[action["res_model"]].search(action["domain"])
            self.assertTrue(records, name)

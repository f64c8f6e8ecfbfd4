from contextlib import closing
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..systems.hook_event import HookEvent
from .common_shape import ShapeCase

MANAGER = "ticket_billing_connectors.group_connector_manager"


class HookCase(ShapeCase):
    def setUp(self):
        super().setUp()
        self.events = self.env["ticket.billing.hook.event"]

    def _receive(self, ticket, key="", deleted=False):
        event = HookEvent(key, str(ticket.id), deleted)
        self.events._receive(self.connector, event, {})
        return self.events.search([], limit=1)

    def _start(self, minutes=30):
        """A remote ticket with a booking that came in."""
        ticket = self.world.ticket(title="First")
        entry = self.world.book(ticket, minutes)
        self.connector._synchronise()
        self._map_all()
        self.assertEqual(self._get_minutes(), [minutes])
        return ticket, entry

    def _get_minutes(self):
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.connector.id),
                ("remote_type", "=", "time_entry"),
                ("state", "=", "mapped"),
            ]
        )
        lines = self.env["account.analytic.line"].browse(links.mapped("res_id"))
        return sorted(lines.mapped("raw_minutes"))

    def _get_title(self):
        return self._get_linked("ticket", self.connector).name


@tagged("post_install", "-at_install")
class TestHookEvent(HookCase):
    """What becomes of an event: the ticket is read again."""

    def test_event_instead_of_a_synchronisation(self):
        ticket, entry = self._start()
        cursor = self.connector.cursor
        self.world.change(ticket, title="Second")
        self.world.change(entry, minutes=45)
        self.world.book(ticket, 10)
        event = self._receive(ticket)
        self.events._cron_process()
        self.assertEqual(event.state, "done")
        self.assertTrue(event.done_on)
        self.assertEqual(self._get_title(), "Second")
        self.assertEqual(self._get_minutes(), [10, 45])
        # The synchronisation goes on where it was, and has nothing to do.
        self.assertEqual(self.connector.cursor, cursor)
        self.assertEqual(
            self._synchronise(), {"ticket_unchanged": 1, "entry_unchanged": 2}
        )

    def test_new_ticket_comes_in_by_an_event(self):
        self._start()
        new = self.world.ticket(title="New")
        self.world.book(new, 5)
        self._receive(new)
        self.events._cron_process()
        self.assertEqual(self._get_minutes(), [5, 30])

    def test_event_after_the_synchronisation_changes_nothing(self):
        ticket, entry = self._start()
        event = self._receive(ticket)
        self.world.change(entry, minutes=45)
        self._synchronise()
        before = self._get_linked("ticket", self.connector).write_date
        self.events._cron_process()
        self.assertEqual(event.state, "done")
        self.assertEqual(self._get_minutes(), [45])
        self.assertEqual(self._get_linked("ticket", self.connector).write_date, before)

    def test_older_content_that_arrives_later_does_not_win(self):
        """The synchronisation has a page in its hands while the event is processed."""
        ticket, entry = self._start()
        with closing(self.connector._open()) as client:
            old = client.read_again([str(ticket.id)])
        self.world.change(ticket, title="Second")
        self.world.change(entry, minutes=45)
        self.world.book(ticket, 10)
        self._receive(ticket)
        self.events._cron_process()
        self.env["ticket.billing.import"]._import(
            self.connector, old.tickets, old.entries, old.agents
        )
        self.assertEqual(self._get_title(), "Second")
        self.assertEqual(self._get_minutes(), [10, 45])

    def test_a_restored_ticket_system_counts(self):
        """What is older than what came in long ago is no straggler."""
        ticket, entry = self._start()
        with closing(self.connector._open()) as client:
            old = client.read_again([str(ticket.id)])
        self.world.change(ticket, title="Second")
        self.world.change(entry, minutes=45)
        self._synchronise()
        links = self.env["ticket.billing.link"].search([("read_on", "!=", False)])
        links.read_on -= timedelta(hours=2)
        self.env["ticket.billing.import"]._import(
            self.connector, old.tickets, old.entries, old.agents
        )
        self.assertEqual(self._get_title(), "First")
        self.assertEqual(self._get_minutes(), [30])

    def test_many_events_about_one_ticket_are_one_request(self):
        ticket, _entry = self._start()
        for number in range(20):
            self._receive(ticket, f"e-{number}")
        self.server.requests.clear()
        self.events._cron_process()
        reads = [r for r in self.server.requests if r.path.endswith(f"/{ticket.id}")]
        self.assertEqual(len(reads), 1)
        self.assertEqual(set(self.events.search([]).mapped("state")), {"done"})

    def test_processed_once(self):
        ticket, _entry = self._start()
        self._receive(ticket, "e-1")
        self.events._cron_process()
        self._receive(ticket, "e-1")
        self.server.requests.clear()
        self.events._cron_process()
        self.assertFalse(self.server.requests)

    def test_a_system_that_is_down_is_tried_again(self):
        ticket, entry = self._start()
        event = self._receive(ticket)
        self.world.change(entry, minutes=45)
        self.server.inject("status", times=99, status=503)
        self.events._cron_process()
        self.assertEqual((event.state, event.attempts), ("pending", 1))
        self.assertTrue(event.reason)
        self.assertGreater(event.next_try, fields.Datetime.now())
        self.events._cron_process()
        self.assertEqual(event.attempts, 1, "not before its time")
        self.server.faults.clear()
        event.next_try = fields.Datetime.now()
        self.events._cron_process()
        self.assertEqual((event.state, event.reason), ("done", False))
        self.assertEqual(self._get_minutes(), [45])

    def test_a_connector_that_is_out_of_order_is_left_alone(self):
        """Nobody knocks with a wrong password at every event."""
        ticket, _entry = self._start()
        self.connector.secret = "wrong"
        for number in range(120):
            event = HookEvent(f"e-{number}", str(1000 + number))
            self.events._receive(self.connector, event, {})
        self.server.requests.clear()
        self.events._cron_process()
        self.assertEqual(len(self.server.requests), 1)
        self.connector._synchronise()
        self.assertTrue(self.connector.failure_final)
        self.events.search([]).next_try = False
        self.server.requests.clear()
        self.events._cron_process()
        self.assertFalse(self.server.requests)

    def test_hidden_ticket_fails_in_the_end_and_keeps_its_work(self):
        ticket, _entry = self._start()
        event = self._receive(ticket)
        hidden = self.world.tickets.pop(ticket.id)
        for _try in range(5):
            event.next_try = False
            self.events._cron_process()
        self.assertEqual(event.state, "failed")
        self.assertEqual(self._get_minutes(), [30])
        self.assertEqual(self.connector.hook_failed_count, 1)
        self.world.tickets[ticket.id] = hidden
        event.action_retry()
        self.events._cron_process()
        self.assertEqual(event.state, "done")

    def test_deleted_ticket_takes_its_unbilled_work_along(self):
        ticket, _entry = self._start()
        event = self._receive(ticket, deleted=True)
        self.world.tickets.pop(ticket.id)
        self.events._cron_process()
        self.assertEqual(event.state, "done")
        self.assertEqual(self._get_minutes(), [])

    def test_deleted_ticket_with_billed_work_waits_for_a_decision(self):
        ticket, _entry = self._start()
        line = self._get_linked("time_entry", self.connector)
        line.date = "2026-10-12"
        self.assertTrue(self._run().invoice_ids)
        self._receive(ticket, deleted=True)
        self.world.tickets.pop(ticket.id)
        self.events._cron_process()
        self.assertEqual(self._get_minutes(), [30])
        self.assertEqual(self._get_reasons(self.connector), ["deleted_after_billing"])

    def test_a_ticket_that_is_called_deleted_but_is_there_stays(self):
        ticket, _entry = self._start()
        self._receive(ticket, deleted=True)
        self.events._cron_process()
        self.assertEqual(self._get_minutes(), [30])

    def test_stopped_connectors_process_nothing(self):
        ticket, _entry = self._start()
        event = self._receive(ticket)
        self.connector.state = "draft"
        self.events._cron_process()
        self.assertEqual((event.state, event.attempts), ("pending", 0))

    def test_old_events_are_removed(self):
        ticket, _entry = self._start()
        old = self._receive(ticket, "old")
        self.events._cron_process()
        waiting = self._receive(ticket, "waiting")
        new = self._receive(ticket, "new")
        new.state = "done"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ticket_billing_hook_event SET create_date = now() - interval"
            " '15 days' WHERE id = ANY(%s)",
            [[old.id, waiting.id]],
        )
        self.env.invalidate_all()
        self.events._gc_old_events()
        self.assertEqual(self.events.search([]), new | waiting)

    def test_access(self):
        ticket, _entry = self._start()
        event = self._receive(ticket)
        event.state = "failed"
        biller = self._create_user("biller", "ticket_billing.group_biller")
        self.assertEqual(event.with_user(biller).state, "failed")
        with self.assertRaises(AccessError):
            event.with_user(biller).action_retry()
        manager = self._create_user("manager", MANAGER)
        event.with_user(manager).action_retry()
        self.assertEqual(event.state, "pending")
        stranger = self._create_user("stranger", MANAGER)
        other = self.env["res.company"].create({"name": "Other"})
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        theirs = self.events.with_user(stranger)
        self.assertFalse(theirs.with_context(allowed_company_ids=other.ids).search([]))


@tagged("post_install", "-at_install")
class TestHookOfOtherSystems(HookCase):
    """Bookings that are listed on their own are no business of an event."""

    system = "redmine"

    def test_bookings_stay_when_a_ticket_is_read_again(self):
        ticket, _entry = self._start()
        self.world.change(ticket, title="Second")
        self._receive(ticket)
        self.events._cron_process()
        self.assertEqual(self._get_title(), "Second")
        self.assertEqual(self._get_minutes(), [30])

    def test_hints(self):
        self.assertIn("X-Redmine-Signature-256", self.connector.hook_hint)
        self.connector.system = "request_tracker"
        self.assertIn('{"ticket_id": "81"}', self.connector.hook_hint)
        self.assertIn("X-Ticket-Billing-Token", self.connector.hook_hint)


@tagged("post_install", "-at_install")
class TestHookOfZnuny(ShapeCase):
    def test_ticket_of_znuny_is_read_again(self):
        znuny = self._create_connector(self.replay)
        self.replay.add_ticket(1, "2026-10-12 09:00:00")
        znuny._synchronise()
        self.replay.book(1, 15, 2, "2026-10-12 10:00:00")
        events = self.env["ticket.billing.hook.event"]
        for ticket in ("1", "999"):
            events._receive(znuny, HookEvent("", ticket), {})
        events._cron_process()
        states = dict(events.search([]).mapped(lambda e: (e.ticket_remote_id, e.state)))
        self.assertEqual(states, {"1": "done", "999": "pending"})
        self.assertEqual(self._get_linked("time_entry", znuny).raw_minutes, 15)
        self.assertIn("ticket_billing", znuny.hook_hint)

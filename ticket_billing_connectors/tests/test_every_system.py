from odoo.tests import tagged

from ..systems.hook_event import HookEvent
from .common_shape import ShapeCase

NEXT_MONTH = "2026-12-01"


class SystemCase(ShapeCase):
    """What has to hold up to the invoice, whichever system the work comes from."""

    def setUp(self):
        super().setUp()
        self.world.organisations[4] = "Seidel KG"
        self.world.now = self.world.now.replace(month=10)

    def _synchronise_late(self):
        """Some systems tell of the last minute only when it is over."""
        self.world.tick(minutes=5)
        return self._synchronise()

    def _bring(self, minutes=60):
        """A ticket with a booking; its customer is mapped once, and so is the agent."""
        ticket = self.world.ticket(title="Printer")
        entry = self.world.book(ticket, minutes)
        self._synchronise_late()
        self.assertTrue(self._get_held())
        self.assertFalse(self._get_link("ticket", str(ticket.id)).res_id)
        self._map_all()
        self.assertFalse(self._get_held())
        line = self._get_linked("time_entry")
        self.assertEqual(line.raw_minutes, minutes)
        return ticket, entry, line

    def _bill(self, minutes=60):
        ticket, entry, line = self._bring(minutes)
        self._run("2026-11-01").invoice_ids.action_post()
        self.assertTrue(line.billing_locked)
        return ticket, entry, line

    def _get_invoiced(self, line):
        return line.billing_item_ids.filtered("live").mapped("invoice_id")


class SystemTests(SystemCase):
    """Run for each system by the classes below."""

    def test_one_bad_page_changes_nothing_of_what_came_in(self):
        _ticket, _entry, line = self._bring()
        cursor = self.connector.cursor
        self.world.tick(hours=1)
        new = self.world.ticket(title="Scanner")
        for kind, options in (
            ("status", {"status": 500}),
            ("half_json", {}),
            ("html", {}),
            ("body", {"body": {"error": "no"}}),
        ):
            self.server.inject(kind, 99, path=self.shape.ticket_list, **options)
            log = self.connector._synchronise()
            self.assertEqual(log.state, "failed", kind)
            self.assertTrue(log.error)
            self.server.faults.clear()
        self.assertEqual(self.connector.cursor, cursor)
        self.assertEqual(self.connector.health, "red")
        self._synchronise_late()
        self.assertTrue(self._get_link("ticket", str(new.id)).res_id)
        self.assertEqual(self._get_linked("time_entry"), line)
        self.assertEqual(self.connector.health, "green")

    def test_garbage_waits_and_the_rest_comes_in(self):
        ticket, _entry, line = self._bring()
        self.world.book(ticket, 27 * 60)
        self.world.ticket(title="x" * 1_000_000)
        good = self.world.ticket(title="Emoji 🖨 and \x00 NUL")
        self._synchronise_late()
        self.assertEqual(self._get_reasons(), ["invalid_minutes", "invalid_record"])
        here = self._get_link("ticket", str(good.id)).res_id
        self.assertTrue(self.env["helpdesk.ticket"].browse(here).name)
        self.assertEqual(self._get_linked("time_entry"), line)

    def test_a_booking_deleted_before_it_is_billed_goes(self):
        _ticket, entry, line = self._bring()
        self.world.delete(entry)
        self._synchronise_late()
        self.assertFalse(line.exists())
        self.assertFalse(self._run("2026-11-01").invoice_ids)

    def test_a_booking_deleted_after_it_was_billed_waits(self):
        _ticket, entry, line = self._bill()
        self.world.delete(entry)
        self._synchronise_late()
        self.assertEqual(self._get_reasons(), ["deleted_after_billing"])
        self.assertTrue(line.exists())
        self.assertTrue(self.connector.activity_ids)
        self._get_held().action_correct()
        self._run(NEXT_MONTH)
        net = sum(line.billing_item_ids.filtered("live").mapped("net"))
        self.assertEqual(net, 0)

    def test_another_customer_after_billing_waits(self):
        ticket, _entry, line = self._bill()
        invoice = self._get_invoiced(line)
        self._create_customer("Seidel KG")
        self.world.change(ticket, customer=4)
        self._synchronise_late()
        self._map_all()
        self._synchronise_late()
        self.assertEqual(self._get_reasons(), ["changed_after_billing"])
        self.assertEqual(line.ticket_id.commercial_partner_id, self.partner)
        self._run(NEXT_MONTH)
        self.assertEqual(self._get_invoiced(line), invoice)

    def test_a_ticket_merged_after_billing_is_billed_once(self):
        ticket, _entry, line = self._bill()
        invoice = self._get_invoiced(line)
        other = self.world.ticket(title="Survivor")
        self._synchronise_late()
        self.world.merge(ticket, other, self.shape.moves_time)
        self._synchronise_late()
        self._synchronise_late()
        self.assertEqual(self._get_linked("time_entry"), line)
        self.assertFalse(self._get_held())
        self._run(NEXT_MONTH)
        self.assertEqual(self._get_invoiced(line), invoice)

    def test_an_event_brings_the_newest_before_the_synchronisation(self):
        ticket, _entry, line = self._bring()
        self.world.change(ticket, title="By event")
        events = self.env["ticket.billing.hook.event"]
        for _time in range(2):
            events._receive(self.connector, HookEvent("e-1", str(ticket.id)), {})
        events._cron_process()
        self.assertEqual(events.search([]).mapped("state"), ["done"])
        self.assertEqual(line.ticket_id.name, "By event")
        figures = self._synchronise_late()
        self.assertFalse(figures.keys() & {"ticket_new", "entry_new", "entry_changed"})
        self.assertEqual(self._get_linked("time_entry"), line)


@tagged("post_install", "-at_install")
class TestZammad(SystemTests):
    system = "zammad"


@tagged("post_install", "-at_install")
class TestJira(SystemTests):
    system = "jira_service_management"


@tagged("post_install", "-at_install")
class TestFreshdesk(SystemTests):
    system = "freshdesk"


@tagged("post_install", "-at_install")
class TestZendesk(SystemTests):
    """There is nothing but a total: when it was lowered, a person decides."""

    system = "zendesk"

    def _lower(self, entry, line):
        self.world.delete(entry)
        self._synchronise_late()
        self.assertEqual(self._get_reasons(), ["invalid_minutes"])
        self.assertEqual(self._get_held().minutes, -60)
        self.assertTrue(line.exists())

    def test_a_booking_deleted_before_it_is_billed_goes(self):
        _ticket, entry, line = self._bring()
        self._lower(entry, line)

    def test_a_booking_deleted_after_it_was_billed_waits(self):
        _ticket, entry, line = self._bill()
        self._lower(entry, line)

    def test_a_deleted_ticket_takes_its_bookings_along(self):
        ticket, _entry, line = self._bring()
        self.world.change(ticket, deleted=True)
        self._synchronise_late()
        self.assertFalse(line.exists())

    def test_a_deleted_ticket_that_was_billed_waits(self):
        ticket, _entry, line = self._bill()
        self.world.change(ticket, deleted=True)
        self._synchronise_late()
        self.assertEqual(self._get_reasons(), ["deleted_after_billing"])
        self.assertTrue(line.exists())


@tagged("post_install", "-at_install")
class TestServiceNow(SystemTests):
    system = "servicenow"


# Not for itself.
del SystemTests

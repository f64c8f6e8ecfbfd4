from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import ConnectorCase
from .test_declared_system import load_shape_server
from .test_write_back import WriteBackCase


class TestGenericRest(ConnectorCase):
    """A REST interface that is described in the form, up to time entries."""

    def setUp(self):
        super().setUp()
        module, shape = load_shape_server("generic_rest")
        self.server = module.ShapeServer(shape)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        settings = {f"generic_rest_{name}": v for name, v in shape.settings.items()}
        self.rest = self._create_connector(
            self.server,
            system="generic_rest",
            login=False,
            secret=shape.secret,
            **settings,
        )
        self.partner.ref = "A-1"

    def test_tickets_and_time_entries_come_in(self):
        ticket = self.server.world.ticket(title="Printer", closed=True)
        self.server.world.book(ticket, 45)
        self.rest._synchronise()
        agent = self.env["ticket.billing.link"].search(
            [("connector_id", "=", self.rest.id), ("remote_type", "=", "agent")]
        )
        agent.employee_id = self.anna
        line = self._get_linked("time_entry", self.rest)
        self.assertEqual(line.raw_minutes, 45)
        self.assertEqual(line.ticket_id.name, "Printer")
        self.assertTrue(line.ticket_id.closed)
        self.assertEqual(line.ticket_id.partner_id, self.partner)

    def test_first_values_are_shown(self):
        self.rest.action_show_values()
        self.assertEqual(self.rest.test_result, "There is no ticket.")
        self.server.world.book(self.server.world.ticket(title="Printer"), 45)
        self.rest.action_show_values()
        self.assertIn("Ticket: title: Printer", self.rest.test_result)
        self.assertIn("Booking: time: 45", self.rest.test_result)
        self.rest.generic_rest_field_title = "a..b"
        self.rest.action_show_values()
        self.assertIn("a..b is no JMESPath", self.rest.test_result)

    def test_connection_test(self):
        self.server.world.book(self.server.world.ticket(), 45)
        self.rest.action_test()
        self.assertNotIn("✗", self.rest.test_result)


@tagged("post_install", "-at_install")
class TestGenericRestNotes(WriteBackCase):
    system = "generic_rest"

    def test_posted_invoice_is_noted(self):
        row = self._post()
        self.sender._cron_send()
        self.assertEqual(row.state, "done")
        [(kind, ticket, text)] = self.world.written
        self.assertEqual((kind, ticket), ("note", self.remote.id))
        self.assertIn(self.move.name, text)

    def test_a_note_in_doubt_is_for_a_person(self):
        """Nobody knows how to read the notes of this system."""
        row = self._post()
        self.server.inject("status", path="/remarks", status=500)
        self.sender._cron_send()
        self._wait()
        self.sender._cron_send()
        self.assertEqual((row.state, row.asked), ("unknown", True))
        self.assertFalse(self.world.written)

    def test_the_path_is_needed(self):
        with self.assertRaises(ValidationError):
            self.connector.generic_rest_note_path = False
        for kind in ("field", "tag"):
            with self.assertRaises(ValidationError):
                self.connector.write_back = kind

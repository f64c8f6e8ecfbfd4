from lxml import etree

from odoo.exceptions import ValidationError
from odoo.tests import Form

from .common import ConnectorCase
from .test_declared_system import load_shape_server


class TestCountedTime(ConnectorCase):
    """A ticket that only holds the total of its time: each growth is billed once."""

    def setUp(self):
        super().setUp()
        module, shape = load_shape_server("zendesk", "zendesk_total")
        self.server = module.ShapeServer(shape)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.world = self.server.world
        self.partner.ref = "3"
        self.anna.work_email = "u5@msp.example"
        self.zendesk = self._create_connector(
            self.server,
            system="zendesk",
            login=shape.login,
            secret=shape.secret,
            zendesk_time_source="total",
            zendesk_per_minute=0,
        )
        self.ticket = self.world.ticket(title="Printer")

    def _get_minutes(self):
        lines = self._get_linked("time_entry", self.zendesk)
        return lines.sorted("id").mapped("raw_minutes")

    def test_each_growth_becomes_a_time_entry(self):
        self.world.book(self.ticket, 30)
        self.zendesk._synchronise()
        self.world.book(self.ticket, 20)
        self.world.book(self.ticket, 5)
        self.zendesk._synchronise()
        self.zendesk._synchronise()
        self.assertEqual(self._get_minutes(), [30, 25])
        lines = self._get_linked("time_entry", self.zendesk)
        self.assertEqual(lines.employee_id, self.anna)

    def test_a_lowered_total_waits_for_a_decision(self):
        self.world.book(self.ticket, 30)
        wrong = self.world.book(self.ticket, 30)
        self.zendesk._synchronise()
        self.world.delete(wrong)
        self.zendesk._synchronise()
        self.assertEqual(self._get_reasons(self.zendesk), ["invalid_minutes"])
        self.assertEqual(self._get_held(self.zendesk).minutes, -30)
        self._get_held(self.zendesk).action_dismiss()
        self.world.book(self.ticket, 10)
        self.zendesk._synchronise()
        self.assertEqual(self._get_minutes(), [60, 10])
        self.assertFalse(self._get_held(self.zendesk))

    def test_what_was_dismissed_does_not_come_with_the_next(self):
        self.world.book(self.ticket, 0, amount=2000)
        self.zendesk._synchronise()
        self._get_held(self.zendesk).action_dismiss()
        self.world.book(self.ticket, 15)
        self.zendesk._synchronise()
        self.assertEqual(self._get_minutes(), [15])

    def test_a_ticket_that_waits_for_its_customer_is_counted_on(self):
        self.zendesk.auto_map = False
        for minutes in (30, 20):
            self.world.book(self.ticket, minutes)
            self.zendesk._synchronise()
        self.assertEqual(self._get_reasons(self.zendesk).count("ticket_held"), 2)
        self.zendesk.auto_map = True
        self.env["ticket.billing.link"].search(
            [("connector_id", "=", self.zendesk.id), ("remote_type", "=", "customer")]
        ).partner_id = self.partner
        self.assertEqual(sorted(self._get_minutes()), [20, 30])

    def test_where_times_come_from_is_settled_by_the_first(self):
        self.zendesk.zendesk_time_source = "none"
        self.zendesk.zendesk_time_source = "total"
        self.world.book(self.ticket, 30)
        self.zendesk._synchronise()
        with self.assertRaises(ValidationError):
            self.zendesk.zendesk_time_source = "audits"

    def test_form(self):
        for system, name in (("zendesk", "total_field"), ("servicenow", "condition")):
            self.zendesk.system = system
            with Form(self.zendesk) as form:
                form[f"{system}_{name}"] = "4711"
            self.assertEqual(self.zendesk._get_settings()[name], "4711")

    def test_settings_that_do_not_matter_are_hidden(self):
        arch = etree.fromstring(self.zendesk.get_view(view_type="form")["arch"])
        field = arch.find(".//field[@name='servicenow_card_states']")
        self.assertEqual(
            field.get("invisible"), "servicenow_time_source not in ['cards']"
        )
        self.zendesk.zendesk_time_source = "none"
        with Form(self.zendesk) as form:
            with self.assertRaises(AssertionError):
                form.zendesk_total_field = "4711"

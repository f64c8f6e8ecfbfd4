import importlib.util
import sys
from contextlib import closing

from lxml import etree

from odoo.exceptions import ValidationError
from odoo.tests import Form

from .common import REPLAY, ConnectorCase, load_replay_server

CONFORMANCE = REPLAY.parent / "conformance"


def load_shape_server(code, name=None):
    """Return (module of the server, shape of a system) of the conformance tests;
    ``name`` is that of the shape, if the system has several."""
    sys.modules.setdefault("replay_server", load_replay_server())
    if str(CONFORMANCE) not in sys.path:
        sys.path.append(str(CONFORMANCE))
    path = CONFORMANCE / "shapes" / f"{code}.py"
    spec = importlib.util.spec_from_file_location(f"shape_{code}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shapes = getattr(module, "SHAPES", None) or {code: module.SHAPE}
    return importlib.import_module("server"), shapes[name or code]


class TestDeclaredSystem(ConnectorCase):
    """A system that is only declared, from its form to time entries."""

    def setUp(self):
        super().setUp()
        module, shape = load_shape_server("redmine")
        self.server = module.ShapeServer(shape)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.world = self.server.world
        self.partner.ref = "Acme Support"
        self.anna.user_id.login = "user5"
        work_types = self.env["ticket.billing.work.type"]
        work_types.search([("code", "=", "remote")], limit=1).name = "Development"
        self.redmine = self._create_connector(
            self.server, system="redmine", login=False, secret=shape.secret
        )

    def _map_customer(self):
        link = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.redmine.id),
                ("remote_type", "=", "customer"),
            ]
        )
        link.partner_id = self.partner

    def test_settings_become_fields_of_the_form(self):
        self.redmine.write({"redmine_window_days": 30, "redmine_customer_field": "Co"})
        settings = self.redmine._get_settings()
        self.assertEqual(settings["window_days"], 30)
        self.assertEqual(settings["customer_field"], "Co")
        self.assertEqual(settings["overlap_minutes"], 5)
        self.redmine.redmine_overlap_minutes = 0
        self.assertEqual(self.redmine._get_settings()["overlap_minutes"], 0)
        self.assertEqual(self.redmine._get_settings()["window_days"], 30)
        arch = etree.fromstring(self.redmine.get_view(view_type="form")["arch"])
        field = arch.find(".//field[@name='redmine_window_days']")
        self.assertEqual(field.getparent().get("invisible"), "system != 'redmine'")

    def test_form(self):
        with Form(self.redmine) as form:
            form.redmine_window_days = 14
        self.assertEqual(self.redmine._get_settings()["window_days"], 14)

    def test_a_user_name_is_asked_for_where_it_is_needed(self):
        self.assertFalse(self.redmine.needs_login)
        with self.assertRaises(ValidationError):
            self.redmine.system = "znuny"

    def test_tickets_and_time_entries_come_in(self):
        ticket = self.world.ticket(title="Printer")
        self.world.book(ticket, 45)
        self.redmine._synchronise()
        self._map_customer()
        (line,) = self._get_linked("time_entry", self.redmine)
        self.assertEqual(line.raw_minutes, 45)
        self.assertEqual(line.ticket_id.name, "Printer")
        self.assertEqual(line.employee_id, self.anna)
        self.assertEqual(str(line.date), "2026-03-02")
        self.assertEqual(
            self._synchronise(self.redmine),
            {"ticket_unchanged": 1, "entry_unchanged": 1},
        )

    def test_deleted_bookings_go_also_while_they_wait(self):
        ticket = self.world.ticket()
        kept, deleted = self.world.book(ticket, 45), self.world.book(ticket, 10)
        self.redmine._synchronise()
        self._map_customer()
        waiting = self.world.book(ticket, 20, amount="12x")
        self.redmine._synchronise()
        self.assertEqual(self._get_reasons(self.redmine), ["invalid_minutes"])
        self.world.delete(deleted)
        self.world.delete(waiting)
        self.redmine._synchronise()
        lines = self._get_linked("time_entry", self.redmine)
        self.assertEqual(lines.mapped("raw_minutes"), [kept.minutes])
        self.assertFalse(self._get_held(self.redmine))

    def test_known_entries_are_those_of_the_window(self):
        ticket = self.world.ticket()
        entry = self.world.book(ticket, 45)
        self.redmine._synchronise()
        self._map_customer()
        day = entry.worked.date()
        known = self.redmine._get_known_entries
        self.assertEqual(known(day), {str(entry.id): str(ticket.id)})
        self.assertFalse(known(day.replace(day=day.day + 1)))

    def test_connection_test(self):
        self.world.book(self.world.ticket(), 45)
        with closing(self.redmine._open()) as client:
            self.assertFalse([c.error for c in client.check() if c.error])
        self.redmine.action_test()
        self.assertIn("0.75", self.redmine.test_result)

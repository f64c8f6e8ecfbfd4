from .common import ConnectorCase
from .test_declared_system import load_shape_server


class ListedTimeCase(ConnectorCase):
    """A system that lists bookings apart from their tickets."""

    system = ""
    settings = {}

    def setUp(self):
        super().setUp()
        module, shape = load_shape_server(self.system)
        self.server = module.ShapeServer(shape)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.world = self.server.world
        self.partner.name = "Muster GmbH"
        self.remote = self._create_connector(
            self.server,
            system=self.system,
            login=shape.login,
            secret=shape.secret,
            system_settings={
                f"{self.system}_{name}": value for name, value in self.settings.items()
            },
        )

    def _line(self):
        (line,) = self._get_linked("time_entry", self.remote)
        return line


class TestFreshdesk(ListedTimeCase):
    system = "freshdesk"
    settings = {"per_minute": 0}

    def _book(self, **raw):
        entry = self.world.book(self.world.ticket(), 45, raw=raw)
        self._synchronise(self.remote)
        return entry

    def test_billable_work(self):
        self._book()
        line = self._line()
        self.assertEqual((line.raw_minutes, line.billing_type), (45, "billable"))
        self.assertEqual(line.employee_id, self.anna)
        self.assertEqual(line.ticket_id.partner_id, self.partner)
        figures = self._synchronise(self.remote)
        self.assertEqual(figures, {"ticket_unchanged": 1, "entry_unchanged": 1})

    def test_work_that_is_not_billable_is_internal_until_it_is(self):
        entry = self._book(billable=False)
        self.assertEqual(self._line().billing_type, "internal")
        self.world.change(entry, raw={"billable": True})
        self._synchronise(self.remote)
        self.assertEqual(self._line().billing_type, "billable")

    def test_goodwill_given_here_stays(self):
        entry = self._book()
        self._line().billing_type = "goodwill"
        self.world.change(entry, minutes=50)
        self._synchronise(self.remote)
        line = self._line()
        self.assertEqual((line.raw_minutes, line.billing_type), (50, "goodwill"))
        self.world.change(entry, raw={"billable": False})
        self._synchronise(self.remote)
        self.assertEqual(self._line().billing_type, "goodwill")

    def test_a_booking_dated_back_beyond_the_window_is_looked_for(self):
        entry = self._book()
        line = self._line()
        self.world.tick(days=20)
        self.world.change(entry, worked=entry.worked.replace(month=1, day=5))
        self.world.ticket()
        self._synchronise(self.remote)
        self.assertEqual(self._line(), line)
        self.assertEqual(str(line.date), "2026-01-05")

    def test_tickets_that_are_known_or_wait_are_not_read_again(self):
        self._book()
        self.partner.name = "Somebody else"
        self.env["ticket.billing.link"].search(
            [("connector_id", "=", self.remote.id), ("remote_type", "=", "customer")]
        ).unlink()
        waiting = self.world.ticket()
        self.world.book(waiting, 5)
        self._synchronise(self.remote)
        self.assertEqual(self._get_held(self.remote)[:1].remote_id, str(waiting.id))
        self.world.tick(hours=1)
        self.server.requests.clear()
        self.remote._synchronise()
        paths = [request.path for request in self.server.requests]
        self.assertIn("/api/v2/time_entries", paths)
        self.assertNotIn(f"/api/v2/tickets/{waiting.id}", paths)
        self.assertEqual(len([p for p in paths if "/tickets" in p]), 1)


class TestJiraServiceManagement(ListedTimeCase):
    system = "jira_service_management"
    settings = {"time_zone": "Europe/Berlin", "projects": "SUP"}

    def test_tickets_and_worklogs_come_in(self):
        ticket = self.world.ticket(title="VPN")
        self.world.book(ticket, 45, text="Firmware erneuert")
        deleted = self.world.book(ticket, 10)
        self.world.book(self.world.ticket(raw={"project": "DEV"}), 99)
        self._synchronise(self.remote)
        lines = self._get_linked("time_entry", self.remote)
        self.assertEqual(lines.mapped("raw_minutes"), [45, 10])
        self.assertEqual(lines.employee_id, self.anna)
        self.assertEqual(lines[0].name, "Firmware erneuert")
        self.assertEqual(lines.ticket_id.number, f"SUP-{ticket.id}")
        self.assertEqual(str(lines[0].billing_start), "2026-03-02 08:02:00")
        self.assertFalse(self._get_held(self.remote))
        self.world.delete(deleted)
        self._synchronise(self.remote)
        self.assertEqual(self._line(), lines[0])

    def test_more_projects_are_read_from_the_start(self):
        self.world.book(self.world.ticket(raw={"project": "DEV"}), 45)
        self.world.book(self.world.ticket(), 10)
        self.world.tick(hours=2)
        self._synchronise(self.remote)
        cursor = self.remote.cursor
        self.remote.jira_service_management_overlap_minutes = 6
        self.remote.jira_service_management_projects = "SUP"
        self.assertEqual(self.remote.cursor, cursor)
        self.remote.jira_service_management_projects = "SUP,DEV"
        self._synchronise(self.remote)
        lines = self._get_linked("time_entry", self.remote)
        self.assertEqual(sorted(lines.mapped("raw_minutes")), [10, 45])

    def test_settings_have_fields(self):
        self.assertTrue(self.remote.needs_login)
        field = self.remote._fields["jira_service_management_customer_from"]
        self.assertEqual(
            [value for value, _name in field.selection], ["organization", "project"]
        )
        self.assertEqual(self.remote._get_settings()["projects"], "SUP")

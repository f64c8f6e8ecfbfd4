from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ConnectorCase
from .test_declared_system import load_shape_server

NINE = "2026-10-12 09:00:00"
TEN = "2026-10-12 10:00:00"
TABLES = (
    "ticket.billing.link", "ticket.billing.inbox", "ticket.billing.payload",
    "ticket.billing.sync.log", "helpdesk.ticket", "account.analytic.line",
    "mail.message", "mail.activity", "res.partner",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestPreview(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connector.state = "draft"
        self.replay.add_ticket(1, NINE, [(30, 2, TEN)], Title="Printer")
        self.replay.add_ticket(2, NINE, [(27 * 60, 2, TEN)], CustomerID="STRANGER")
        self.replay.tickets["2"]["Article"][0]["From"] = "who@stranger.example"

    def _count_rows(self):
        self.env.flush_all()
        return {name: self.env[name].search_count([]) for name in TABLES}

    def _preview(self, connector=None):
        action = (connector or self.connector).action_preview()
        return self.env["ticket.billing.preview"].browse(action["res_id"])

    def test_shows_what_would_come_and_stores_nothing(self):
        before = self._count_rows()
        preview = self._preview()
        self.assertEqual(self._count_rows(), before)
        self.assertEqual((preview.ticket_count, preview.entry_count), (2, 2))
        self.assertEqual((preview.held_count, preview.unmapped_count), (2, 1))
        first, second = preview.ticket_ids
        self.assertEqual(
            (first.title, first.verdict, first.target_name, first.contract_name),
            ("Printer", "new", self.max.display_name, self.contract.display_name),
        )
        self.assertEqual(second.verdict, "held")
        self.assertIn("STRANGER", second.message)
        good, bad = preview.entry_ids
        self.assertEqual(
            (good.minutes, good.agent_name, good.verdict), (30, "Anna Huber", "new")
        )
        self.assertIn("1440", bad.message)
        found = {line.remote_name: line for line in preview.mapping_ids}
        self.assertEqual(found["ACME"].target_name, self.partner.name)
        self.assertIn("Customer number", found["ACME"].message)
        self.assertEqual(found["STRANGER"].verdict, "unmapped")
        self.assertFalse(self.connector.cursor)

    def test_similar_name_is_proposed(self):
        self._create_customer("Stranger Logistik GmbH", email=False)
        self.replay.tickets["2"]["CustomerID"] = "Stranger Logistik"
        (line,) = self._preview().mapping_ids.filtered(
            lambda found: found.verdict == "unmapped"
        )
        self.assertIn("Stranger Logistik GmbH", line.message)

    def test_rules_on_other_fields_count(self):
        second = self._create_contract(self.partner, main=False)
        self.env["ticket.billing.mapping.rule"].create(
            {
                "connector_id": self.connector.id,
                "field": "ticket_other",
                "path": "Title",
                "operator": "starts",
                "value": "print",
                "target": "contract",
                "contract_id": second.id,
            }
        )
        line = self._preview().ticket_ids[0]
        self.assertEqual(line.contract_name, second.display_name)

    def test_switching_on_begins_at_the_chosen_day(self):
        preview = self._preview()
        preview.date_from = "2026-10-01"
        preview.action_switch_on()
        self.assertEqual(self.connector.state, "active")
        self.assertEqual(str(self.connector.date_from), "2026-10-01")
        self.assertEqual(self._synchronise()["ticket_new"], 1)

    def test_later_day_shows_less(self):
        preview = self._preview()
        preview.date_from = "2026-10-13"
        preview.action_refresh()
        self.assertFalse(preview.line_ids)

    def test_only_so_many_tickets(self):
        preview = self._preview()
        preview.limit = 1
        preview.action_refresh()
        self.assertEqual((preview.ticket_count, preview.entry_count), (1, 1))

    def test_fault_is_told(self):
        self.connector.secret = "wrong"
        with self.assertRaisesRegex(UserError, "user name or password"):
            self._preview()

    def test_bookings_that_are_listed_on_their_own(self):
        module, shape = load_shape_server("redmine")
        server = module.ShapeServer(shape)
        server.__enter__()
        self.addCleanup(server.__exit__)
        server.world.book(server.world.ticket(title="Printer"), 45)
        redmine = self._create_connector(
            server, system="redmine", login=False, secret=shape.secret, state="draft"
        )
        preview = self._preview(redmine)
        self.assertEqual(preview.ticket_ids.title, "Printer")
        self.assertEqual(preview.entry_ids.minutes, 45)

    def test_is_for_those_who_set_up_connectors(self):
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.connector.with_user(biller).action_preview()

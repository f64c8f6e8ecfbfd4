from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common import ConnectorCase

NINE = "2026-10-12 09:00:00"
MANAGER = "ticket_billing_connectors.group_connector_manager"


@tagged("post_install", "-at_install")
class TestAccess(ConnectorCase):
    def test_biller_reads_but_does_not_change(self):
        self.replay.add_ticket(1, NINE, [(9999, 2, NINE)])
        self._synchronise()
        biller = self._create_user("biller", "ticket_billing.group_biller")
        connector = self.connector.with_user(biller)
        self.assertEqual(connector.held_count, 1)
        held = self._get_held().with_user(biller)
        self.assertIn("1440", held.message)
        for action in (
            connector.action_synchronise,
            connector.action_test,
            connector.action_draft,
            held.action_retry,
            held.action_dismiss,
        ):
            with self.assertRaises(AccessError):
                action()
        with self.assertRaises(AccessError):
            self.env["ticket.billing.link"].with_user(biller).search([])[0].write(
                {"res_id": 1}
            )

    def test_manager_synchronises_and_maps(self):
        manager = self._create_user("manager", MANAGER)
        self.replay.add_ticket(1, NINE, [(15, 9, NINE)])
        connector = self.connector.with_user(manager)
        connector.action_synchronise()
        self.assertEqual(self._get_reasons(), ["unknown_agent"])
        link = self._get_link("agent", "9").with_user(manager)
        link.employee_id = self.anna.with_user(manager)
        self.assertFalse(self._get_held())

    def test_manager_moves_no_link_to_another_record(self):
        manager = self._create_user("manager", MANAGER)
        self.replay.add_ticket(1, NINE, [(15, 2, NINE)])
        self._synchronise()
        other = self._get_linked("ticket").copy()
        link = self._get_link("ticket", "1").with_user(manager)
        for context in ({}, {"connector_import": True}):
            with self.assertRaises(AccessError):
                link.with_context(**context).res_id = other.id

    def test_agent_sees_the_link_of_a_ticket_but_no_connector(self):
        self.replay.add_ticket(1, NINE)
        self._synchronise()
        agent = self._create_user(
            "agent", "ticket_billing.group_agent,helpdesk_mgmt.group_helpdesk_user"
        )
        ticket = self._get_linked("ticket").with_user(agent)
        self.assertEqual(ticket.connector_name, "Znuny")
        self.assertTrue(ticket.remote_url)
        with self.assertRaises(AccessError):
            self.connector.with_user(agent).read(["login"])

    def test_only_administrators_lower_the_guard(self):
        manager = self._create_user("manager", MANAGER)
        connector = self.connector.with_user(manager)
        connector.write({"allow_http": False, "base_url": "https://x.example"})
        for name in ("allow_private_address", "allow_http", "skip_certificate_check"):
            with self.assertRaises(AccessError):
                connector.write({name: True})
            with self.assertRaises(AccessError):
                connector.create(
                    {
                        "name": "x",
                        "base_url": "https://x.example",
                        "login": "x",
                        name: True,
                    }
                )

    def test_addresses_are_checked_when_saved(self):
        for url in ("ftp://x.example", "https://", "https://a:b@x.example", "x"):
            with self.assertRaises(ValidationError):
                self.connector.base_url = url
        self.connector.write({"base_url": "https://x.example"})
        with self.assertRaises(ValidationError):
            self.connector.base_url = "http://x.example"

    def test_extra_settings_are_json(self):
        with self.assertRaises(ValidationError):
            self.connector.extra_settings = "{"
        self.connector.extra_settings = '{"route_search": "GET /Nothing"}'
        self.assertEqual(self.connector._synchronise().state, "failed")
        self.connector.extra_settings = '{"colour": "red"}'
        self.assertIn("colour", self.connector._synchronise().error)

    def test_companies_are_apart(self):
        """Records of one company are invisible to users of another."""
        self.replay.add_ticket(1, NINE, [(9999, 2, NINE)])
        self._synchronise()
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._create_user("stranger", MANAGER)
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        for name in ("connector", "link", "inbox", "sync.log"):
            model = self.env[f"ticket.billing.{name}"]
            self.assertTrue(model.search([]))
            theirs = model.with_user(stranger).with_context(
                allowed_company_ids=other.ids
            )
            self.assertFalse(theirs.search([]), name)

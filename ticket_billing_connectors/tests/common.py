import importlib.util
import sys
from pathlib import Path

from odoo.addons.ticket_billing.tests.common import TicketBillingCase

CHECKOUT = Path(__file__).resolve().parents[2]
REPLAY = CHECKOUT / "tests" / "connectors" / "replay_server.py"
PASSWORD = "replay"


def load_replay_server():
    """Return the module of the replay server, which is not part of an add-on."""
    name = "ticket_billing_replay_server"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, REPLAY)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


class ConnectorCase(TicketBillingCase):
    """A connector on a replay server over real HTTP. The customer under contract is
    known there as ACME; Anna and Bert are its agents 2 and 3."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner.ref = "ACME"
        cls.max = cls.env["res.partner"].create(
            {
                "name": "Max Müller",
                "parent_id": cls.partner.id,
                "email": "max.mueller@acme.example",
            }
        )
        cls.anna.user_id = cls._create_user("agent.anna", "base.group_user")
        cls.bert.work_email = "agent.bert@nordlicht-it.example"
        cls.team = cls.env["helpdesk.ticket.team"].create(
            {"name": "Support", "company_id": cls.company.id}
        )

    def setUp(self):
        super().setUp()
        self.replay = self._start_replay()
        self.connector = self._create_connector(self.replay)
        # A commit would end the test's transaction.
        self.time_left = float("inf")
        self.patch(type(self.connector), "_commit_page", lambda _self: self.time_left)

    def _start_replay(self, recordings=None):
        server = load_replay_server().ReplayServer(recordings)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def _create_connector(self, server, **values):
        return self.env["ticket.billing.connector"].create(
            {
                "name": "Znuny",
                "company_id": self.company.id,
                "base_url": server.url,
                "login": "agent.anna",
                "secret": PASSWORD,
                "allow_http": True,
                "allow_private_address": True,
                "team_id": self.team.id,
                "activity_field": "Activity",
                "purchase_order_field": "BillingCode",
                "date_from": "2026-01-01",
                "state": "active",
                **values,
            }
        )

    def _synchronise(self, connector=None):
        """Synchronise and return the figures of the log that are not zero."""
        log = (connector or self.connector)._synchronise()
        self.assertEqual(log.state, "done", log.error)
        return {
            name: log[name]
            for name in log._fields
            if name.startswith(("ticket_", "entry_")) and log[name]
        }

    def _get_linked(self, remote_type, connector=None):
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", (connector or self.connector).id),
                ("remote_type", "=", remote_type),
                ("state", "=", "mapped"),
            ],
            order="id",
        )
        return self.env[links.mapped("res_model")[0]].browse(links.mapped("res_id"))

    def _get_held(self, connector=None):
        return self.env["ticket.billing.inbox"].search(
            [
                ("connector_id", "=", (connector or self.connector).id),
                ("state", "=", "held"),
            ],
            order="id",
        )

    def _get_reasons(self, connector=None):
        return sorted(self._get_held(connector).mapped("reason"))

    def _get_link(self, remote_type, remote_id):
        return self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.connector.id),
                ("remote_type", "=", remote_type),
                ("remote_id", "=", remote_id),
            ]
        )

    def _credit_and_release(self, invoice):
        """Credit a posted invoice and release its work."""
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard = wizard.create({"journal_id": invoice.journal_id.id})
        wizard.refund_moves()
        invoice.reversal_move_ids.action_post()
        invoice.reversal_move_ids.action_release_work()

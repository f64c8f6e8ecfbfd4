import importlib
import sys

from odoo.tests import Form

from .common import REPLAY, ConnectorCase, load_replay_server


class TestProtocol(ConnectorCase):
    def _start_replay(self, recordings=None):
        sys.modules.setdefault("replay_server", load_replay_server())
        if str(REPLAY.parent) not in sys.path:
            sys.path.append(str(REPLAY.parent))
        server = importlib.import_module("soap_replay").SoapReplayServer()
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def test_times_come_in_by_soap(self):
        with Form(self.connector) as form:
            form.protocol = "soap"
        self.assertEqual(self.connector.service, "GenericTicketConnectorSOAP")
        self.replay.add_ticket(
            7, "2026-11-24 08:00:00", [(45, 2, "2026-11-24 09:00:00")]
        )
        self.assertEqual(self._synchronise(), {"ticket_new": 1, "entry_new": 1})
        (line,) = self._get_linked("time_entry")
        self.assertEqual((line.raw_minutes, line.employee_id), (45, self.anna))
        self.assertEqual(
            self._synchronise(), {"ticket_unchanged": 1, "entry_unchanged": 1}
        )

    def test_own_service_stays(self):
        self.connector.service = "Billing"
        with Form(self.connector) as form:
            form.protocol = "soap"
        self.assertEqual(self.connector.service, "Billing")

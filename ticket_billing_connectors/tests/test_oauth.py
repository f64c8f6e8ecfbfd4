import dataclasses
import importlib
import sys
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from ..models.ticket_billing_connector_oauth import CALLBACK
from ..models.ticket_billing_oauth_token import StoredTokens
from ..systems import redmine
from ..systems.declaration import OAuth
from ..systems.registry import SYSTEMS, as_system
from .common import REPLAY, ConnectorCase, load_replay_server

OAUTH = OAuth(
    "/oauth/token",
    scope="view_issues",
    authorize_url="/oauth/authorize",
    authorize_fields={"prompt": "consent"},
)
SYSTEM = as_system(dataclasses.replace(redmine.SYSTEM, auth=OAUTH))


def load_token_server():
    sys.modules.setdefault("replay_server", load_replay_server())
    if str(REPLAY.parent) not in sys.path:
        sys.path.append(str(REPLAY.parent))
    return importlib.import_module("token_server")


@tagged("post_install", "-at_install")
class TestOAuth(HttpCase, ConnectorCase):
    """From *Connect* over the provider and back, with real requests."""

    def setUp(self):
        super().setUp()
        patched = patch.dict(SYSTEMS, {"redmine": SYSTEM})
        patched.start()
        self.addCleanup(patched.stop)
        self.provider = load_token_server().TokenServer()
        self.provider.__enter__()
        self.addCleanup(self.provider.__exit__)
        self.connector = self._create_connector(
            self.provider,
            name="Redmine",
            system="redmine",
            login="client",
            secret="client-secret",
        )
        group = "ticket_billing_connectors.group_connector_manager"
        self.manager = self._create_user("manager", group)
        self.other = self._create_user("other", group)
        self.tokens = self.env["ticket.billing.oauth.token"]

    def _press_connect(self, user=None):
        """Return where the user is sent."""
        action = self.connector.with_user(user or self.manager).action_connect()
        self.env.flush_all()
        return action["url"]

    def _come_back(self, url, user=None):
        """Follow the provider's redirect in the browser of a user."""
        login = (user or self.manager).login
        self.authenticate(login, login)
        response = self.url_open(url, allow_redirects=False)
        self.env.invalidate_all()
        return response

    def _get_notes(self):
        return " ".join(self.connector.message_ids.mapped("body"))

    def test_connect(self):
        self.assertFalse(self.connector.connected)
        url = self._press_connect()
        asked = dict(parse_qsl(urlsplit(url).query))
        self.assertTrue(url.startswith(f"{self.provider.url}/oauth/authorize?"))
        self.assertEqual(asked["redirect_uri"], self.connector.consent_redirect_uri)
        self.assertEqual(asked["scope"], "view_issues")
        self.assertEqual(asked["prompt"], "consent")
        response = self._come_back(self.provider.agree(url))
        self.assertEqual(response.status_code, 303)
        self.assertIn(f"/{self.connector.id}", response.headers["Location"])
        self.assertTrue(self.connector.connected)
        with self.enter_registry_test_mode():
            client = self.connector._open()
            self.addCleanup(client.close)
            who = client.call(client.declaration.who)
        self.assertEqual(who["user"]["id"], 5)
        kinds = [form["grant_type"] for form in self.provider.forms]
        self.assertEqual(kinds, ["authorization_code", "refresh_token"])

    def test_state_works_once(self):
        back = self.provider.agree(self._press_connect())
        self.assertEqual(self._come_back(back).status_code, 303)
        self.assertEqual(self._come_back(back).status_code, 400)
        self.assertEqual(len(self.provider.forms), 1)

    def test_state_of_another_user(self):
        back = self.provider.agree(self._press_connect())
        self.assertEqual(self._come_back(back, self.other).status_code, 400)
        self.assertFalse(self.provider.forms)
        self.assertEqual(self._come_back(back).status_code, 303)

    def test_unknown_state_and_none(self):
        self._press_connect()
        for query in ("?code=x", "?code=x&state=", "?code=x&state=guessed"):
            response = self._come_back(f"{CALLBACK}{query}")
            self.assertEqual(response.status_code, 400)
        self.assertFalse(self.provider.forms)

    def test_too_late(self):
        back = self.provider.agree(self._press_connect())
        row = self.tokens.search([("connector_id", "=", self.connector.id)])
        row.valid_until = fields.Datetime.now() - timedelta(seconds=1)
        self.env.flush_all()
        self.assertEqual(self._come_back(back).status_code, 400)

    def test_user_who_lost_the_right_meanwhile(self):
        back = self.provider.agree(self._press_connect())
        self.manager.group_ids = self.env.ref("base.group_user")
        self.env.flush_all()
        self.assertEqual(self._come_back(back).status_code, 403)
        self.assertFalse(self.connector.connected)

    def test_user_who_says_no(self):
        state = dict(parse_qsl(urlsplit(self._press_connect()).query))["state"]
        back = f"{CALLBACK}?state={state}&error=access_denied"
        self.assertEqual(self._come_back(back).status_code, 303)
        self.assertFalse(self.connector.connected)
        self.assertIn("access_denied", self._get_notes())

    def test_code_of_somebody_else(self):
        """A code that was asked for with another verifier is refused."""
        first = self.provider.agree(self._press_connect())
        stolen = dict(parse_qsl(urlsplit(first).query))["code"]
        state = dict(parse_qsl(urlsplit(self._press_connect()).query))["state"]
        back = f"{CALLBACK}?state={state}&code={stolen}"
        self.assertEqual(self._come_back(back).status_code, 303)
        self.assertFalse(self.connector.connected)
        self.assertIn("press Connect", self._get_notes())

    def test_nobody_is_sent_without_a_client_secret(self):
        self.connector.secret_encrypted = False
        with self.assertRaises(UserError):
            self._press_connect()

    def test_only_who_sets_up_connectors(self):
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.connector.with_user(biller).action_connect()
        with self.assertRaises(AccessError):
            self.connector.with_user(biller).action_disconnect()

    def _keep(self, **tokens):
        with self.enter_registry_test_mode():
            self._press_connect()
            StoredTokens(self.connector).replace(lambda _old: tokens)
        self.env.invalidate_all()

    def test_nobody_reads_them(self):
        self._keep(access_token="t0ken", refresh_token="refr3sh")
        admin = self._create_user("admin2", "base.group_system")
        row = self.tokens.search([("connector_id", "=", self.connector.id)])
        for user in (self.manager, admin):
            with self.assertRaises(AccessError):
                row.with_user(user).read([])
        self.env.cr.execute(
            "SELECT to_jsonb(t)::text FROM ticket_billing_oauth_token t WHERE id = %s",
            [row.id],
        )
        stored = self.env.cr.fetchone()[0]
        self.assertNotIn("t0ken", stored)
        self.assertNotIn("refr3sh", stored)

    def test_another_address_or_system_forgets_them(self):
        self._keep(refresh_token="x")
        self.connector.base_url = f"{self.provider.url}/redmine"
        self.assertTrue(self.connector.connected)
        self.connector.system = "znuny"
        self.assertFalse(self.connector.connected)
        self.connector.system = "redmine"
        self._keep(refresh_token="x")
        self.connector.base_url = "https://elsewhere.example"
        self.assertFalse(self.connector.connected)

    def test_disconnect(self):
        self._keep(refresh_token="x")
        self.connector.with_user(self.manager).action_disconnect()
        self.assertFalse(self.connector.connected)
        with self.enter_registry_test_mode():
            log = self.connector._synchronise()
        self.assertIn("press Connect", log.error)

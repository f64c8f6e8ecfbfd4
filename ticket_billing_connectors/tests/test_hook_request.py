import hashlib
import hmac
import http.client
import json
import time
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.exceptions import AccessError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import Form, HttpCase, tagged

from ..models import ticket_billing_connector_hook as hook
from ..transport.signatures import SCHEMES
from .common_shape import ShapeCase

SECRET = "given by the ticket system"
EVENT = {"ticket": {"id": 81, "title": "Printer"}, "article": {}}


@tagged("post_install", "-at_install")
class TestHookRequest(ShapeCase, HttpCase):
    """What is taken from the network, and what is not."""

    def setUp(self):
        super().setUp()
        self.connector.hook_secret = SECRET
        self.path = urlsplit(self.connector.hook_url).path

    def _send(self, body=None, path=None, delivery="d-1", **headers):
        """Post as Zammad does; headers that are None are left out."""
        body = json.dumps(EVENT).encode() if body is None else body
        mac = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
        sent = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Zammad-Delivery": delivery,
            "X-Hub-Signature": f"sha1={mac}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in sent.items() if value is not None}
        url = path or self.path
        return self.url_open(url, data=body, headers=sent, method="POST")

    def _get_events(self):
        return self.env["ticket.billing.hook.event"].search(
            [("connector_id", "=", self.connector.id)]
        )

    def test_signed_event_is_kept_and_processed_at_once(self):
        cron = self.env.ref("ticket_billing_connectors.ir_cron_hook")
        triggers = self.env["ir.cron.trigger"]
        before = triggers.search_count([("cron_id", "=", cron.id)])
        answer = self._send()
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        self.assertNotIn("session_id", answer.cookies)
        event = self._get_events()
        self.assertEqual((event.ticket_remote_id, event.state), ("81", "pending"))
        self.assertEqual(event.event_key, "d-1")
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)
        self.assertEqual(self.connector.hook_event_count, 1)

    def test_the_sender_has_to_be_proven(self):
        body = json.dumps(EVENT).encode()
        other = hmac.new(b"guessed", body, hashlib.sha1).hexdigest()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
        for headers in (
            {"X_Hub_Signature": None},
            {"X_Hub_Signature": ""},
            {"X_Hub_Signature": f"sha1={other}"},
            {"X_Hub_Signature": signature},
            {"body": body + b" ", "X_Hub_Signature": f"sha1={signature}"},
        ):
            self.assertEqual(self._send(**headers).status_code, 401, headers)
        self.assertFalse(self._get_events())

    def test_nothing_is_understood_before_the_sender_is_proven(self):
        garbage = b'{"ticket": '
        wrong = self._send(garbage, X_Hub_Signature="sha1=0")
        self.assertEqual(wrong.status_code, 401)
        for body in (garbage, b"", b"\xff", b"[" * 100_000):
            self.assertEqual(self._send(body).status_code, 400, body[:20])
        self.assertFalse(self._get_events())
        with patch("odoo.addons.ticket_billing_connectors.controllers.hook.json") as it:
            self._send(X_Hub_Signature="sha1=0")
            it.loads.assert_not_called()

    def test_compared_in_constant_time(self):
        name = "odoo.addons.ticket_billing_connectors.transport.signatures.hmac"
        with patch(f"{name}.compare_digest", wraps=hmac.compare_digest) as compare:
            self._send()
            self._send(X_Hub_Signature="sha1=0")
        self.assertEqual(compare.call_count, 2)

    def test_old_signatures_are_refused(self):
        scheme = SCHEMES["glpi"]
        model = type(self.connector)
        self.patch(model, "_get_hook_scheme", lambda self: scheme)
        body = json.dumps(EVENT).encode()
        for age, status in ((0, 200), (299, 200), (310, 401), (-310, 401)):
            stamp = str(int(time.time() - age))
            mac = hmac.new(SECRET.encode(), body + stamp.encode(), hashlib.sha256)
            answer = self._send(
                delivery=f"d{age}",
                X_GLPI_Signature=mac.hexdigest(),
                X_GLPI_Timestamp=stamp,
            )
            self.assertEqual(answer.status_code, status, age)

    def test_the_same_event_counts_once(self):
        for _time in range(3):
            self.assertEqual(self._send().status_code, 200)
        self.assertEqual(len(self._get_events()), 1)
        self._send(delivery="d-2")
        self.assertEqual(len(self._get_events()), 2)
        # Systems without ids of events: each counts.
        self._send(delivery=None)
        self._send(delivery=None)
        self.assertEqual(len(self._get_events()), 4)

    def test_large_bodies_are_not_read(self):
        """50 MB are announced; the answer comes before they are sent."""
        url = urlsplit(self.base_url())
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
        self.addCleanup(connection.close)
        connection.putrequest("POST", self.path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(50 * 1024 * 1024))
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            connection.endheaders(b"[" * 4096)
            self.assertEqual(connection.getresponse().status, 413)
        self.assertFalse(self._get_events())

    def test_a_body_of_a_megabyte_is_taken(self):
        event = {**EVENT, "filler": ""}
        room = 1024 * 1024 - len(json.dumps(event))
        body = json.dumps({**event, "filler": "x" * room}).encode()
        self.assertEqual(self._send(body).status_code, 200)
        more = self._send(body.replace(b"xx", b"xxx", 1), delivery="d-2")
        self.assertEqual(more.status_code, 413)
        self.assertEqual(len(self._get_events()), 1)

    def test_only_json_is_taken(self):
        for kind in ("text/plain", "text/html", "application/xml", None):
            self.assertEqual(self._send(Content_Type=kind).status_code, 400, kind)
        form = self._send(b"a=1", Content_Type="application/x-www-form-urlencoded")
        self.assertEqual(form.status_code, 400)
        self.assertEqual(self.url_open(self.path).status_code, 405)
        self.assertFalse(self._get_events())

    def test_unknown_addresses(self):
        for path in ("/ticket_billing/hook/x", self.path[:-1], f"{self.path}x"):
            self.assertEqual(self._send(path=path).status_code, 404)
        self.connector.state = "draft"
        self.assertEqual(self._send().status_code, 404)
        self.connector.write({"state": "active", "hook_secret_encrypted": False})
        self.assertEqual(self._send().status_code, 404)

    def test_bursts_are_slowed_down(self):
        self.patch(hook, "BURST", 3)
        self.patch(hook, "PER_MINUTE", 6)
        answers = [self._send(delivery=f"d-{n}") for n in range(5)]
        statuses = [answer.status_code for answer in answers]
        self.assertEqual(statuses, [200, 200, 200, 429, 429])
        self.assertIn(
            answers[-1].headers["Retry-After"], [str(n) for n in range(1, 11)]
        )
        self.assertEqual(len(self._get_events()), 3)
        other = self._create_connector(self.server, system="zammad")
        other.hook_secret = SECRET
        path = urlsplit(other.hook_url).path
        self.assertEqual(self._send(path=path).status_code, 200)

    def test_events_about_no_ticket_are_ignored(self):
        for body in ({"ping": True}, [], 7, {"ticket": {"id": "1) OR (1=1"}}):
            self.assertEqual(
                self._send(json.dumps(body).encode(), delivery=None).ok, True
            )
        self.assertEqual(set(self._get_events().mapped("state")), {"ignored"})

    def test_content_is_shown_without_secrets(self):
        self._send(b'{"ticket": {"id": 81}, "api_key": "K", "a": [{"Password": "P"}]}')
        event = self._get_events()
        self.assertIn('"id": 81', event.content)
        self.assertNotIn('"K"', event.content)
        self.assertNotIn('"P"', event.content)
        reader = self._create_user("reader", "ticket_billing.group_biller")
        self.assertIn("81", event.with_user(reader).content)
        self.assertTrue(
            self._send(b'{"ticket": {"id": 81, "title": "a\\u0000\\ud800b"}}')
        )

    def test_the_secret_is_shown_once(self):
        manager = self._create_user(
            "manager", "ticket_billing_connectors.group_connector_manager"
        )
        connector = self.connector.with_user(manager)
        action = connector.action_generate_hook_secret()
        secret = action["context"]["default_secret"]
        self.assertGreater(len(secret), 40)
        shown = (
            self.env["ticket.billing.hook.secret"]
            .with_user(manager)
            .with_context(**action["context"])
        )
        with Form(shown) as form:
            self.assertEqual((form.secret, form.url), (secret, connector.hook_url))
        self.env.cr.execute("SELECT * FROM ticket_billing_hook_secret LIMIT 0")
        columns = {column.name for column in self.env.cr.description}
        self.assertFalse(columns & {"secret", "url"})
        self.assertEqual(connector.read(["hook_secret"])[0]["hook_secret"], False)
        with self.assertRaises(AccessError):
            connector.read(["hook_secret_encrypted"])
        self.assertNotIn(secret, self.connector.hook_secret_encrypted)
        # From now on this one counts, at the same address.
        self.assertEqual(self._send().status_code, 401)
        body = json.dumps(EVENT).encode()
        mac = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
        answer = self._send(X_Hub_Signature=f"sha1={mac}")
        self.assertEqual(answer.status_code, 200)

    def test_billers_see_neither_address_nor_secret(self):
        biller = self._create_user("biller", "ticket_billing.group_biller")
        connector = self.connector.with_user(biller)
        self.assertFalse(connector.read(["hook_secret"])[0]["hook_secret"])
        with self.assertRaises(AccessError):
            connector.read(["hook_url"])
        with self.assertRaises(AccessError):
            connector.action_generate_hook_secret()

    def test_neutralized_copies_take_and_write_nothing(self):
        self.connector.write_back = "note"
        self.env.flush_all()
        for query in get_neutralization_queries(["ticket_billing_connectors"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual(self.connector.write_back, "none")
        self.assertFalse(self.connector.hook_url)
        self.assertEqual(self._send().status_code, 404)

    def test_copies_have_no_address(self):
        copy = self.connector.copy()
        self.assertFalse(copy.hook_url)
        self.assertFalse(copy.has_hook_secret)
        self.assertEqual(copy.write_back, "none")

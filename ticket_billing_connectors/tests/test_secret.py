import logging
import os
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import PASSWORD, ConnectorCase

#: What searching by a field raises: it is not stored, or nobody may read it.
ERRORS = {"secret": ValueError, "secret_encrypted": AccessError}


@tagged("post_install", "-at_install")
class TestSecret(ConnectorCase):
    """S-07"""

    def _with_key(self, key):
        return patch.dict(os.environ, {"TICKET_BILLING_SECRET_KEY": key})

    def test_stored_encrypted(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT to_jsonb(c)::text FROM ticket_billing_connector c WHERE id = %s",
            [self.connector.id],
        )
        self.assertNotIn(PASSWORD, self.env.cr.fetchone()[0])
        self.assertEqual(self.connector._get_secret(), PASSWORD)

    def test_never_read_back(self):
        manager = self._create_user(
            "manager",
            "base.group_system,ticket_billing_connectors.group_connector_manager",
        )
        connector = self.connector.with_user(manager)
        connector.invalidate_recordset()
        names = [n for n in connector.fields_get() if "secret" in n]
        shown = ["has_hook_secret", "has_secret", "hook_secret", "secret"]
        self.assertEqual(sorted(names), shown)
        (values,) = connector.read(names)
        self.assertEqual((values["secret"], values["has_secret"]), (False, True))
        with self.assertRaises(AccessError):
            connector.read(["secret_encrypted"])
        exported = connector.export_data(["name", "secret", "login"])["datas"]
        self.assertNotIn(PASSWORD, str(exported))

    def test_search_does_not_reveal_it(self):
        manager = self._create_user(
            "manager", "ticket_billing_connectors.group_connector_manager"
        )
        model = self.env["ticket.billing.connector"].with_user(manager)
        for name in ERRORS:
            with self.assertRaises(ERRORS[name]):
                model.search([(name, "=like", "g%")])

    def test_not_copied(self):
        copy = self.connector.copy()
        self.assertFalse(copy.has_secret)
        self.assertEqual(copy.state, "draft")
        with self.assertRaises(UserError):
            copy.action_activate()

    def test_empty_keeps_it(self):
        self.connector.write({"secret": False, "name": "Other name"})
        self.assertEqual(self.connector._get_secret(), PASSWORD)

    def test_not_in_chatter_nor_log(self):
        connector = self.connector.with_context(tracking_disable=False)
        with self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger().debug("begin")
            connector.write({"secret": "another one", "login": "somebody"})
            self.env.flush_all()
            connector._synchronise()
        self.assertNotIn("another one", "\n".join(logs.output))
        self.assertNotIn("another one", str(connector.message_ids.mapped("body")))

    def test_wrong_key(self):
        with self._with_key(Fernet.generate_key().decode()):
            with self.assertRaisesRegex(UserError, "cannot be decrypted"):
                self.connector._get_secret()
            log = self.connector._synchronise()
        self.assertIn("cannot be decrypted", log.error)
        self.assertEqual(self.connector.health, "red")

    def test_malformed_key(self):
        with self._with_key("short"), self.assertRaisesRegex(UserError, "malformed"):
            self.connector.secret = "x"

    def test_another_server_is_not_sent_the_password(self):
        self.connector.base_url = "https://elsewhere.example"
        self.assertFalse(self.connector.has_secret)
        self.assertFalse(self.connector.allow_private_address)
        self.assertFalse(self.connector.allow_http)

    def test_another_path_on_the_same_server_keeps_it(self):
        self.connector.base_url = f"{self.replay.url}/znuny"
        self.assertEqual(self.connector._get_secret(), PASSWORD)

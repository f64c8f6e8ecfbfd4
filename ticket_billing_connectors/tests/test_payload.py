import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import PASSWORD, ConnectorCase

NINE = "2026-10-12 09:00:00"
TEN = "2026-10-12 10:00:00"
MANAGER = "ticket_billing_connectors.group_connector_manager"


@tagged("post_install", "-at_install")
class TestPayload(ConnectorCase):
    def _bring(self, **values):
        self.replay.add_ticket(1, NINE, [(9999, 2, TEN)], **values)
        self._synchronise()
        return self._get_payload("ticket")

    def _get_payload(self, remote_type):
        return self.env["ticket.billing.payload"].search(
            [
                ("connector_id", "=", self.connector.id),
                ("remote_type", "=", remote_type),
            ]
        )

    def test_content_is_kept_as_it_was_read(self):
        payload = self._bring(Title="Printer", ApiKey="s3cr3t-s3cr3t")
        row = json.loads(payload.text)
        self.assertEqual(row["Title"], "Printer")
        self.assertNotIn("s3cr3t", payload.text)
        self.assertIn('\n  "', payload.text)
        booking = json.loads(self._get_payload("time_entry").text)
        self.assertEqual(booking["HistoryType"], "TimeAccounting")

    def test_own_password_is_masked_wherever_it_stands(self):
        self.assertGreaterEqual(len(PASSWORD), 6)
        payload = self._bring(Title=f"Log in with {PASSWORD}!")
        self.assertIn("Log in with •••!", payload.text)

    def test_only_the_last_content_is_kept(self):
        payload = self._bring(Title="Printer")
        self.replay.tickets["1"].update(Title="Scanner", Changed=TEN)
        self._synchronise()
        self.assertEqual(self._get_payload("ticket"), payload)
        self.assertIn("Scanner", payload.text)

    def test_long_content_is_cut(self):
        payload = self._bring(Title="x" * 900, Huge="y" * 1_000_000)
        self.assertTrue(payload.truncated)
        self.assertLessEqual(len(payload.text), 100_000)

    def test_old_content_goes_but_for_records_that_wait(self):
        self._bring()
        payloads = self.env["ticket.billing.payload"].search([])
        payloads.received = fields.Datetime.now() - timedelta(days=31)
        payloads._gc_payloads()
        self.assertEqual(payloads.exists(), self._get_payload("time_entry"))

    def test_nothing_is_kept_where_it_is_switched_off(self):
        self.connector.payload_days = 0
        self.assertFalse(self._bring())

    def test_is_for_those_who_set_up_connectors(self):
        self._bring()
        held = self._get_held()
        manager = self._create_user("manager", MANAGER)
        action = held.with_user(manager).action_view_payload()
        self.assertEqual(action["res_id"], self._get_payload("time_entry").id)
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            held.with_user(biller).action_view_payload()
        stranger = self._create_user("stranger", MANAGER)
        other = self.env["res.company"].create({"name": "Other"})
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        theirs = self.env["ticket.billing.payload"].with_user(stranger)
        self.assertFalse(theirs.with_context(allowed_company_ids=other.ids).search([]))

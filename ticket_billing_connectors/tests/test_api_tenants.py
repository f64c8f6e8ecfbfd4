from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..intake.messages import PAGE_MOST
from .api_case import WORK, ApiCase


@tagged("post_install", "-at_install")
class TestApiTenants(ApiCase):
    """A key of one company, and those who may make keys there, against another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Other"})
        cls.env.user.company_ids |= cls.other
        cls.theirs = cls._create_source("Theirs", company_id=cls.other.id)
        cls.their_secret = cls._get_secret(cls._create_key(cls.theirs))

    def setUp(self):
        super().setUp()
        self._send_ticket(title="Secret")
        agent = {**WORK, "agent_email": "anna@nordlicht-it.example"}
        self.anna.work_email = agent["agent_email"]
        self._call("POST", "/time-entries", agent)

    def test_nothing_can_be_changed_replaced_or_withdrawn(self):
        line, ticket = self._get_linked("time_entry"), self._get_linked("ticket")
        self.assertEqual((len(line), line.raw_minutes), (1, 30))
        for method, path, data in (
            ("PUT", "/time-entries/w1", WORK | {"minutes": 999}),
            ("PUT", "/time-entries", [WORK | {"minutes": 999}]),
            ("DELETE", "/time-entries/w1", None),
            ("PUT", "/tickets/t1", {"title": "Mine now"}),
        ):
            self._call(method, path, data, secret=self.their_secret)
        self.assertEqual(line.exists().raw_minutes, 30)
        self.assertEqual(line.ticket_id, ticket)
        self.assertEqual(ticket.name, "Secret")
        answers = [
            self._call("DELETE", f"/time-entries/{key}", secret=secret)
            for key, secret in (("w9", self.their_secret), ("w9", self.secret))
        ]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0][0], 404)

    def test_customers_of_the_other_company_are_not_touched(self):
        self.partner.company_id = self.company
        data = {"id": "ACME", "name": "Taken over", "email": "x@elsewhere.example"}
        self._call("POST", "/customers", data, secret=self.their_secret)
        self.assertNotEqual(self.partner.name, "Taken over")
        ticket = {"id": "t7", "title": "Theirs", "customer": "ACME"}
        answer = self._call("POST", "/tickets", ticket, secret=self.their_secret)
        self.assertEqual(answer[1]["outcome"], "held")

    def test_kept_answers_are_those_of_the_key(self):
        """The same Idempotency-Key of somebody else tells nothing."""
        ticket = {"id": "t5", "title": "Confidential"}
        mine = self._call("POST", "/tickets", ticket, Idempotency_Key="k-1")
        other = {"id": "t6", "title": "Other"}
        theirs = self._call(
            "POST", "/tickets", other, secret=self.their_secret, Idempotency_Key="k-1"
        )
        self.assertEqual((mine[1]["id"], theirs[1]["id"]), ("t5", "t6"))

    def test_pages_have_an_end(self):
        for limit in (PAGE_MOST + 1, 10**9, -1, 0, "1e3", "٣", ""):
            answer = self._call("GET", f"/tickets?limit={limit}")
            self.assertEqual(answer[0], 400, limit)
        for path in ("?offset=0", "?company_id=1", "?limit=1&fields=secret"):
            self.assertEqual(self._call("GET", f"/tickets{path}")[0], 400, path)
        page = self._call("GET", f"/tickets?limit={PAGE_MOST}")[1]
        self.assertEqual([row["id"] for row in page["data"]], ["t1"])

    def test_nothing_can_be_assigned_that_is_not_described(self):
        ticket = self._get_linked("ticket")
        for name in ("company_id", "connector_id", "res_id", "write_uid", "state"):
            for path, data in (
                ("/tickets/t1", {"title": "x"}),
                ("/time-entries/w1", WORK),
            ):
                answer = self._call("PUT", path, {**data, name: self.other.id})
                self.assertEqual(answer[0], 422, (path, name))
        self.assertEqual((ticket.company_id, ticket.name), (self.company, "Secret"))

    def test_managers_make_no_keys_for_other_companies(self):
        user = new_test_user(
            self.env,
            "theirs",
            groups="ticket_billing_connectors.group_connector_manager",
            company_id=self.other.id,
            company_ids=[(6, 0, self.other.ids)],
        )
        here = {"allowed_company_ids": self.other.ids}
        keys = self.env["ticket.billing.api.key"].with_user(user).with_context(**here)
        with self.assertRaises(AccessError):
            keys.create({"name": "Mine", "connector_id": self.source.id})
        own = keys.create({"name": "Mine", "connector_id": self.theirs.id})
        with self.assertRaises(AccessError):
            own.connector_id = self.source
        for record in (self.key, self.key.call_ids[:1], self.source):
            self.assertTrue(record)
            with self.assertRaises(AccessError):
                record.with_user(user).with_context(**here).read(["id"])
        with self.assertRaises(AccessError):
            self.key.with_user(user).with_context(**here).action_new_key()

    def test_nothing_is_moved_to_connectors_of_other_companies(self):
        user = self._create_user(
            "manager", "ticket_billing_connectors.group_connector_manager"
        )
        rule = self.env["ticket.billing.mapping.rule"].create(
            {
                "connector_id": self.source.id,
                "value": "Internal",
                "billing_type": "internal",
            }
        )
        link = self.env["ticket.billing.link"].search(
            [("connector_id", "=", self.source.id)], limit=1
        )
        for record in (rule, link, self.key):
            with self.assertRaises(AccessError):
                record.with_user(user).connector_id = self.theirs

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..intake.messages import BASE, MAX_BYTES
from .api_case import WORK, ApiCase


@tagged("post_install", "-at_install")
class TestApiSecurity(ApiCase):
    def test_key_is_kept_as_a_hash_and_shown_once(self):
        self.assertTrue(self.secret.startswith(self.key.prefix + "."))
        self.env.cr.execute(
            "SELECT row_to_json(k)::text FROM ticket_billing_api_key k WHERE id = %s",
            [self.key.id],
        )
        [stored] = self.env.cr.fetchone()
        self.assertNotIn(self.secret.partition(".")[2], stored)
        user = self._create_user(
            "manager", "ticket_billing_connectors.group_connector_manager"
        )
        with self.assertRaises(AccessError):
            self.key.with_user(user).read(["secret_hash"])
        self.assertNotIn("secret_hash", self.key.with_user(user).read()[0])
        new = self._get_secret(self.key.with_user(user))
        self.assertEqual(self._call("GET", "/tickets")[0], 401)
        self.assertEqual(self._call("GET", "/tickets", secret=new)[0], 200)

    def test_only_connector_managers_see_keys(self):
        user = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.key.with_user(user).read(["name"])
        with self.assertRaises(AccessError):
            self.key.with_user(user).action_new_key()

    def test_manager_of_another_company_sees_no_key(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "other",
            groups="ticket_billing_connectors.group_connector_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        keys = self.env["ticket.billing.api.key"].with_user(user)
        keys = keys.with_context(allowed_company_ids=other.ids)
        self.assertFalse(keys.search([("id", "=", self.key.id)]))

    def test_refused_keys(self):
        wrong = self.secret[:-1] + ("a" if self.secret[-1] != "a" else "b")
        for secret in ("", "x", wrong, "tb_0.x", self.secret.partition(".")[0], "ü"):
            answer = self._fetch(
                "GET", "/tickets", secret=secret.encode().decode("latin-1")
            )
            self.assertEqual(answer.status_code, 401, secret)
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        answer = self.opener.get(
            f"{self.base_url()}{BASE}/tickets",
            headers={"Authorization": f"Basic {self.secret}"},
        )
        self.assertEqual(answer.status_code, 401)

    def test_expired_archived_or_stopped(self):
        for record, values in (
            (self.key, {"expires": fields.Datetime.now() - timedelta(seconds=1)}),
            (self.key, {"active": False}),
            (self.source, {"state": "draft"}),
        ):
            before = {name: record[name] for name in values}
            record.write(values)
            self.assertEqual(self._call("GET", "/tickets")[0], 401, values)
            record.write(before)
            self.assertEqual(self._call("GET", "/tickets")[0], 200)

    def test_rights_of_a_key(self):
        self.key.can_write = False
        self.assertEqual(self._send_ticket()[0], 403)
        self.assertEqual(self._call("GET", "/tickets")[0], 200)
        self.key.write({"can_write": True, "can_read": False})
        self.assertEqual(self._call("GET", "/tickets")[0], 403)
        self.assertEqual(self._send_ticket()[0], 201)

    def test_sources_do_not_see_each_other(self):
        """The same ids in another source, or company, are other records."""
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        source = self._create_source("Other", company_id=other.id)
        secret = self._get_secret(self._create_key(source))
        self._send_ticket(title="Secret")
        self._call("POST", "/time-entries", WORK)
        mine = self._call("GET", "/tickets/t1", secret=secret)
        unknown = self._call("GET", "/tickets/t0", secret=secret)
        self.assertEqual(mine, unknown)
        self.assertEqual(mine[0], 404)
        self.assertEqual(self._call("GET", "/tickets", secret=secret)[1]["data"], [])
        # Neither can it book on them, nor change them.
        work = self._call("POST", "/time-entries", WORK, secret=secret)[1]
        self.assertEqual(work["reason"], "ticket_held")
        ticket = {"id": "t1", "title": "Theirs"}
        self.assertEqual(self._call("POST", "/tickets", ticket, secret=secret)[0], 201)
        self.assertEqual(self._get_linked("ticket").name, "Secret")
        theirs = self._get_linked("ticket", source)
        self.assertEqual((theirs.name, theirs.company_id), ("Theirs", other))

    def test_ids_of_the_database_mean_nothing(self):
        self._send_ticket()
        ticket = self._get_linked("ticket")
        for key in (ticket.id, self.ticket.id, ticket.number + "x"):
            self.assertEqual(self._call("GET", f"/tickets/{key}")[0], 404)

    def test_only_known_fields_are_taken(self):
        for name in ("company_id", "stage_id", "partner_id", "billing_type", "res_id"):
            status, problem = self._send_ticket(**{name: 1})
            self.assertEqual(status, 422, name)
            self.assertEqual(problem["errors"][0]["pointer"], f"/{name}")
        self.assertFalse(self._get_linked("ticket"))

    def test_bad_bodies(self):
        for body, status in (
            (b"", 400),
            (b"{", 400),
            (b'{"id": NaN}', 400),
            (b"\xff", 400),
            (b"[" * 100_000, 400),
            (b'{"id": ' + b"9" * 10_000 + b"}", 400),
            (b"null", 422),
            (b'{"id": "a/b", "title": "x"}', 422),
            (b'{"id": "a\\n", "title": "x"}', 422),
            (b'{"id": 1e999999999999999999, "title": "x"}', 422),
            (b'{"id": "1", "title": "x", "closed": "no"}', 422),
            (b'{"id": "1", "title": "x", "created_at": "2026-10-12T10:00:00"}', 422),
            (b'{"id": "1", "title": "\\u0000"}', 422),
        ):
            answer = self._fetch(
                "POST", "/tickets", body, Content_Type="application/json"
            )
            self.assertEqual(answer.status_code, status, body[:80])
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")

    def test_minutes_that_no_day_has(self):
        self._send_ticket()
        for minutes in (-1, 1441, 1.5, "30", True, None, 1e300):
            status, problem = self._call(
                "POST", "/time-entries", WORK | {"minutes": minutes}
            )
            self.assertEqual(status, 422, minutes)
            self.assertEqual(problem["errors"][0]["pointer"], "/minutes")

    def test_other_content_types(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            answer = self._fetch("POST", "/tickets", b"id=1", Content_Type=kind)
            self.assertEqual(answer.status_code, 415)

    def test_large_bodies_are_not_read(self):
        body = b'{"id": "1", "title": "' + b"x" * MAX_BYTES + b'"}'
        answer = self._fetch("POST", "/tickets", body, Content_Type="application/json")
        self.assertEqual(answer.status_code, 413)
        self.assertFalse(self._get_linked("ticket"))

    def test_unknown_addresses_and_methods(self):
        for path in ("/nothing", "/tickets/a/b", "/"):
            answer = self._fetch("GET", path)
            self.assertEqual(answer.status_code, 404, path)
        answer = self._fetch("DELETE", "/tickets/t1")
        self.assertEqual(answer.status_code, 405)
        self.assertEqual(answer.headers["Allow"], "GET, PUT")

    def test_rate_limit_of_a_key(self):
        self.key.per_minute = 3
        for _number in range(3):
            self.assertEqual(self._call("GET", "/tickets")[0], 200)
        answer = self._fetch("GET", "/tickets")
        self.assertEqual(answer.status_code, 429)
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)
        another = self._get_secret(self._create_key(self.source))
        self.assertEqual(self._call("GET", "/tickets", secret=another)[0], 200)

    def test_calls_are_noted_without_content(self):
        self._send_ticket(title="Very private")
        self._call("GET", "/tickets/t0")
        calls = self.key.call_ids.sorted("id")
        self.assertEqual(
            [(c.method, c.path, c.status, c.row_count) for c in calls],
            [
                ("POST", f"{BASE}/tickets", 201, 1),
                ("GET", f"{BASE}/tickets/t0", 404, 0),
            ],
        )
        self.assertNotIn("private", str(calls.read()))
        self.assertTrue(self.key.last_used)

    def test_no_cookie_and_no_cache(self):
        answer = self._fetch("GET", "/tickets")
        self.assertNotIn("Set-Cookie", answer.headers)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

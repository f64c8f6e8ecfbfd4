from datetime import date, datetime, timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .api_case import WORK, ApiCase


@tagged("post_install", "-at_install")
class TestApi(ApiCase):
    def test_from_ticket_to_invoice(self):
        self.assertEqual(self._send_ticket(), (201, {"id": "t1", "outcome": "new"}))
        self.assertEqual(self._call("POST", "/time-entries", WORK)[0], 201)
        charge = self._create_charge()
        self.assertEqual(self._call("PUT", "/charges/c1", charge)[0], 201)
        line = self._get_linked("time_entry")
        self.assertEqual(line.ticket_id, self._get_linked("ticket"))
        self.assertEqual(line.employee_id, self.anna)
        self.assertEqual(line.work_type_id, self.remote)
        self.assertEqual(line.raw_minutes, 30)
        self.assertEqual(line.billing_start, datetime(2026, 10, 12, 7, 30))
        self.assertEqual(line.billing_stop, datetime(2026, 10, 12, 8))
        self.assertEqual(
            self._call("GET", "/time-entries/w1")[1]["billing"],
            {"state": "open", "invoices": []},
        )
        self._run()
        line.billing_item_ids.invoice_id.action_post()
        bill = self._call("GET", "/time-entries/w1")[1]["billing"]
        number = line.billing_item_ids.invoice_id.name
        self.assertEqual(bill, {"state": "billed", "invoices": [number]})
        for path in ("/tickets/t1", "/charges/c1"):
            billing = self._call("GET", path)[1]["billing"]
            self.assertEqual(billing["state"], "billed")
        item = self._get_linked("charge").billing_item_ids
        self.assertEqual(item.net, 119.8)

    def _create_charge(self):
        self.env["product.product"].create(
            {"name": "Toner black", "default_code": "TONER-5", "list_price": 80}
        )
        return {
            "ticket": "t1",
            "product": "TONER-5",
            "date": "2026-10-12",
            "quantity": 2,
            "unit_price": 59.9,
        }

    def test_work_changed_after_billing_waits(self):
        self._send_ticket()
        self._call("POST", "/time-entries", WORK)
        self._run()
        status, answer = self._call("POST", "/time-entries", WORK | {"minutes": 45})
        self.assertEqual(
            (status, answer["outcome"], answer["reason"]),
            (202, "held", "changed_after_billing"),
        )
        self.assertEqual(self._get_linked("time_entry").raw_minutes, 30)
        state = self._call("GET", "/time-entries/w1")[1]
        self.assertEqual(
            (state["state"], state["billing"]["state"]), ("held", "billed")
        )

    def test_nothing_is_billed_unmapped(self):
        """What cannot be matched waits; one decision releases all of it."""
        status, answer = self._send_ticket(customer="STRANGER")
        self.assertEqual((status, answer["reason"]), (202, "unknown_customer"))
        self.assertIn("STRANGER", answer["message"])
        answer = self._call("POST", "/time-entries", WORK)[1]
        self.assertEqual(answer["reason"], "ticket_held")
        self.assertEqual(self._call("GET", "/tickets/t1")[1]["state"], "held")
        stranger = self.env["ticket.billing.link"].search(
            [("remote_id", "=", "STRANGER"), ("connector_id", "=", self.source.id)]
        )
        stranger.partner_id = self.partner
        self.assertEqual(self._get_linked("time_entry").raw_minutes, 30)
        self.assertEqual(self._call("GET", "/tickets/t1")[1]["state"], "accepted")

    def test_customer_told_about_before_its_tickets(self):
        status, answer = self._call(
            "POST", "/customers", {"id": "17", "name": "Seidel", "number": "K-17"}
        )
        self.assertEqual((status, answer["outcome"]), (202, "held"))
        self.assertEqual(self._call("GET", "/customers/17")[1]["state"], "unmapped")
        partner = self._create_customer("Seidel GmbH", ref="K-17", email=False)
        self.assertEqual(
            self._call("PUT", "/customers/17", {"name": "Seidel", "number": "K-17"})[1],
            {"id": "17", "outcome": "unchanged"},
        )
        self.assertEqual(self._send_ticket(customer="17")[0], 201)
        self.assertEqual(self._get_linked("ticket").partner_id, partner)

    def test_times_before_their_ticket(self):
        self.assertEqual(self._call("POST", "/time-entries", WORK)[0], 202)
        self._send_ticket()
        self.assertEqual(self._get_linked("time_entry").raw_minutes, 30)

    def test_unknown_product_waits(self):
        self._send_ticket()
        charge = self._create_charge() | {"id": "c1", "product": "INK"}
        answer = self._call("POST", "/charges", charge)[1]
        self.assertEqual(answer["reason"], "unknown_product")
        self.assertIn("INK", answer["message"])
        link = self.env["ticket.billing.link"].search(
            [("remote_id", "=", "INK"), ("connector_id", "=", self.source.id)]
        )
        link.product_id = self.env["product.product"].create({"name": "Ink"})
        self.assertEqual(self._get_linked("charge").quantity, 2)

    def test_same_again_changes_nothing(self):
        self._send_ticket()
        self._call("POST", "/time-entries", WORK)
        line = self._get_linked("time_entry")
        written = line.write_date
        answer = self._call("POST", "/time-entries", WORK)
        self.assertEqual(answer, (200, {"id": "w1", "outcome": "unchanged"}))
        self.assertEqual(line.write_date, written)
        answer = self._call("PUT", "/time-entries/w1", WORK | {"minutes": 40})
        self.assertEqual(answer, (200, {"id": "w1", "outcome": "changed"}))
        self.assertEqual(line.raw_minutes, 40)

    def test_newest_wins(self):
        late = {"changed_at": "2026-10-12T12:00:00Z", "title": "New"}
        early = {"changed_at": "2026-10-12T13:59:59+02:00", "title": "Old"}
        self._send_ticket(**late)
        self.assertEqual(self._send_ticket(**early)[1]["outcome"], "outdated")
        self.assertEqual(self._get_linked("ticket").name, "New")
        # ... and so it does while the record waits.
        stranger = {"customer": "X", "id": "t2"}
        self._send_ticket(**late, **stranger)
        answer = self._send_ticket(**early, **stranger)[1]
        self.assertEqual(answer["outcome"], "outdated")

    def test_day_without_clock_time(self):
        self._send_ticket()
        work = {**WORK, "date": "2026-10-12", "start": None}
        self.assertEqual(self._call("POST", "/time-entries", work)[0], 201)
        line = self._get_linked("time_entry")
        self.assertEqual((line.date, line.billing_start), (date(2026, 10, 12), False))

    def test_taken_back_before_billing(self):
        self._send_ticket()
        self._call("POST", "/time-entries", WORK)
        self._call("PUT", "/charges/c1", self._create_charge())
        self.env["ticket.billing.rater"]._rate_open(self.contract)
        line, charge = self._get_linked("time_entry"), self._get_linked("charge")
        for path in ("/time-entries/w1", "/charges/c1"):
            status, answer = self._call("DELETE", path)
            self.assertEqual((status, answer["outcome"]), (200, "removed"), path)
            self.assertEqual(self._call("GET", path)[1]["state"], "removed")
            self.assertEqual(self._call("DELETE", path)[1]["outcome"], "removed")
        self.assertFalse(line.exists() or charge.exists())
        # Sent again, it is there again.
        self.assertEqual(self._call("POST", "/time-entries", WORK)[0], 201)
        self.assertEqual(self._call("DELETE", "/time-entries/w0")[0], 404)

    def test_taken_back_while_it_waits(self):
        self._call("POST", "/time-entries", WORK)
        self._call("DELETE", "/time-entries/w1")
        self._send_ticket()
        self.assertFalse(self._get_linked("time_entry"))

    def test_taken_back_after_billing_waits(self):
        self._send_ticket()
        self._call("POST", "/time-entries", WORK)
        self._call("PUT", "/charges/c1", self._create_charge())
        self._run()
        for path in ("/time-entries/w1", "/charges/c1"):
            status, answer = self._call("DELETE", path)
            self.assertEqual(
                (status, answer["reason"]), (202, "deleted_after_billing"), path
            )
        self.assertTrue(self._get_linked("charge").exists())
        self.source.inbox_ids.action_retry()
        self.assertEqual(set(self.source.inbox_ids.mapped("state")), {"held"})

    def test_credited_charge_is_kept(self):
        self._send_ticket()
        self._call("PUT", "/charges/c1", self._create_charge())
        charge = self._get_linked("charge")
        self.env["ticket.billing.rater"]._rate_open(self.contract)
        charge.billing_item_ids.rated_state = "released"
        self.assertFalse(charge.billing_locked)
        self.assertEqual(self._call("DELETE", "/charges/c1")[0], 202)
        self.assertTrue(charge.exists().billing_item_ids)

    # Batches

    def test_bad_rows_of_a_batch_keep_out_no_other(self):
        self._send_ticket()
        rows = [
            WORK,
            WORK | {"id": "w2", "minutes": -5},
            "no object",
            WORK | {"id": "w1"},
            WORK | {"id": "w3", "agent": "nobody", "agent_name": None},
            WORK | {"id": "w4", "minutes": 15, "start": "2026-10-12T11:00:00+02:00"},
        ]
        status, answer = self._call("POST", "/time-entries", rows)
        self.assertEqual(status, 207)
        results = answer["results"]
        statuses = [row["status"] for row in results]
        self.assertEqual(statuses, [201, 422, 422, 422, 202, 201])
        self.assertEqual(results[1]["errors"][0]["pointer"], "/1/minutes")
        self.assertEqual(results[3]["errors"][0]["pointer"], "/3/id")
        self.assertEqual(results[4]["reason"], "unknown_agent")
        self.assertEqual(self._get_linked("time_entry").mapped("raw_minutes"), [30, 15])

    def test_row_that_odoo_refuses_is_held(self):
        """A change that cannot be stored undoes nothing of its neighbours."""
        self._send_ticket()
        self._send_ticket(id="t2")
        model = type(self.env["helpdesk.ticket"])
        original = model.write

        def refuse(records, vals):
            if vals.get("name") == "Bad":
                raise ValidationError("No bad tickets.")
            return original(records, vals)

        self.patch(model, "write", refuse)
        rows = [
            {"id": "t1", "title": "Bad", "customer": "ACME"},
            {"id": "t2", "title": "Good", "customer": "ACME"},
        ]
        results = self._call("POST", "/tickets", rows)[1]["results"]
        self.assertEqual([row["outcome"] for row in results], ["held", "changed"])
        self.assertIn("No bad tickets.", results[0]["message"])
        self.assertEqual(self._get_linked("ticket").mapped("name"), ["Printer", "Good"])

    def test_batch_is_bounded(self):
        rows = [{"id": str(number), "title": "x"} for number in range(501)]
        self.assertEqual(self._call("POST", "/tickets", rows)[0], 422)
        self.assertEqual(self._call("POST", "/tickets", [])[0], 422)
        self.assertEqual(self._call("POST", "/tickets", rows[:500])[0], 207)
        self.assertEqual(len(self._get_linked("ticket")), 500)

    # Lists

    def test_pages_of_a_list(self):
        rows = [{"id": f"t{n}", "title": "x", "customer": "ACME"} for n in range(5)]
        rows[2]["customer"] = "STRANGER"
        self._call("POST", "/tickets", rows)
        seen, after = [], ""
        while after is not None:
            page = self._call("GET", f"/tickets?limit=2&after={after}")[1]
            seen += [(row["id"], row["state"]) for row in page["data"]]
            after = page["next"]
        states = ["accepted", "accepted", "held", "accepted", "accepted"]
        self.assertEqual(seen, [(f"t{n}", states[n]) for n in range(5)])

    def test_page_is_capped(self):
        for limit in ("501", "0", "-1", "x", "9" * 5000, "²"):
            status, answer = self._call("GET", f"/tickets?limit={limit}")
            self.assertEqual(status, 400, limit)
            self.assertIn("500", answer["detail"])
        self.assertEqual(self._call("GET", "/tickets?order=name")[0], 400)

    # Once

    def test_repeated_request_gets_the_same_answer(self):
        data = {"id": "t1", "title": "Printer", "customer": "ACME"}
        first = self._fetch("POST", "/tickets", data, Idempotency_Key="a")
        again = self._fetch("POST", "/tickets", data, Idempotency_Key="a")
        self.assertEqual(first.status_code, 201)
        self.assertEqual(again.status_code, 201)
        self.assertEqual(again.content, first.content)
        self.assertEqual(again.headers["Content-Type"], first.headers["Content-Type"])
        other = self._call(
            "POST", "/tickets", data | {"title": "x"}, Idempotency_Key="a"
        )
        self.assertEqual(other[0], 409)
        self.assertEqual(self._get_linked("ticket").name, "Printer")
        # After a day it is forgotten.
        kept = self.env["ticket.billing.api.answer"].search([("once", "=", "a")])
        self.env.cr.execute(
            "UPDATE ticket_billing_api_answer SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(hours=25), kept.id],
        )
        self.env.invalidate_all()
        later = self._call(
            "POST", "/tickets", data | {"title": "x"}, Idempotency_Key="a"
        )
        self.assertEqual(later, (200, {"id": "t1", "outcome": "changed"}))

    def test_failed_request_leaves_nothing(self):
        """The server breaks behind the work: neither it nor an answer is kept."""
        model = type(self.env["ticket.billing.api.answer"])

        def crash(*args):
            raise ValueError("broken")

        self.patch(model, "_keep", crash)
        data = {"id": "t1", "title": "Printer", "customer": "ACME"}
        with self.assertLogs("odoo.addons.ticket_billing_connectors", "ERROR"):
            status, answer = self._call("POST", "/tickets", data, Idempotency_Key="a")
        self.assertEqual((status, answer["status"]), (500, 500))
        self.assertNotIn("broken", str(answer))
        self.assertFalse(self._get_linked("ticket"))
        self.assertEqual(self.key.call_ids[0].status, 500)

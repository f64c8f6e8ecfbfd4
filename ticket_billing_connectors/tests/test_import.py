import math
from datetime import date, datetime

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import CHECKOUT, ConnectorCase

NINE = "2026-10-12 09:00:00"
TEN = "2026-10-12 10:00:00"
LATER = "2026-11-02 10:00:00"
LONG_AGO = "1970-01-01 00:00:00"
STORY = CHECKOUT / "tests" / "connectors" / "recordings" / "znuny"


@tagged("post_install", "-at_install")
class TestImport(ConnectorCase):
    def test_ticket_and_time_entry(self):
        self.replay.add_ticket(
            7,
            NINE,
            [(29.5, 2, TEN, "Driver installed", "onsite")],
            Title="Printer <b>down</b>",
            DynamicField=[{"Name": "BillingCode", "Value": "PO-4711"}],
        )
        figures = self._synchronise()
        self.assertEqual(figures, {"ticket_new": 1, "entry_new": 1})

        ticket = self._get_linked("ticket")
        self.assertEqual(ticket.number, "20260000000007")
        self.assertEqual(ticket.name, "Printer <b>down</b>")
        self.assertEqual(ticket.partner_id, self.max)
        self.assertEqual(ticket.commercial_partner_id, self.partner)
        self.assertEqual(ticket.team_id, self.team)
        self.assertEqual(ticket.company_id, self.company)
        self.assertEqual(ticket.purchase_order_ref, "PO-4711")
        self.assertEqual(ticket.billing_contract_id, self.contract)
        self.assertFalse(ticket.closed)
        self.assertEqual(ticket.connector_name, "Znuny")
        self.assertEqual(ticket.remote_number, "20260000000007")
        self.assertEqual(
            ticket.remote_url,
            f"{self.replay.url}/otrs/index.pl?Action=AgentTicketZoom;TicketID=7",
        )

        line = self._get_linked("time_entry")
        self.assertEqual(line.ticket_id, ticket)
        self.assertEqual(line.employee_id, self.anna)
        self.assertEqual(line.work_type_id, self.onsite)
        self.assertEqual(line.name, "Driver installed done.")
        self.assertEqual(line.raw_minutes, 30)
        self.assertEqual(line.billing_start, datetime(2026, 10, 12, 9, 30))
        self.assertEqual(line.billing_stop, datetime(2026, 10, 12, 10))
        self.assertEqual(line.date, date(2026, 10, 12))
        self.assertTrue(line.project_id)

    def test_text_of_others_stays_text(self):
        """S-10: markup in a ticket is shown, not executed."""
        self.replay.add_ticket(1, NINE)
        article = self.replay.tickets["1"]["Article"][0]
        article["Body"] = '<img src=x onerror="alert(1)"> & more'
        self._synchronise()
        description = self._get_linked("ticket").description
        self.assertIn("&lt;img src=x", description)
        self.assertNotIn("<img", description)

    def test_second_run_writes_nothing(self):
        for number in range(1, 6):
            self.replay.add_ticket(number, NINE, [(15, 2, TEN), (30, 3, TEN)])
        self.connector.write({"page_size": 2})
        self._map_bert()
        self._synchronise()
        lines = self._get_linked("time_entry")
        self.assertEqual(len(lines), 10)
        self._refuse_writes()
        figures = self._synchronise()
        self.assertEqual(figures, {"ticket_unchanged": 5, "entry_unchanged": 10})
        self.assertEqual(self._get_linked("time_entry"), lines)

    def _map_bert(self):
        """Agent 3 is known to the server by number only: map it by hand."""
        self.env["ticket.billing.link"].create(
            {
                "connector_id": self.connector.id,
                "remote_type": "agent",
                "remote_id": "3",
                "res_id": self.bert.id,
            }
        )

    def _refuse_writes(self):
        def refuse(records, *args):
            raise AssertionError(f"{records} is written")

        for model in ("helpdesk.ticket", "account.analytic.line"):
            self.patch(type(self.env[model]), "write", refuse)
            self.patch(type(self.env[model]), "create", refuse)

    def test_queries_do_not_grow_with_the_records(self):
        def count_queries(number):
            for ticket in range(number):
                key = 1000 * number + ticket
                self.replay.add_ticket(key, NINE, [(15, 2, TEN)])
            self._synchronise()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._synchronise()
            return self.env.cr.sql_log_count - before

        few, many = count_queries(3), count_queries(40)
        self.assertLessEqual(many - few, 5)

    def test_change_of_ticket_and_entry(self):
        self.replay.add_ticket(1, NINE, [(15, 2, TEN)])
        self._synchronise()
        ticket, line = self._get_linked("ticket"), self._get_linked("time_entry")
        self.replay.tickets["1"].update(
            Title="New title",
            State="closed successful",
            StateType="closed",
            Closed="2026-10-12 11:00:00",
            Changed="2026-10-12 11:00:00",
        )
        self.replay.tickets["1"]["Article"][1]["Body"] = "Better text"
        figures = self._synchronise()
        self.assertEqual(figures, {"ticket_changed": 1, "entry_changed": 1})
        self.assertEqual(ticket.name, "New title")
        self.assertTrue(ticket.closed)
        self.assertEqual(ticket.closed_date, datetime(2026, 10, 12, 11))
        self.assertEqual(line.name, "Better text")

        self.replay.tickets["1"].update(StateType="open", Changed="2026-10-12 12:00:00")
        self._synchronise()
        self.assertFalse(ticket.closed)
        self.assertFalse(ticket.closed_date)

    def test_finer_stage_chosen_here_stays(self):
        self.replay.add_ticket(1, NINE)
        self._synchronise()
        ticket = self._get_linked("ticket")
        stage = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_in_progress")
        ticket.stage_id = stage
        self.replay.tickets["1"].update(Title="Other", Changed=TEN)
        self._synchronise()
        self.assertEqual((ticket.name, ticket.stage_id), ("Other", stage))

    def test_day_of_an_entry_without_clock_time_is_the_customers(self):
        """23:30 UTC is the next day in Berlin."""
        self.connector.booking_time = "unknown"
        self.replay.add_ticket(1, NINE, [(15, 2, "2026-10-12 23:30:00")])
        self._synchronise()
        line = self._get_linked("time_entry")
        self.assertEqual(line.date, date(2026, 10, 13))
        self.assertFalse(line.billing_start)
        self.assertEqual(line.raw_minutes, 15)

    def test_garbage_waits_and_the_rest_comes_in(self):
        """R-26"""
        self.replay.add_ticket(1, NINE, [(-5, 2, TEN), (27 * 60, 2, TEN), (15, 2, TEN)])
        self.replay.add_ticket(2, NINE, Title="x" * 1_000_000)
        self.replay.add_ticket(3, NINE, [("abc", 2, TEN), (5, 2, LONG_AGO)])
        self.replay.add_ticket(4, NINE, Title="Emoji 🖨 and \x00 NUL")
        figures = self._synchronise()
        self.assertEqual(
            figures,
            {"ticket_new": 3, "ticket_held": 1, "entry_new": 1, "entry_held": 4},
        )
        self.assertEqual(
            self._get_reasons(), ["invalid_minutes"] * 3 + ["invalid_record"] * 2
        )
        self.assertIn("Emoji 🖨 and  NUL", self._get_linked("ticket").mapped("name"))
        message = self._get_held().filtered(lambda r: r.minutes == 27 * 60).message
        self.assertIn("20260000000001", message)
        self.assertIn("1440", message)

    def test_record_that_odoo_refuses_does_not_keep_out_the_others(self):
        self.replay.add_ticket(1, NINE, [(15, 2, TEN)])
        self.replay.add_ticket(2, NINE, [(15, 2, TEN)], Title="Bad one")
        model = type(self.env["helpdesk.ticket"])
        original = model.create

        def refuse(records, vals_list):
            if any(vals["name"] == "Bad one" for vals in vals_list):
                raise ValidationError("No bad tickets.")
            return original(records, vals_list)

        self.patch(model, "create", refuse)
        figures = self._synchronise()
        self.assertEqual(
            figures,
            {
                "ticket_new": 1,
                "ticket_failed": 1,
                "ticket_held": 1,
                "entry_new": 1,
                "entry_held": 1,
            },
        )
        self.assertEqual(self._get_reasons(), ["refused", "ticket_held"])
        self.assertIn("No bad tickets.", self._get_held()[0].message)

        self.patch(model, "create", original)
        self._get_held()[0].action_retry()
        self.assertFalse(self._get_held())
        self.assertEqual(len(self._get_linked("time_entry")), 2)

    # Changes after billing

    def test_entry_changed_after_billing_waits(self):
        self.replay.add_ticket(1, NINE, [(60, 2, TEN)])
        self._synchronise()
        line = self._get_linked("time_entry")
        run = self._run()
        self.assertTrue(line.billing_locked)
        self.replay.tickets["1"]["Article"][1]["DynamicField"][0]["Value"] = "onsite"
        self.replay.tickets["1"]["Changed"] = LATER
        figures = self._synchronise()
        self.assertEqual(figures["entry_held"], 1)
        self.assertEqual(self._get_reasons(), ["changed_after_billing"])
        self.assertEqual(line.work_type_id, self.remote)
        self.assertEqual(self._synchronise()["entry_held"], 1)
        self.assertEqual(len(self._get_held()), 1)

        self._get_held().action_dismiss()
        self.assertEqual(self.connector.health, "green")
        self._synchronise()
        self.assertFalse(self._get_held())
        self.assertEqual(run.state, "done")

    def test_entry_deleted_before_billing_is_removed(self):
        self.replay.add_ticket(1, NINE, [(60, 2, TEN), (15, 2, TEN)])
        self._synchronise()
        kept = self._get_linked("time_entry")[1]
        self._delete_booking(1, 0)
        self.assertEqual(self._synchronise()["entry_removed"], 1)
        self.assertEqual(self._get_linked("time_entry"), kept)
        tombstone = self.env["ticket.billing.link"].search(
            [("connector_id", "=", self.connector.id), ("state", "=", "removed")]
        )
        self.assertEqual(len(tombstone), 1)

    def test_entry_deleted_after_billing_waits(self):
        """R-22"""
        self.replay.add_ticket(1, NINE, [(60, 2, TEN)])
        self._synchronise()
        line = self._get_linked("time_entry")
        self._run()
        self._delete_booking(1, 0)
        self.assertEqual(self._synchronise()["entry_held"], 1)
        self.assertEqual(self._get_reasons(), ["deleted_after_billing"])
        self.assertTrue(line.exists())
        self.assertIn("60 minutes", self._get_held().message)
        self._get_held().action_retry()
        self.assertEqual(self._get_reasons(), ["deleted_after_billing"])

    def _delete_booking(self, number, index):
        rows = self.replay.histories[str(number)]
        bookings = [r for r in rows if r["HistoryType"] == "TimeAccounting"]
        rows.remove(bookings[index])
        self.replay.tickets[str(number)]["Changed"] = LATER

    def _merge(self, source, target, when=LATER):
        old, new = self.replay.tickets[str(source)], self.replay.tickets[str(target)]
        rows = self.replay.histories[str(source)]
        self.replay.histories[str(target)] += [r for r in rows if r["ArticleID"]]
        name = f"%%{old['TicketNumber']}%%{source}%%{new['TicketNumber']}%%{target}"
        note = {**rows[0], "HistoryType": "Merged", "Name": name}
        self.replay.histories[str(source)] = [rows[0], note]
        new["Article"] = new["Article"] + old["Article"]
        old.update(Article=[], State="merged", StateType="merged", Changed=when)
        new["Changed"] = when

    def test_merged_ticket_before_billing(self):
        """R-21: the time follows the surviving ticket."""
        self.replay.add_ticket(1, NINE, [(60, 2, TEN)])
        self.replay.add_ticket(2, NINE)
        self._synchronise()
        line = self._get_linked("time_entry")
        self._merge(1, 2)
        self._synchronise()
        self.assertEqual(self._get_linked("time_entry"), line)
        self.assertEqual(line.ticket_id.number, "20260000000002")
        merged = self._get_linked("ticket") - line.ticket_id
        self.assertTrue(merged.closed)
        self.assertFalse(self._get_held())

    def test_merged_ticket_after_billing_is_billed_once(self):
        self.replay.add_ticket(1, NINE, [(60, 2, TEN)])
        self.replay.add_ticket(2, NINE)
        self._synchronise()
        line = self._get_linked("time_entry")
        self._run()
        invoice = line.billing_item_ids.invoice_id
        self.assertEqual(len(invoice), 1)
        self.connector.page_size = 1
        self._merge(1, 2)
        self._synchronise()
        self.assertEqual(self._get_linked("time_entry"), line)
        self.assertEqual(line.ticket_id.number, "20260000000001")
        self.assertFalse(self._get_held())
        self._run()
        self.assertEqual(line.billing_item_ids.invoice_id, invoice)

    def test_merge_into_a_ticket_that_is_not_known(self):
        self.replay.add_ticket(1, NINE, [(60, 2, TEN)])
        self._synchronise()
        line = self._get_linked("time_entry")
        self.replay.add_ticket(2, NINE, CustomerID="STRANGER")
        self.replay.tickets["2"]["Article"][0]["From"] = "who@stranger.example"
        self._merge(1, 2)
        self._synchronise()
        self.assertEqual(line.ticket_id.number, "20260000000001")

    def test_customer_changed_after_billing_waits(self):
        """R-23"""
        other = self._create_customer("Seidel", ref="NEW-ONE", email="o@new.example")
        self.replay.add_ticket(1, NINE, [(60, 2, TEN)])
        self._synchronise()
        ticket = self._get_linked("ticket")
        self._run()
        self.replay.tickets["1"].update(CustomerID="NEW-ONE", Changed=LATER)
        self._synchronise()
        self.assertEqual(self._get_reasons(), ["changed_after_billing"])
        self.assertEqual(ticket.commercial_partner_id, self.partner)
        self.assertNotEqual(ticket.commercial_partner_id, other)

    def test_deleted_ticket_comes_back_as_a_new_one(self):
        self.replay.add_ticket(1, NINE)
        self._synchronise()
        self._get_linked("ticket").unlink()
        self.replay.tickets["1"]["Changed"] = TEN
        self.assertEqual(self._synchronise(), {"ticket_new": 1})

    # The recorded server

    def test_recorded_story(self):
        """21 tickets and 48 bookings of a real Znuny come in once, and add up."""
        server = self._start_replay(STORY)
        connector = self._create_connector(server, page_size=5)
        self._create_people_of_the_story()
        figures = self._synchronise(connector)
        self.assertEqual(figures, {"ticket_new": 21, "entry_new": 46, "entry_held": 2})
        held = self._get_held(connector)
        self.assertEqual(sorted(held.mapped("minutes")), [-15, 1620])
        self.assertEqual(set(held.mapped("reason")), {"invalid_minutes"})
        lines = self._get_linked("time_entry", connector)
        self.assertEqual(sum(lines.mapped("raw_minutes")), self._get_minutes(server))
        # Two agents booked on one article of the ticket another was merged into.
        ticket = self._get_linked("ticket", connector).filtered(
            lambda t: t.number == "2026101210000016"
        )
        self.assertEqual(ticket.time_entry_count, 5)

        again = self._synchronise(connector)
        self.assertFalse(again.keys() & {"ticket_new", "entry_new", "entry_changed"})
        self.assertEqual(self._get_linked("time_entry", connector), lines)

    def _get_minutes(self, server):
        """Whole minutes of all sensible bookings in the recorded histories."""
        units = [
            float(row["Name"].split("%%")[1])
            for rows in server.histories.values()
            for row in rows
            if row["HistoryType"] == "TimeAccounting"
        ]
        return sum(math.ceil(value) for value in units if 0 <= value <= 1440)

    def _create_people_of_the_story(self):
        refs = ("WEBER", "SEIDEL", "MORGENROT", "OSTWIND")
        # A database with demonstration data has them already.
        self.env["res.partner"].search([("ref", "in", refs)]).ref = False
        for ref in refs:
            self._create_customer(ref.title(), ref=ref, email=False)
        for login in ("agent.bert", "agent.cora"):
            employee = self._create_employee(login)
            employee.user_id = self._create_user(login, "base.group_user")

from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..systems.records import Page, RemoteTimeEntry
from .common import ConnectorCase

DAY = "2026-11-23"  # a Monday, in winter: Berlin is an hour ahead


@tagged("post_install", "-at_install")
class TestSuggestion(ConnectorCase):
    """Times from states wait to be confirmed."""

    def setUp(self):
        super().setUp()
        self.calendar = self.env["resource.calendar"].create(
            {"name": "Support", "company_id": self.company.id, "tz": "Europe/Berlin"}
        )
        self.connector.write(
            {
                "suggest_times": True,
                "working_states": "in progress",
                "suggestion_calendar_id": self.calendar.id,
                "work_type_id": self.remote.id,
            }
        )
        self.replay.add_ticket(7, f"{DAY} 07:30:00")

    def _set_state(self, state, time, agent=2, ticket=7):
        """Change a state, by the clock of the server (UTC)."""
        when = f"{DAY} {time}:00"
        self.replay.tickets[str(ticket)]["Changed"] = when
        self.replay.histories[str(ticket)].append(
            {
                "TicketID": str(ticket),
                "ArticleID": 0,
                "HistoryType": "StateUpdate",
                "Name": f"%%any%%{state}%%",
                "CreateBy": agent,
                "CreateTime": when,
            }
        )

    def _work(self, start="09:00", stop="10:00", **values):
        self._set_state("in progress", start, **values)
        self._set_state("pending", stop, **values)
        self._synchronise()

    def _get(self, state="open"):
        return self.env["ticket.billing.suggestion"].search(
            [("connector_id", "=", self.connector.id), ("state", "=", state)],
            order="start",
        )

    def _at(self, time):
        return datetime.fromisoformat(f"{DAY} {time}:00")

    def _get_entries(self):
        return self.env["account.analytic.line"].search(
            [("ticket_id.number", "=", "20260000000007")], order="billing_start"
        )

    def test_waits_and_becomes_a_time_entry(self):
        self._work()
        (suggestion,) = self._get()
        self.assertEqual(suggestion.employee_id, self.anna)
        self.assertEqual(suggestion.minutes, 60)
        self.assertEqual(suggestion.start, self._at("09:00"))
        self.assertFalse(self._get_entries())
        self.assertEqual(self.connector.suggestion_count, 1)
        biller = self._create_user("biller", "ticket_billing.group_biller")
        suggestion.with_user(biller).action_confirm()
        (entry,) = self._get_entries()
        self.assertEqual((entry.raw_minutes, entry.employee_id), (60, self.anna))
        self.assertEqual(entry.billing_stop, self._at("10:00"))
        self.assertEqual(entry.work_type_id, self.remote)
        self.assertEqual(suggestion.entry_ids, entry)
        # Neither confirming nor reading it again makes a second one.
        suggestion.action_confirm()
        self._work("13:00", "13:30")
        self.assertEqual(self._get_entries(), entry)
        self.assertEqual(self._get().mapped("minutes"), [30])

    def test_only_business_hours(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Works outing",
                "calendar_id": self.calendar.id,
                "date_from": self._at("14:00"),
                "date_to": self._at("16:00"),
            }
        )
        self._work("10:30", "22:00")
        # 8 to 12 and 13 to 17 in Berlin, free from 15 on
        self.assertEqual(
            [(s.start, s.minutes) for s in self._get()],
            [(self._at("10:30"), 30), (self._at("12:00"), 120)],
        )

    def test_booked_time_leaves_the_rest(self):
        self._set_state("in progress", "09:00")
        self._set_state("pending", "10:00")
        self.replay.book(7, 20, 2, f"{DAY} 09:40:00")
        self.replay.tickets["7"]["Changed"] = f"{DAY} 10:00:00"
        self._synchronise()
        self.assertEqual(
            [(s.start, s.minutes) for s in self._get()],
            [(self._at("09:00"), 20), (self._at("09:40"), 20)],
        )
        # Booked later: only what is left waits on.
        self.replay.book(7, 60, 2, f"{DAY} 09:20:00")
        self.replay.tickets["7"]["Changed"] = f"{DAY} 10:01:00"
        self._synchronise()
        self.assertEqual(self._get().mapped("minutes"), [20])

    def test_booked_in_odoo_before_it_is_confirmed(self):
        self._work()
        ticket = self._get().ticket_id
        for start, stop, employee in (
            ("09:10", "09:20", self.anna),
            ("09:30", "09:50", self.bert),
        ):
            self.env["account.analytic.line"].create(
                {
                    "ticket_id": ticket.id,
                    "employee_id": employee.id,
                    "name": "By hand",
                    "billing_start": self._at(start),
                    "billing_stop": self._at(stop),
                }
            )
        suggestion = self._get()
        suggestion.action_confirm()
        self.assertEqual(
            suggestion.entry_ids.sorted("billing_start").mapped("raw_minutes"), [10, 40]
        )

    def test_booked_for_the_day_before_it_is_confirmed(self):
        self._work()
        suggestion = self._get()
        self.env.flush_all()
        line = self.env["account.analytic.line"].create(
            {
                "ticket_id": suggestion.ticket_id.id,
                "employee_id": self.anna.id,
                "name": "By hand",
                "date": DAY,
                "raw_minutes": 30,
            }
        )
        later = suggestion.write_date + timedelta(seconds=1)
        self.env.cr.execute(
            "UPDATE account_analytic_line SET create_date = %s WHERE id = %s",
            (later, line.id),
        )
        line.invalidate_recordset()
        with self.assertRaises(UserError):
            suggestion.action_confirm()
        self.assertEqual(suggestion.state, "open")

    def test_booked_time_that_comes_apart_from_its_ticket(self):
        self._work()
        self.env["account.analytic.line"].create(
            {
                "ticket_id": self._get().ticket_id.id,
                "employee_id": self.anna.id,
                "name": "Worklog",
                "billing_start": self._at("09:10"),
                "billing_stop": self._at("09:40"),
            }
        )
        booked = RemoteTimeEntry("worklog", "7", 30)
        page = Page([], [booked], [], cursor="", last=True, whole=False)
        importer = self.env["ticket.billing.suggestion.import"]
        for _time in range(2):
            importer._leave_booked_out(self.connector, page)
            self.assertEqual(self._get().mapped("minutes"), [10, 20])

    def test_dismissed_is_not_suggested_again(self):
        self._work()
        self._get().action_dismiss()
        self._work("13:00", "13:30")
        self.assertEqual(self._get().mapped("minutes"), [30])
        self.assertEqual(self._get("dismissed").minutes, 60)
        self._get("dismissed").action_reopen()
        self._work("14:00", "14:10")
        self.assertEqual(self._get().mapped("minutes"), [60, 30, 10])

    def test_changed_by_hand_stays(self):
        self._work()
        suggestion = self._get()
        suggestion.stop = self._at("09:30")
        self.assertEqual((suggestion.minutes, suggestion.edited), (30, True))
        self._work("13:00", "13:30")
        self.assertEqual(self._get().mapped("minutes"), [30, 30])
        suggestion.action_confirm()
        self.assertEqual(self._get_entries().mapped("raw_minutes"), [30])
        self._work("14:00", "14:10")
        self.assertEqual(self._get().mapped("minutes"), [30, 10])
        with self.assertRaises(UserError):
            suggestion.stop = self._at("09:40")

    def test_unknown_technician(self):
        self._work(agent=99)
        (suggestion,) = self._get()
        self.assertFalse(suggestion.employee_id)
        self.assertEqual(suggestion.agent_key, "99")
        with self.assertRaises(UserError):
            suggestion.action_confirm()
        suggestion.employee_id = self.bert
        suggestion.action_confirm()
        self.assertEqual(self._get_entries().employee_id, self.bert)
        # Whoever it was: this time is decided on.
        self._work("13:00", "13:30", agent=99)
        self.assertEqual(self._get().mapped("minutes"), [30])

    def test_not_before_the_day_of_the_import(self):
        self.connector.date_from = "2026-11-24"
        self._work()
        self.assertFalse(self._get())

    def test_nothing_where_it_is_not_wanted(self):
        self.connector.suggest_times = False
        self._work()
        self.assertFalse(self._get())

    def test_settings_are_complete(self):
        with self.assertRaises(ValidationError):
            self.connector.working_states = " , "

    def test_rights(self):
        self._work()
        suggestion = self._get()
        agent = self._create_user("agent", "base.group_user")
        auditor = self._create_user("auditor", "ticket_billing.group_auditor")
        with self.assertRaises(AccessError):
            suggestion.with_user(agent).read(["minutes"])
        self.assertEqual(suggestion.with_user(auditor).minutes, 60)
        for user in (agent, auditor):
            with self.assertRaises(AccessError):
                suggestion.with_user(user).action_confirm()
            with self.assertRaises(AccessError):
                suggestion.with_user(user).action_dismiss()

    def test_data_of_the_technician(self):
        self._work()
        sources = self.env["ticket.billing.personal.data"]._get_sources(self.anna)
        (source,) = [s for s in sources if s.key == "suggestions"]
        self.assertEqual(source.records, self._get())

    def test_queries_do_not_grow_with_quiet_tickets(self):
        for number in range(10, 40):
            self.replay.add_ticket(number, f"{DAY} 08:00:00")
        self._synchronise()
        changes = {str(number): [] for number in range(10, 40)}
        importer = self.env["ticket.billing.suggestion.import"]
        importer._import_status(self.connector, changes)
        with self.assertQueryCount(5):
            importer._import_status(self.connector, changes)

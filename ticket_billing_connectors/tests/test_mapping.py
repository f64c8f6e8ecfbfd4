from odoo.tests import tagged

from .common import ConnectorCase

NINE = "2026-10-12 09:00:00"
TEN = "2026-10-12 10:00:00"


@tagged("post_install", "-at_install")
class TestMapping(ConnectorCase):
    def _add_stranger(self, number, bookings=1, **values):
        self.replay.add_ticket(
            number,
            NINE,
            [(15, 2, TEN)] * bookings,
            **{"CustomerID": "STRANGER", "CustomerUserID": "who", **values},
        )
        self.replay.tickets[str(number)]["Article"][0]["From"] = values.get("From", "")

    def test_unknown_customer_waits_and_mapping_once_releases_all(self):
        """R-25"""
        self._add_stranger(1, bookings=2)
        self._add_stranger(2)
        self.replay.add_ticket(3, NINE)
        figures = self._synchronise()
        self.assertEqual(figures, {"ticket_new": 1, "ticket_held": 2, "entry_held": 3})
        self.assertEqual(
            self._get_reasons(), ["ticket_held"] * 3 + ["unknown_customer"] * 2
        )
        link = self._get_link("customer", "STRANGER")
        self.assertEqual((link.state, link.held_count), ("unmapped", 2))
        self.assertEqual(self.connector.health, "yellow")
        self.assertEqual(len(self.connector.activity_ids), 1)

        link.partner_id = self.env["res.partner"].create({"name": "Somebody Else"})
        self.assertFalse(self._get_held())
        self.assertEqual(len(self._get_linked("ticket")), 3)
        self.assertEqual(len(self._get_linked("time_entry")), 3)
        self.assertEqual(self.connector.health, "green")
        self.assertFalse(self.connector.activity_ids)
        self.assertEqual(
            self._synchronise(), {"ticket_unchanged": 2, "entry_unchanged": 3}
        )

    def test_waiting_records_are_not_doubled_and_keep_one_activity(self):
        self._add_stranger(1)
        for _run in range(3):
            self._synchronise()
        self.assertEqual(len(self._get_held()), 2)
        self.assertEqual(len(self.connector.activity_ids), 1)

    def test_waiting_record_is_released_as_it_is_now(self):
        self._add_stranger(1)
        self._synchronise()
        self.replay.tickets["1"].update(Title="Corrected", Changed=TEN)
        self._synchronise()
        link = self._get_link("customer", "STRANGER")
        link.partner_id = self.env["res.partner"].create({"name": "Somebody Else"})
        self.assertEqual(self._get_linked("ticket").name, "Corrected")

    def test_customer_is_found_by_email_of_the_contact(self):
        self._add_stranger(1, From='"Max" <MAX.MUELLER@acme.example>')
        self._synchronise()
        ticket = self._get_linked("ticket")
        self.assertEqual(ticket.commercial_partner_id, self.partner)
        self.assertEqual(
            self._get_link("customer", "STRANGER").partner_id, self.partner
        )

    def test_customer_is_found_by_exact_name(self):
        self._add_stranger(1, CustomerID=self.partner.name)
        self._synchronise()
        self.assertEqual(self._get_linked("ticket").commercial_partner_id, self.partner)

    def test_several_customers_that_fit_are_left_to_a_person(self):
        self._create_customer("One", ref="STRANGER", email=False)
        two = self._create_customer("Two", ref="STRANGER", email=False)
        self._add_stranger(1)
        self._synchronise()
        self.assertEqual(self._get_reasons(), ["ambiguous_customer", "ticket_held"])
        self._get_link("customer", "STRANGER").partner_id = two
        self.assertEqual(self._get_linked("ticket").partner_id, two)
        self.assertFalse(self._get_link("customer", "STRANGER").ambiguous)

    def test_customers_of_another_company_do_not_fit(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._create_customer("Theirs", ref="STRANGER", company_id=other.id)
        self._add_stranger(1)
        self._synchronise()
        self.assertEqual(self._get_reasons(), ["ticket_held", "unknown_customer"])

    def test_archived_customer_waits(self):
        self.replay.add_ticket(1, NINE)
        self._synchronise()
        self.partner.active = False
        self.replay.add_ticket(2, TEN, [(15, 2, TEN)])
        self._synchronise()
        self.assertEqual(self._get_reasons(), ["archived_customer", "ticket_held"])
        self.partner.active = True
        self._get_held().filtered(lambda r: r.remote_type == "ticket").action_retry()
        self.assertFalse(self._get_held())

    def test_customer_found_later_releases_by_itself(self):
        self._add_stranger(1)
        self._synchronise()
        self._create_customer("Stranger", ref="STRANGER", email=False)
        self._add_stranger(2, Changed=TEN)
        self._synchronise()
        self.assertFalse(self._get_held())
        self.assertEqual(len(self._get_linked("ticket")), 2)

    def test_ticket_without_customer(self):
        """Nothing to bill: it comes in. With time: somebody has to say whose it is."""
        self._add_stranger(1, bookings=0, CustomerID=None, CustomerUserID=None)
        self._add_stranger(2, CustomerID=None, CustomerUserID=None)
        self._synchronise()
        self.assertEqual(self._get_linked("ticket").number, "20260000000001")
        self.assertEqual(self._get_reasons(), ["no_customer", "ticket_held"])

    def test_unknown_agent_waits(self):
        self.replay.add_ticket(1, NINE, [(15, 2, TEN), (30, 9, TEN)])
        self._synchronise()
        self.assertEqual(self._get_linked("time_entry").employee_id, self.anna)
        self.assertEqual(self._get_reasons(), ["unknown_agent"])
        self.assertIn("20260000000001", self._get_held().message)
        self._get_link("agent", "9").employee_id = self.bert
        self.assertFalse(self._get_held())
        self.assertEqual(self._get_linked("time_entry")[1].employee_id, self.bert)

    def test_agent_is_known_once_he_owns_a_ticket(self):
        self.bert.user_id = self._create_user("agent.bert", "base.group_user")
        self.replay.add_ticket(1, NINE, [(30, 3, TEN)])
        self._synchronise()
        self.assertEqual(self._get_reasons(), ["unknown_agent"])
        self.replay.add_ticket(2, TEN, OwnerID=3, Owner="agent.bert")
        self._synchronise()
        self.assertFalse(self._get_held())
        self.assertEqual(self._get_linked("time_entry").employee_id, self.bert)

    def test_unknown_activity_waits_and_none_is_the_default(self):
        self.connector.work_type_id = self.remote
        self.replay.add_ticket(
            1, NINE, [(15, 2, TEN, "a", "Juggling"), (15, 2, TEN, "b", None)]
        )
        self._synchronise()
        self.assertEqual(self._get_linked("time_entry").work_type_id, self.remote)
        self.assertEqual(self._get_reasons(), ["unknown_activity"])
        self._get_link("activity", "Juggling").work_type_id = self.onsite
        self.assertEqual(self._get_linked("time_entry")[1].work_type_id, self.onsite)

    def test_correction_upstream_closes_what_waited(self):
        self.replay.add_ticket(1, NINE, [(27 * 60, 2, TEN)])
        self._synchronise()
        self.assertEqual(self._get_reasons(), ["invalid_minutes"])
        self.replay.histories["1"].pop()
        self.replay.book(1, 27, 2, "2026-10-12 11:00:00")
        self._synchronise()
        self.assertFalse(self._get_held())
        self.assertEqual(self._get_linked("time_entry").raw_minutes, 27)

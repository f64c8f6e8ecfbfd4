from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import ConnectorCase

NINE = "2026-10-12 09:00:00"
TEN = "2026-10-12 10:00:00"
LATER = "2026-11-02 10:00:00"


@tagged("post_install", "-at_install")
class TestDecision(ConnectorCase):
    """What remote customers and agents are here: proposed, decided, taken back."""

    def _add(
        self, number, customer="STRANGER", sender="", agent=2, minutes=15, **values
    ):
        self.replay.add_ticket(
            number,
            NINE,
            [(minutes, agent, TEN)],
            **{"CustomerID": customer, "CustomerUserID": "who", **values},
        )
        self.replay.tickets[str(number)]["Article"][0]["From"] = sender

    def _customer(self, name, **vals):
        return self._create_customer(name, email=False, **vals)

    def _bring(self, customer="STRANGER", **values):
        self._add(1, customer, **values)
        self._synchronise()
        return self._get_link("customer", customer)

    # Finding

    def test_rules_in_their_order(self):
        by_number = self._customer("One", ref="4711")
        by_vat = self._customer("Two", vat="DE129273398")
        by_domain = self._customer("Three")
        self.env["res.partner"].create(
            {
                "name": "Colleague",
                "parent_id": by_domain.id,
                "email": "boss@three.example",
            }
        )
        link = self._bring(sender="clerk@three.example")
        self.assertEqual((link.partner_id, link.matched_by), (by_domain, "domain"))
        match = self.env["ticket.billing.import"].with_company(self.company)
        for facts, partner, rule in [
            ({"remote_vat": "DE 129 273 398"}, by_vat, "vat"),
            ({"remote_number": "4711", "remote_vat": "DE129273398"}, by_number,
             "reference"),
        ]:  # fmt: skip
            other = self.env["ticket.billing.link"].create(
                {
                    "connector_id": self.connector.id,
                    "remote_type": "customer",
                    "remote_id": f"new {rule}",
                    "remote_email": "clerk@three.example",
                    **facts,
                }
            )
            match._match_again(other)
            self.assertEqual((other.partner_id, other.matched_by), (partner, rule))

    def test_shared_mail_domain_says_nothing(self):
        self._create_customer("Somebody", email="somebody@gmx.de")
        link = self._bring(sender="else@gmx.de")
        self.assertEqual(link.state, "unmapped")
        self.assertFalse(link.proposals)

    def test_ambiguous_is_narrowed_but_never_left(self):
        """Two share the number: the name chooses among them, nobody else comes in."""
        self._customer("Two", ref="STRANGER")
        self._customer("Three", ref="STRANGER")
        self._customer("STRANGER")
        link = self._bring()
        self.assertEqual((link.state, link.ambiguous), ("unmapped", True))
        self.assertEqual(len(link.proposals), 3)
        self.assertFalse(link.certain)

    def test_similar_names_are_proposed_the_surest_first(self):
        wanted = self._customer("Ostwind Logistik GmbH & Co. KG")
        self._customer("Westwind Lager AG")
        link = self._bring("ostwind logistik")
        self.assertEqual(link.state, "unmapped")
        (first, *_others) = link.proposal_buttons
        self.assertEqual((first["id"], first["name"]), (wanted.id, wanted.name))
        self.assertLess(first["score"], 90)
        self.assertFalse(link.certain)
        same = self._customer("Ostwind-Logistik")
        link.action_search_again()
        self.assertEqual(link.state, "unmapped")
        self.assertEqual([row["id"] for row in link.proposals], [same.id, wanted.id])
        self.assertEqual([row["score"] for row in link.proposals], [90, 85])

    def test_nothing_is_mapped_by_itself_where_this_is_switched_off(self):
        self.connector.auto_map = False
        self.replay.add_ticket(1, NINE, [(15, 2, TEN)])
        self._synchronise()
        link = self._get_link("customer", "ACME")
        self.assertEqual(link.state, "unmapped")
        self.assertEqual(link.proposals[0]["id"], self.partner.id)
        self.assertTrue(link.certain)

        self.env["ticket.billing.link"].action_accept_certain()
        self.assertEqual(link.partner_id, self.partner)
        self.assertEqual(self._get_linked("time_entry").employee_id, self.anna)
        self.assertFalse(self._get_held())

    def test_products_are_proposed_too(self):
        product = self.env["product.product"].create({"name": "Toner black XL"})
        link = self.env["ticket.billing.link"].create(
            {
                "connector_id": self.connector.id,
                "remote_type": "product",
                "remote_id": "toner black (XL)",
            }
        )
        link.action_search_again()
        self.assertEqual(link.proposals[0]["id"], product.id)
        link.action_accept(product.id)
        self.assertEqual(link.product_id, product)

    # Deciding

    def test_only_proposed_records_are_accepted(self):
        other = self._customer("Nothing Alike")
        link = self._bring()
        with self.assertRaises(UserError):
            link.action_accept(other.id)

    def test_decision_is_for_managers(self):
        self.connector.auto_map = False
        self._add(1, "ACME")
        self._synchronise()
        link = self._get_link("customer", "ACME")
        biller = self._create_user("biller", "ticket_billing.group_biller")
        for call in (
            lambda: link.with_user(biller).action_accept(self.partner.id),
            link.with_user(biller).action_accept_certain,
            link.with_user(biller).action_search_again,
        ):
            with self.assertRaises(AccessError):
                call()

    def test_new_customer_is_mapped_as_soon_as_it_is_saved(self):
        link = self._bring(sender="who@stranger.example")
        action = link.action_create_partner()
        form = Form(self.env["res.partner"].with_context(**action["context"]))
        with form.child_ids.new() as child:
            child.name = "Who"
        partner = form.save()
        self.assertEqual((partner.name, partner.ref), ("STRANGER", "STRANGER"))
        self.assertEqual(link.partner_id, partner)
        self.assertEqual(self._get_linked("ticket").partner_id, partner)

    def test_decision_is_written_down(self):
        link = self._bring()
        link.partner_id = self.partner
        self.assertEqual(link.decided_by_id, self.env.user)
        self.assertEqual(link.matched_by, "hand")
        (note,) = self.connector.message_ids.filtered(
            lambda message: "Mapping decided" in message.body
        ).mapped("body")
        self.assertIn("STRANGER", note)
        self.assertIn(self.partner.name, note)

    # Taking back

    def test_open_work_follows_another_decision(self):
        link = self._bring()
        first, second = self._customer("First"), self._customer("Second")
        link.partner_id = first
        contract = self._create_contract(second)
        link.partner_id = second
        ticket = self._get_linked("ticket")
        self.assertEqual(ticket.partner_id, second)
        self.assertEqual(ticket.billing_contract_id, contract)
        self.assertFalse(self._get_held())

    def test_undone_customer_is_not_billed_until_it_is_decided_again(self):
        link = self._bring()
        link.partner_id = self.partner
        ticket = self._get_linked("ticket")
        self.assertEqual(ticket.billing_contract_id, self.contract)
        link.action_undo()
        self.assertEqual(link.state, "unmapped")
        self.assertFalse(ticket.partner_id)
        self.assertFalse(ticket.billing_contract_id)
        self._run()
        self.assertFalse(ticket.billing_item_ids.filtered("invoice_id"))
        link.partner_id = self.partner
        self.assertEqual(ticket.partner_id, self.partner)
        self.assertEqual(ticket.billing_contract_id, self.contract)

    def test_undo_goes_back_to_the_decision_before(self):
        link = self._bring()
        first, second = self._customer("First"), self._customer("Second")
        link.partner_id = first
        link.partner_id = second
        link.action_undo()
        self.assertEqual(link.partner_id, first)
        self.assertEqual(self._get_linked("ticket").partner_id, first)

    def test_what_a_person_took_back_is_not_mapped_by_a_rule_again(self):
        self.replay.add_ticket(1, NINE, [(15, 2, TEN)])
        self._synchronise()
        link = self._get_link("customer", "ACME")
        self.assertEqual(link.matched_by, "reference")
        link.action_undo()
        self.replay.add_ticket(2, LATER, [(15, 2, TEN)])
        self._synchronise()
        self.assertEqual(link.state, "unmapped")
        self.assertEqual(link.proposals[0]["id"], self.partner.id)

    def test_billed_work_never_moves_silently(self):
        link = self._bring()
        link.partner_id = self.partner
        ticket = self._get_linked("ticket")
        self._run()
        self.assertTrue(ticket._is_billing_settled())
        other = self._customer("Other")
        contract = self._create_contract(other)
        link.partner_id = other
        self.assertEqual(ticket.partner_id, self.partner)
        self.assertEqual(self._get_reasons(), ["changed_after_billing"])
        for record in (ticket, contract):
            note = record.activity_ids.note
            self.assertIn(self.partner.name, note)
            self.assertIn("Other", note)

    def test_credited_work_moves_when_tried_again(self):
        self.test_billed_work_never_moves_silently()
        ticket = self._get_linked("ticket")
        invoice = ticket.billing_item_ids.invoice_id
        invoice.action_post()
        self._credit_and_release(invoice)
        self._get_held().action_retry()
        self.assertEqual(ticket.partner_id.name, "Other")
        self.assertFalse(self._get_held())

    def test_open_time_follows_another_agent(self):
        self._add(1, "ACME", agent=9)
        self._synchronise()
        link = self._get_link("agent", "9")
        link.employee_id = self.anna
        line = self._get_linked("time_entry")
        link.employee_id = self.bert
        self.assertEqual(line.employee_id, self.bert)

    def test_time_of_an_undone_agent_waits(self):
        self._add(1, "ACME", agent=9)
        self._synchronise()
        link = self._get_link("agent", "9")
        link.employee_id = self.anna
        line = self._get_linked("time_entry")
        link.action_undo()
        self.assertFalse(line.exists())
        self.assertEqual(self._get_reasons(), ["unknown_agent"])
        link.employee_id = self.bert
        line = self._get_linked("time_entry")
        self.assertEqual((line.employee_id, line.raw_minutes), (self.bert, 15))
        self.assertFalse(self._get_held())

    def test_billed_time_of_another_agent_is_held(self):
        self._add(1, "ACME", agent=9)
        self._synchronise()
        link = self._get_link("agent", "9")
        link.employee_id = self.anna
        self._run()
        link.employee_id = self.bert
        self.assertEqual(self._get_linked("time_entry").employee_id, self.anna)
        self.assertEqual(self._get_reasons(), ["changed_after_billing"])

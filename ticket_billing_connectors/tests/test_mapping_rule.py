from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import ConnectorCase

NINE = "2026-10-12 09:00:00"
TEN = "2026-10-12 10:00:00"
LATER = "2026-10-12 11:00:00"


@tagged("post_install", "-at_install")
class TestMappingRule(ConnectorCase):
    def _rule(self, field, operator, value, connector=None, **vals):
        return self.env["ticket.billing.mapping.rule"].create(
            {
                "connector_id": (connector or self.connector).id,
                "field": field,
                "operator": operator,
                "value": value,
                "target": "billing_type",
                "billing_type": "internal",
                **vals,
            }
        )

    def _bring(self, number=1, activity=None, **values):
        self.replay.add_ticket(number, NINE, [(15, 2, TEN, "Text", activity)], **values)
        self._synchronise()
        return self._get_linked("time_entry")[-1:]

    def test_operators(self):
        rule = self._rule("queue", "equals", "x")
        for operator, value, queue, fits in [
            ("equals", "internal", "Internal", True),
            ("equals", "internal", "Internal::IT", False),
            ("starts", "Internal", "internal::IT", True),
            ("starts", "ternal", "Internal", False),
            ("in", "Sales, Internal", "internal", True),
            ("in", "Sales, Internal", "Sales, Internal", False),
            ("equals", "a.*", "abc", False),
        ]:
            with self.subTest(operator, value=value, queue=queue):
                rule.write({"operator": operator, "value": value})
                self.assertEqual(rule._fits_value(queue), fits)

    def test_queue_sets_the_billing_type(self):
        rule = self._rule("queue", "starts", "Internal")
        line = self._bring(Queue="Internal::IT")
        self.assertEqual(line.billing_type, "internal")
        self.assertEqual(rule.match_count, 2)
        other = self._bring(2, Queue="Support")
        self.assertEqual(other.billing_type, "billable")
        self.assertEqual(rule.match_count, 2)

    def test_rules_stay_where_the_customer_is_decided_again(self):
        self._rule("queue", "starts", "Internal")
        self._bring(Queue="Internal::IT")
        link = self._get_link("ticket", "1")
        ruled = link.entry_rules
        self.assertTrue(ruled)
        other = self.partner.copy({"name": "Other customer"})
        link.customer_link_id.partner_id = other
        self.assertEqual(self._get_linked("ticket").commercial_partner_id, other)
        self.assertEqual(link.entry_rules, ruled)

    def test_first_rule_counts_and_the_time_entry_goes_before_its_ticket(self):
        self._rule("queue", "equals", "Internal", sequence=1)
        self._rule("queue", "starts", "I", billing_type="goodwill", sequence=2)
        self._rule("activity", "equals", "onsite", billing_type="warranty", sequence=9)
        self.assertEqual(self._bring(Queue="Internal").billing_type, "internal")
        line = self._bring(2, "onsite", Queue="Internal")
        self.assertEqual(line.billing_type, "warranty")

    def test_time_follows_a_ticket_that_moves_to_another_queue(self):
        self._rule("queue", "equals", "Warranty", billing_type="warranty")
        line = self._bring(Queue="Support")
        self.replay.tickets["1"].update(Queue="Warranty", Changed=LATER)
        self._synchronise()
        self.assertEqual(line.billing_type, "warranty")
        self.assertEqual(
            self._synchronise(), {"ticket_unchanged": 1, "entry_unchanged": 1}
        )

    def test_work_type_of_a_rule_needs_no_known_activity(self):
        self._rule(
            "activity", "equals", "Juggling", target="work_type",
            billing_type=False, work_type_id=self.onsite.id,
        )  # fmt: skip
        self.assertEqual(self._bring(activity="Juggling").work_type_id, self.onsite)
        self.assertFalse(self._get_held())

    def test_project(self):
        project = self.env["project.project"].create(
            {"name": "Rollout", "company_id": self.company.id}
        )
        self._rule(
            "queue", "equals", "Rollout", target="project",
            billing_type=False, project_id=project.id,
        )  # fmt: skip
        self.assertEqual(self._bring(Queue="Rollout").project_id, project)

    def test_contract_is_set_for_its_own_customer_only(self):
        second = self._create_contract(self.partner, main=False)
        theirs = self._create_contract(self._create_customer("Other"))
        for queue, contract in [("Servers", second), ("Else", theirs)]:
            self._rule(
                "queue", "equals", queue, target="contract",
                billing_type=False, contract_id=contract.id,
            )  # fmt: skip
        line = self._bring(Queue="Servers")
        self.assertEqual(line.ticket_id.billing_contract_id, second)
        line = self._bring(2, Queue="Else")
        self.assertEqual(line.ticket_id.billing_contract_id, self.contract)

    def test_other_fields_are_found_in_the_content_as_read(self):
        self._rule(
            "ticket_other", "equals", "VIP", path="Tags", billing_type="goodwill"
        )
        line = self._bring(Tags=["new", "vip"])
        self.assertEqual(line.billing_type, "goodwill")
        self.assertEqual(self._bring(2).billing_type, "billable")

    def test_faults_are_found_when_a_rule_is_saved(self):
        for vals in (
            {"field": "ticket_other", "path": "a[["},
            {"field": "ticket_other", "path": False},
            {"target": "work_type"},
            {"field": "text", "target": "contract", "contract_id": self.contract.id},
        ):
            with self.subTest(**vals), self.assertRaises(ValidationError):
                self._rule(
                    **{"field": "queue", "operator": "equals", "value": "x"} | vals
                )

from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestApprovalChain(TicketBillingCase):
    """A change of an answer past the server is found by the verification."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.customer_release = True
        cls.contact = cls.env["res.partner"].create(
            {"name": "Ines Weber", "parent_id": cls.partner.id}
        )
        for minutes in (60, 30, 45):
            cls._log(minutes, ticket=cls._create_ticket(f"Work of {minutes}"))
        cls.policy.invoice_grouping = "ticket"
        moves = cls._run().invoice_ids
        for move in moves:
            move._approve_billing(cls.contact, move._get_billing_content_hash())
        cls.answers = moves.billing_approval_ids.sorted("id")

    def _verify(self):
        return self.env["ticket.billing.verification"]._verify(self.company)

    def _sql(self, query, *args):
        self.env.flush_all()
        self.env.cr.execute(query, args)

    def test_untouched_answers_are_sound(self):
        self.assertEqual(len(self.answers), 3)
        self.assertIn("Ines Weber", self.answers[0].signatory)
        result = self._verify()
        self.assertEqual((result.state, result.approval_count), ("sound", 3))

    def test_merged_contacts_and_deleted_drafts_change_nothing(self):
        self._sql(
            "UPDATE ticket_billing_approval SET partner_id = %s, move_id = NULL",
            self.partner.id,
        )
        self.assertEqual(self._verify().state, "sound")

    def test_every_kind_of_change_is_found(self):
        table = "ticket_billing_approval"
        first, last = self.answers[0].id, self.answers[-1].id
        changes = {
            f"UPDATE {table} SET kind = 'automatic' WHERE id = {first}": "changed",
            f"UPDATE {table} SET date = '2026-01-01' WHERE id = {last}": "changed",
            f"UPDATE {table} SET signatory = 'Someone' WHERE id = {first}": "changed",
            f"UPDATE {table} SET content = '{{}}' WHERE id = {last}": "changed",
            f"UPDATE {table} SET user_id = 2 WHERE id = {last}": "changed",
            f"UPDATE {table} SET digest = 'x' WHERE id = {first}": "changed",
            f"DELETE FROM {table} WHERE id = {first}": "removed",
            f"DELETE FROM {table} WHERE id = {last}": "last answers",
            f"DELETE FROM {table}": "last answers",
        }
        for change, words in changes.items():
            with self.subTest(change), self.env.cr.savepoint() as savepoint:
                self._sql(change)
                self.env.invalidate_all()
                result = self._verify()
                self.assertEqual(result.state, "broken")
                self.assertIn(words, result.findings)
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(self._verify().state, "sound")

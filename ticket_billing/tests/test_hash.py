from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestHash(TicketBillingCase):
    """A change past the server is found and named."""

    def _post(self, minutes=60, **vals):
        self._log(minutes, **vals)
        move = self._run().invoice_ids
        move.action_post()
        return move

    def _verify(self):
        return self.env["ticket.billing.verification"]._verify(self.company)

    def _sql(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)
        self.env.invalidate_all()

    def _secure(self):
        settings = self.env["res.config.settings"].create({})
        self.assertTrue(settings.billing_hash_required)
        self.assertTrue(settings.billing_unsecured_journals)
        settings.action_secure_billing_journals()
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.billing_unsecured_journals)
        return settings

    def test_unsecured_journal_is_a_hint(self):
        journal = self._post().journal_id
        result = self._verify()
        self.assertEqual(result.state, "sound")
        self.assertIn(journal.name, result.hints)
        self._secure()
        self.assertFalse(self._verify().hints)

    def test_changed_posted_invoice_is_found(self):
        settings = self._secure()
        first = self._post()
        second = self._post(day="2026-10-13")
        third = self._post(day="2026-10-14")
        self.assertTrue(all((first + second + third).mapped("inalterable_hash")))
        result = self._verify()
        self.assertEqual((result.state, result.entry_count), ("sound", 3))
        self._sql(
            "UPDATE account_move_line SET credit = credit + 1 WHERE id = %s",
            second.line_ids.filtered(lambda li: li.display_type == "product").id,
        )
        action = settings.action_verify_billing()
        found = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(found.state, "broken")
        self.assertIn(second.name, found.findings)
        self.assertNotIn(first.name, found.findings)
        self.assertNotIn(third.name, found.findings)
        self.assertEqual(settings.create({}).billing_last_verification_id, found)

    def test_posted_invoice_cannot_be_reset(self):
        self._secure()
        with self.assertRaises(UserError):
            self._post().button_draft()

    def test_changed_item_is_found(self):
        move = self._post()
        item = move.billing_item_ids
        self.assertEqual(self._verify().state, "sound")
        self._sql("UPDATE ticket_billing_item SET net = net + 1 WHERE id = %s", item.id)
        found = self._verify()
        self.assertIn(item.display_name, found.findings)
        self.assertIn(move.name, found.findings)

    def test_changed_time_entry_is_found(self):
        move = self._post()
        entry = move.billing_item_ids.entry_id
        self._sql(
            "UPDATE account_analytic_line SET raw_minutes = 30 WHERE id = %s", entry.id
        )
        self.assertIn(f"Time entry {entry.display_name}", self._verify().findings)

    def test_deleted_item_and_changed_seal_are_found(self):
        move = self._post()
        seal = self.env["ticket.billing.seal"].search([("move_id", "=", move.id)])
        self.assertEqual(seal.fingerprints.keys(), {str(move.billing_item_ids.id)})
        key = str(move.billing_item_ids.id)
        self._sql(
            "UPDATE ticket_billing_seal SET fingerprints = '{}' WHERE id = %s", seal.id
        )
        self.assertIn("seal", self._verify().findings)
        self._sql("DELETE FROM ticket_billing_seal WHERE id = %s", seal.id)
        self.assertIn(f"{move.name} has no seal", self._verify().findings)
        self.env["ticket.billing.seal"]._seal(move.billing_item_ids, move)
        self._sql("DELETE FROM ticket_billing_item WHERE id = %s", key)
        self.assertIn(f"Billing item {key}", self._verify().findings)

    def test_open_correction_is_no_finding(self):
        move = self._post()
        move.billing_item_ids.entry_id._correct({"raw_minutes": 75}, "Forgot a call")
        self.assertFalse(self._verify().findings)
        self._run("2026-11-02").invoice_ids.action_post()
        self.assertFalse(self._verify().findings)

    def test_covered_work_is_sealed_with_its_run(self):
        self.contract.allotment_ids = [Command.create({"hours": 10})]
        self._log(60)
        item = self._run().item_ids
        self.assertEqual(item.state, "covered")
        self.assertEqual(self._verify().item_count, 1)
        self._sql(
            "UPDATE ticket_billing_item SET billable_minutes = 30 WHERE id = %s",
            item.id,
        )
        self.assertIn(item.display_name, self._verify().findings)

    def test_credited_and_undone_work_is_no_finding(self):
        self._log(60)
        run = self._run()
        run.invoice_ids.action_post()
        run.action_undo()
        self.assertFalse(self._verify().findings)

    def test_scheduled_verification_tells_approvers(self):
        approver = self._create_user("boss", "ticket_billing.group_approver")
        move = self._post()
        self._sql(
            "UPDATE ticket_billing_item SET net = 1 WHERE id = %s",
            move.billing_item_ids.id,
        )
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 60.0
        ):
            self.env["ticket.billing.verification"]._cron_verify()
        result = self.env["ticket.billing.verification"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        self.assertIn(approver, result.activity_ids.user_id)

    def test_only_approvers(self):
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            self.env["ticket.billing.verification"].with_user(biller)._verify(
                self.company
            )
        with self.assertRaises(AccessError):
            self.company.with_user(biller)._secure_sales_journals()


@tagged("post_install", "-at_install")
class TestPriceHistory(TicketBillingCase):
    """Prices that were used stay; others change from a day on, and it is noted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rate = cls.contract.rate_ids
        cls.rate = cls.rate.with_context(tracking_disable=False)

    def _bill(self):
        self._log(60, "2026-10-12")
        move = self._run().invoice_ids
        move.action_post()
        return move

    def _get_notes(self):
        return " ".join(self.contract.message_ids.mapped("body"))

    def test_used_rate_is_frozen(self):
        self._bill()
        for change in (
            {"value": 100}, {"kind": "multiplier"}, {"work_type_id": self.onsite.id},
            {"valid_from": "2026-10-20"}, {"valid_to": "2026-10-11"},
        ):  # fmt: skip
            with self.subTest(change), self.assertRaises(UserError) as caught:
                self.rate.write(change)
            self.assertIn("10/12/2026", str(caught.exception))
        with self.assertRaises(UserError):
            self.rate.unlink()
        self.rate.write({"value": 90})  # nothing changes

    def test_price_agreed_backwards(self):
        """An approver may, knowingly; the invoice stays and the change is noted."""
        move = self._bill()
        for group in ("group_biller", "group_approver"):
            user = self._create_user(group, f"ticket_billing.{group}")
            with self.assertRaises(UserError):
                self.rate.with_user(user).value = 80
        biller = self.env["res.users"].search([("login", "=", "group_biller")])
        knowingly = self.rate.with_context(billing_price_correction=True)
        with self.assertRaises(UserError):
            knowingly.with_user(biller).value = 80
        knowingly.with_user(user).value = 80
        self.assertEqual(self.rate.value, 80)
        self.assertEqual(move.amount_untaxed, 90)
        self.assertIn("90 → 80", self._get_notes())

    def test_new_rate_from_a_day(self):
        self._bill()
        self.rate.valid_to = "2026-10-31"
        self.contract.rate_ids = [
            Command.create({"value": 100, "valid_from": "2026-11-01"})
        ]
        self._log(60, "2026-11-03")
        move = self._run("2026-12-01").invoice_ids
        self.assertEqual(self._get_lines(move), [(60, 100, 100.0)])
        notes = self._get_notes()
        self.assertIn("10/31/2026", notes)
        self.assertIn("100", notes)

    def test_unused_rate_changes_and_is_noted(self):
        self.rate.value = 95
        self.assertIn("90 → 95", self._get_notes())

    def test_draft_invoice_does_not_freeze(self):
        self._log(60)
        self._run()
        self.rate.value = 95
        self.assertEqual(self.rate.value, 95)

    def test_standard_rate(self):
        self.rate.unlink()
        standard = self.env["ticket.billing.rate"].create(
            {"value": 80, "company_id": self.company.id}
        )
        self._bill()
        with self.assertRaises(UserError):
            standard.value = 85

    def test_surcharge_of_another_day(self):
        window = self.env["ticket.billing.surcharge"].create(
            {
                "name": "All day",
                "contract_id": self.contract.id,
                "percent": 50,
                "whole_day": True,
            }
        )
        move = self._bill()
        self.assertEqual(move.amount_untaxed, 135)
        with self.assertRaises(UserError):
            window.percent = 60
        window.valid_to = "2026-10-31"
        window.copy({"percent": 60, "valid_from": "2026-11-01", "valid_to": False})
        self._log(60, "2026-10-31")
        self._log(60, "2026-11-01")
        later = self._run("2026-12-01").invoice_ids
        self.assertEqual(later.amount_untaxed, 135 + 144)

    def test_allotment_and_fee(self):
        self.contract.allotment_ids = [Command.create({"hours": 0.5})]
        self.contract.fee_ids = [Command.create({"name": "Fee", "price_unit": 10})]
        self._bill()
        with self.assertRaises(UserError):
            self.contract.allotment_ids.hours = 1
        with self.assertRaises(UserError):
            self.contract.fee_ids.price_unit = 12
        self.contract.fee_ids.date_end = "2026-12-31"

    def test_policy_settings_are_tracked(self):
        policy = self.policy.with_context(tracking_disable=False)
        self.flush_tracking()
        policy.minimum_per_ticket = 20
        self.flush_tracking()
        field = self.env["ir.model.fields"]._get(policy._name, "minimum_per_ticket")
        values = policy.message_ids.tracking_value_ids
        self.assertIn(field, values.field_id)

    def flush_tracking(self):
        self.env.flush_all()
        self.cr.precommit.run()
        self.env.invalidate_all()

    def test_form_of_a_contract_still_works(self):
        self._bill()
        with Form(self.contract) as form, form.rate_ids.new() as line:
            line.value = 100
            line.work_type_id = self.onsite
        self.assertEqual(len(self.contract.rate_ids), 2)

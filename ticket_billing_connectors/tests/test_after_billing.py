import dataclasses
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ConnectorCase

NINE = "2026-10-12 09:00:00"
TEN = "2026-10-12 10:00:00"
LATER = "2026-11-02 10:00:00"
NEXT_MONTH = "2026-12-01"


@tagged("post_install", "-at_install")
class TestAfterBilling(ConnectorCase):
    """What changes in the ticket system after it was billed, and the ways out."""

    def _bill(self, minutes=60, agent=2):
        self.replay.add_ticket(1, NINE, [(minutes, agent, TEN)])
        self._synchronise()
        run = self._run()
        run.invoice_ids.action_post()
        return self._get_linked("time_entry")

    def _change_minutes(self, line, minutes):
        """Systems with ids of their own change a booking in place."""
        importer = self.env["ticket.billing.import"]
        link = self._get_link_of(line)
        remap = self.env["ticket.billing.remap"]
        entry = remap._describe_entry(link, line)
        stop = entry.start + timedelta(minutes=minutes)
        changed = dataclasses.replace(entry, minutes=minutes, stop=stop)
        importer._import(self.connector, [], [changed], whole=False)
        return self._get_held()

    def _get_link_of(self, line):
        return self.env["ticket.billing.link"].search(
            [("res_model", "=", line._name), ("res_id", "=", line.id)]
        )

    def _get_net(self, line):
        return sum(line.billing_item_ids.filtered("live").mapped("net"))

    def test_change_is_taken_over_as_a_correction(self):
        line = self._bill(60)
        held = self._change_minutes(line, 90)
        self.assertEqual(held.reason, "changed_after_billing")
        self.assertIn("Take it over", held.message)
        held.action_correct()
        self.assertEqual((line.raw_minutes, line.billing_outdated), (90, True))
        self.assertEqual(line.billing_stop - line.billing_start, timedelta(minutes=90))
        self.assertEqual(held.state, "done")
        self._run(NEXT_MONTH)
        self.assertEqual(self._get_net(line), 135)

    def test_taken_over_change_does_not_come_again(self):
        line = self._bill(60)
        held = self._change_minutes(line, 90)
        entry = held._get_record()
        held.action_correct()
        counts = self.env["ticket.billing.import"]._import(
            self.connector, [], [entry], whole=False
        )
        self.assertEqual(dict(counts), {"entry_unchanged": 1, "entry_held": 0,
                                        "ticket_held": 0})  # fmt: skip

    def test_deletion_is_taken_over_as_a_correction(self):
        line = self._bill(60)
        self._delete_booking()
        held = self._get_held()
        self.assertEqual(held.reason, "deleted_after_billing")
        self.assertTrue(line.deleted_upstream)
        self.assertIn("deleted", line.ticket_id.activity_ids.note)
        held.action_correct()
        self.assertEqual(line.raw_minutes, 0)
        self._run(NEXT_MONTH)
        self.assertEqual(self._get_net(line), 0)
        self.assertFalse(self._get_held())
        self.assertNotIn("entry_held", self._synchronise())

    def _delete_booking(self):
        rows = self.replay.histories["1"]
        (booking,) = [r for r in rows if r["HistoryType"] == "TimeAccounting"]
        rows.remove(booking)
        self.replay.tickets["1"]["Changed"] = LATER
        self._synchronise()

    def test_deleted_and_credited_work_is_not_billed_again(self):
        line = self._bill(60)
        self._delete_booking()
        invoice = line.billing_item_ids.invoice_id
        self._credit_and_release(invoice)
        self._get_held().action_retry()
        self.assertFalse(self._get_held())
        self._run(NEXT_MONTH)
        self.assertEqual(self._get_net(line), 0)

    def test_credited_work_follows_by_itself(self):
        line = self._bill(60)
        held = self._change_minutes(line, 90)
        importer = self.env["ticket.billing.import"]
        importer._import(self.connector, [], [], whole=False)
        self.assertEqual(held.state, "held")
        self._credit_and_release(line.billing_item_ids.invoice_id)
        importer._import(self.connector, [], [], whole=False)
        self.assertEqual((held.state, line.raw_minutes), ("done", 90))

    def test_other_agent_needs_a_credit_note(self):
        line = self._bill(60)
        link = self._get_link("agent", "2")
        link.employee_id = self.bert
        held = self._get_held()
        with self.assertRaisesRegex(UserError, "Credit the invoice"):
            held.action_correct()
        self.assertEqual(line.employee_id, self.anna)
        self.assertEqual(held.state, "held")

    def test_ways_lead_to_ticket_and_invoices(self):
        line = self._bill(60)
        held = self._change_minutes(line, 90)
        action = held.action_view_invoices()
        self.assertEqual(action["res_id"], line.billing_item_ids.invoice_id.id)
        self.assertEqual(held.action_view_record()["res_id"], line.ticket_id.id)

    def test_correcting_is_for_managers(self):
        line = self._bill(60)
        held = self._change_minutes(line, 90)
        biller = self._create_user("biller", "ticket_billing.group_biller")
        with self.assertRaises(AccessError):
            held.with_user(biller).action_correct()

    def test_dismissed_change_tells_nobody_again(self):
        self._bill(60)
        self._delete_booking()
        self._get_held().action_dismiss()
        ticket = self._get_linked("ticket")
        ticket.activity_ids.unlink()
        self.replay.tickets["1"]["Changed"] = "2026-11-02 11:00:00"
        self._synchronise()
        self.assertFalse(ticket.activity_ids)

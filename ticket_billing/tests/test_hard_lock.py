from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestHardLock(TicketBillingCase):
    """A hard lock date over the invoice date has no exceptions for anybody."""

    def setUp(self):
        super().setUp()
        self._log(60)

    def _lock(self):
        self.company.hard_lock_date = "2026-11-10"

    def test_work_is_held(self):
        self._lock()
        run = self._run()
        self.assertFalse(run.invoice_ids)
        self.assertEqual(run.line_ids.state, "held")
        self.assertIn("11/10/2026", run.line_ids.message)
        self.assertFalse(self.contract.item_ids.filtered("settled"))

    def test_dated_on_the_first_open_day(self):
        self.policy.locked_period = "next"
        self._lock()
        move = self._run().invoice_ids
        self.assertEqual(str(move.invoice_date), "2026-11-11")
        self.assertEqual(str(move.service_period_end), "2026-10-12")
        move.action_post()
        self.assertEqual(str(move.date), "2026-11-11")
        self.assertIn("11/10/2026", " ".join(move.message_ids.mapped("body")))

    def test_locked_between_draft_and_posting(self):
        move = self._run().invoice_ids
        # As a lock set elsewhere: Odoo itself asks for the drafts first.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_company SET hard_lock_date = '2026-11-10' WHERE id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "11/10/2026"):
            move.action_post()
        self.policy.locked_period = "next"
        move.action_post()
        self.assertEqual(str(move.invoice_date), "2026-11-11")

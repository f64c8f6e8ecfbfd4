from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from ..hooks import REMOVED, post_init_hook, uninstall_hook
from ..models.ir_module_module import ALLOWED
from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestReinstall(TicketBillingCase):
    """What a ledger that is gone may have billed is not billed again in silence."""

    def _reinstall(self):
        uninstall_hook(self.env)
        post_init_hook(self.env)
        return self.company.billing_hold_until

    def test_ledger_is_remembered_once(self):
        self._log(60)
        self._run().invoice_ids.action_post()
        parameters = self.env["ir.config_parameter"]
        parameters.set_param(ALLOWED, "True")
        self.assertEqual(self._reinstall(), fields.Date.today())
        # The next removal is asked for again, the next installation holds nothing.
        self.assertFalse(parameters.get_param(ALLOWED))
        self.assertFalse(parameters.get_param(REMOVED % self.company.id))
        self.company.billing_hold_until = False
        post_init_hook(self.env)
        self.assertFalse(self.company.billing_hold_until)

    def test_nothing_billed_nothing_held(self):
        self._log(60)
        self.assertFalse(self._reinstall())
        other = self._create_company("Other")
        self.assertFalse(other.billing_hold_until)

    def test_work_is_held_until_somebody_decides(self):
        self.company.billing_hold_until = "2026-10-12"
        held = self._log(60)
        self._log(30, day="2026-10-13")
        goodwill = self._log(15, day="2026-10-11", billing_type="goodwill")
        run = self._run()
        self.assertEqual(run.invoice_ids.amount_untaxed, 45)
        (item,) = held.billing_item_ids
        self.assertEqual((item.state, item.reason), ("held", "before_reinstall"))
        self.assertIn("10/12/2026", item.message)
        self.assertEqual(goodwill.billing_item_ids.state, "written_off")
        self.assertEqual(run.line_ids.state, "held")
        self.company.billing_hold_until = False
        self.assertEqual(self._run("2026-12-01").invoice_ids.amount_untaxed, 90)

    def test_fees_charges_and_blocks(self):
        self.contract.fee_ids = [
            Command.create(
                {
                    "name": "Monitoring", "period": "month", "price_unit": 20,
                    "product_id": self.env.ref("ticket_billing.product_remote").id,
                    "date_start": "2026-09-01",
                }
            )
        ]  # fmt: skip
        self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id, "date": "2026-10-12", "price_unit": 7,
                "product_id": self.env.ref("ticket_billing.product_travel").id,
            }
        )  # fmt: skip
        self.company.billing_hold_until = "2026-10-31"
        self.assertFalse(self._run().invoice_ids)
        held = self.contract.item_ids.filtered(lambda i: i.state == "held")
        self.assertEqual(set(held.mapped("reason")), {"before_reinstall"})
        self.assertIn("recurring", held.mapped("kind"))
        self.assertIn("material", held.mapped("kind"))
        self.company.billing_hold_until -= timedelta(days=31)
        later = self._run("2026-11-02").invoice_ids
        self.assertEqual(later.amount_untaxed, 27)

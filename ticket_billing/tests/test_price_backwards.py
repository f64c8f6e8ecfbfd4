from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..models.ticket_billing_surcharge import WEEKDAYS
from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestPriceBackwards(TicketBillingCase):
    """Another price for billed work: by approvers, with a reason, settled once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.approver = cls._create_user("boss", "ticket_billing.group_approver")
        cls.biller = cls._create_user("clerk", "ticket_billing.group_biller")
        cls.rate = cls.contract.rate_ids

    def _bill(self, day="2026-11-01"):
        moves = self._run(day).invoice_ids
        moves.action_post()
        return moves

    def _open(self, price, user=None, **vals):
        action = price.with_user(user or self.approver).action_agree_backwards()
        wizards = self.env[action["res_model"]].with_user(user or self.approver)
        return wizards.with_context(**action["context"]).create(
            {"reason": "Agreed on the phone", **vals}
        )

    def _get_notes(self):
        return " ".join(self.contract.message_ids.mapped("body"))

    def test_difference_is_settled_by_the_next_run(self):
        self._log(60)
        self._log(30, day="2026-10-20")
        move = self._bill()
        wizard = self._open(self.rate, value=80)
        self.assertEqual(wizard.value_before, 90)
        self.assertEqual(wizard.entry_count, 2)
        wizard.action_agree()
        self.assertEqual(move.amount_untaxed, 135)
        notes = self._get_notes()
        self.assertIn("90 → 80", notes)
        self.assertIn("Agreed on the phone", notes)
        self.assertIn("2 billed time entries", notes)
        credit = self._bill("2026-12-01")
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(credit.amount_untaxed, 15)
        self.assertFalse(self._run("2027-01-01").invoice_ids)

    def test_from_a_day_on(self):
        self._log(60)
        self._log(60, day="2026-10-20")
        self._bill()
        wizard = self._open(self.rate, value=100, date_from="2026-10-15")
        self.assertEqual(wizard.entry_count, 1)
        wizard.action_agree()
        self.assertEqual(self.rate.value, 90)
        self.assertEqual(str(self.rate.valid_to), "2026-10-14")
        new = self.contract.rate_ids - self.rate
        self.assertEqual((new.value, str(new.valid_from)), (100, "2026-10-15"))
        self.assertEqual(self._bill("2026-12-01").amount_untaxed, 10)
        # And once more, by the price that is valid now.
        self._open(new, value=90).action_agree()
        self.assertEqual(self._bill("2027-01-01").amount_untaxed, 10)

    def test_surcharge(self):
        self.contract.surcharge_ids = [
            Command.create(
                {
                    **dict.fromkeys(WEEKDAYS, False),
                    "name": "Monday",
                    "percent": 50,
                    "whole_day": True,
                    "monday": True,
                }
            )
        ]
        self._log(60)
        self._log(60, day="2026-10-13")
        self._bill()
        wizard = self._open(self.contract.surcharge_ids, value=100)
        self.assertEqual(wizard.entry_count, 1)
        wizard.action_agree()
        self.assertEqual(self._bill("2026-12-01").amount_untaxed, 45)

    def test_only_approvers(self):
        self._log(60)
        self._bill()
        with self.assertRaisesRegex(AccessError, "Only approvers"):
            self._open(self.rate, user=self.biller)
        with self.assertRaisesRegex(AccessError, "Only approvers"):
            self.rate.with_user(self.biller)._agree_backwards(1, None, "no")
        with self.assertRaises(AccessError):
            self.env["ticket.billing.price.agreement"].with_user(self.biller).create(
                {"res_model": self.rate._name, "res_id": self.rate.id, "value": 1}
            )

    def test_recurring_fees_are_no_work_to_settle(self):
        self.contract.fee_ids = [
            Command.create(
                {
                    "name": "Monitoring",
                    "product_id": self.env.ref("ticket_billing.product_remote").id,
                    "price_unit": 20,
                    "date_start": "2026-10-01",
                }
            )
        ]
        with self.assertRaisesRegex(UserError, "Only rates"):
            self.contract.fee_ids.with_user(self.approver).action_agree_backwards()

    def test_flat_fee_is_frozen_and_agreed(self):
        fee = self._create_fee(price=120)
        self._log(60)
        self.assertEqual(self._bill().amount_untaxed, 120)
        for change in ({"price": 100}, {"included_minutes": 5}):
            with self.assertRaisesRegex(UserError, "10/12/2026"):
                fee.write(change)
        with self.assertRaises(UserError):
            fee.unlink()
        wizard = self._open(fee, value=100)
        self.assertEqual(wizard.entry_count, 1)
        wizard.action_agree()
        credit = self._bill("2026-12-01")
        self.assertEqual((credit.move_type, credit.amount_untaxed), ("out_refund", 20))

    def test_flat_fee_from_a_day_on(self):
        fee = self._create_fee(price=120)
        self._log(60)
        self._bill()
        fee.valid_to = "2026-10-31"
        with self.assertRaises(ValidationError):
            self._create_fee(price=150, valid_from="2026-10-31")
        self._create_fee(price=150, valid_from="2026-11-01")
        self._log(60, day="2026-11-10", ticket=self._create_ticket("New laptop"))
        # More of the old ticket is covered, and its fee is not due again.
        self._log(30, day="2026-11-11")
        self.assertEqual(self._bill("2026-12-01").amount_untaxed, 150)

    def _create_fee(self, **vals):
        return self.env["ticket.billing.flat.fee"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.env.ref("ticket_billing.product_remote").id,
                "included_minutes": 120,
                **vals,
            }
        )

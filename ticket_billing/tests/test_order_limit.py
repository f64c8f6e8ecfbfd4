from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestOrderLimit(TicketBillingCase):
    """Material and journeys need an order with room for them, as work does."""

    def setUp(self):
        super().setUp()
        self.product = self.env["product.product"].create({"name": "Switch"})
        self.charge = self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": self.product.id,
                "date": "2026-10-20",
                "price_unit": 50,
            }
        )
        self.policy.write({"travel_mode": "flat", "travel_price": 30})
        self.visit = self.env["ticket.billing.visit"].create(
            {"ticket_id": self.ticket.id, "date": "2026-10-21"}
        )
        self._log(60)

    def _get_reasons(self):
        sources = (self.charge, self.visit)
        return [source.billing_item_ids.reason for source in sources]

    def test_material_and_journeys_beyond_the_order_wait(self):
        self.policy.po_exceeded = "hold"
        order = self.env["ticket.billing.purchase.order"].create(
            {
                "name": "4711",
                "partner_id": self.partner.id,
                "limit": 100,
                "company_id": self.company.id,
            }
        )
        self.ticket.purchase_order_ref = "4711"
        self.assertEqual(self._run().invoice_ids.amount_untaxed, 90)
        self.assertEqual(self._get_reasons(), ["po_limit_exceeded"] * 2)
        self.assertIn("4711", self.charge.billing_item_ids.message)
        order.limit = 200
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 80)

    def test_journeys_wait_for_the_order(self):
        self.policy.po_required = True
        self.assertFalse(self._run().invoice_ids)
        self.assertEqual(self._get_reasons(), ["po_missing"] * 2)
        self.ticket.purchase_order_ref = "4711"
        self.assertEqual(self._run("2026-11-02").invoice_ids.amount_untaxed, 170)

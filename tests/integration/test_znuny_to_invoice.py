"""The main job across the add-ons: a recorded Znuny comes in, invoices go out.

Every figure is computed by hand from tests/connectors/recordings/znuny/story.md.
"""

from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command

from odoo.addons.ticket_billing.einvoice import check_invoices
from odoo.addons.ticket_billing_connectors.tests.common import ConnectorCase

RECORDINGS = Path(__file__).parents[1] / "connectors" / "recordings" / "znuny"
WEBER = {
    "2026100510000011": 88.50 + 49.00,
    "2026100710000017": 24.50 + 36.75 + 201.25 + 201.25 + 36.75,
    "2026101210000016": 24.50 + 24.50 + 24.50 + 59.00 + 24.50,
    # the night from 22:00: 147.00 remote, 73.50 travel, 172.50 on site per hour
    "2026101410000012": 147.00 + 55.13 + 215.63 + 55.13,
    # 21:20 to 22:55: 40 minutes by day, 65 by night
    "2026101510000029": 65.33 + 159.25 + 24.50,
    # 2:00 summer time to 3:20 winter time is 140 minutes
    "2026102010000019": 442.50 + 24.50,
    "2026102110000017": 73.50,
}
SEIDEL = {
    # 5 hours are used up within the third ticket of the month
    "2026101910000012": 78.75 + 39.38 + 78.75,
    "2026102710000015": 78.75 + 26.25,
}


class TestZnunyToInvoice(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cora = cls._create_employee("Cora Lindner")
        cls.cora.user_id = cls._create_user("agent.cora", "base.group_user")
        cls.bert.user_id = cls._create_user("agent.bert", "base.group_user")
        cls.env["ticket.billing.rate"].create({"value": 95})
        cls.partner.ref = "WEBER"
        cls.contract.rate_ids.value = 98
        cls.contract.rate_ids = [
            Command.create({"work_type_id": cls.onsite.id, "value": 115}),
            Command.create(
                {
                    "work_type_id": cls.remote.id,
                    "employee_id": cls.anna.id,
                    "value": 118,
                }
            ),
        ]
        cls.contract.surcharge_ids = [
            Command.create(
                {"name": "Night", "percent": 50, "time_from": 22, "time_to": 6}
            )
        ]
        seidel = cls._create_customer("Kanzlei Dr. Seidel & Partner", ref="SEIDEL")
        cls.seidel = cls._create_contract(
            seidel,
            price=None,
            allotment_ids=[Command.create({"hours": 5, "overage_price": 105})],
        )
        closed = cls.env["ticket.billing.policy"].create(
            {
                "name": "Each ticket",
                "trigger": "ticket_closed",
                "rounding_mode": "up",
                "increment_minutes": 15,
                "rounding_scope": "ticket",
                "invoice_grouping": "ticket",
            }
        )
        morgenrot = cls._create_customer("Morgenrot Café GmbH", ref="MORGENROT")
        fee = {
            "product_id": cls.env.ref("ticket_billing.product_flat").id,
            "price": 79,
            "included_minutes": 60,
        }
        cls.morgenrot = cls._create_contract(
            morgenrot,
            price=None,
            policy_id=closed.id,
            flat_fee_ids=[Command.create(fee)],
        )

    def _start_replay(self, recordings=None):
        return super()._start_replay(RECORDINGS)

    def _create_connector(self, server, **values):
        return super()._create_connector(
            server, purchase_order_field="PurchaseOrder", **values
        )

    def _work(self, day):
        """What the scheduled actions do on ``day``; the new invoices."""
        moves = self.env["account.move"]
        known = moves.search([])
        cron = type(self.env["ir.cron"])
        with (
            freeze_time(f"{day} 03:00:00"),
            patch.object(cron, "_commit_progress", lambda *a, **k: 60.0),
        ):
            self._synchronise()
            self.env["ticket.billing.run"]._cron_bill()
        return moves.search([]) - known

    def _get_nets(self, moves):
        """Net per ticket number."""
        nets = {}
        for line in moves.invoice_line_ids.filtered("billing_item_ids"):
            number = line.billing_item_ids.ticket_id.number
            nets[number] = round(nets.get(number, 0) + line.price_subtotal, 2)
        return nets

    def test_recorded_month_to_the_cent(self):
        moves = self._work("2026-11-24")
        weber = moves.filtered(lambda m: m.partner_id == self.partner)
        expected = {number: round(net, 2) for number, net in WEBER.items()}
        self.assertEqual(self._get_nets(weber), expected)
        self.assertEqual(weber.amount_untaxed, 2057.47)
        self.assertEqual(weber.ref, "WMB-4711-26, WMB-4802-26")
        seidel = moves.filtered(lambda m: m.partner_id == self.seidel.partner_id)
        expected = {number: round(net, 2) for number, net in SEIDEL.items()}
        self.assertEqual(self._get_nets(seidel), expected)
        morgenrot = moves - weber - seidel
        self.assertEqual(
            sorted(morgenrot.mapped("amount_untaxed")), [79.0, 79.0, 79.0, 126.5]
        )
        covered = self.seidel.item_ids.filtered(lambda i: i.state == "covered")
        self.assertEqual(sum(covered.mapped("billable_minutes")), 300)

        # Nothing twice, on the same day and the next.
        self.assertFalse(self._work("2026-11-24"))
        self.assertFalse(self._work("2026-11-25"))
        # November follows in December.
        self.assertEqual(len(self._work("2026-12-01")), 1)

    def test_recorded_invoices_keep_the_official_rules(self):
        self.company.partner_id.bank_ids = self.env["res.partner.bank"].create(
            {
                "acc_number": "DE89370400440532013000",
                "partner_id": self.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        moves = self._work("2026-11-24")
        self.assertEqual(len(moves), 6)
        moves.filtered(lambda m: m.state == "draft").action_post()
        documents = []
        for move in moves:
            for builder in ("account.edi.xml.ubl_de", "account.edi.xml.cii"):
                xml, errors = self.env[builder]._export_invoice(move)
                self.assertFalse(errors)
                documents.append(xml)
        for report in check_invoices(documents):
            self.assertTrue(report.complete)
            self.assertEqual(report.findings, ())

    def test_nothing_is_forgotten(self):
        """Every recorded booking is a time entry or waits in the inbox."""
        self._work("2026-11-24")
        entries = self.env["account.analytic.line"].search(
            [("ticket_id", "!=", False), ("company_id", "=", self.company.id)]
        )
        waiting = self.connector.inbox_ids.filtered(lambda i: i.state == "held")
        reasons = sorted(waiting.mapped("reason"))
        self.assertIn("unknown_customer", reasons)
        self.assertEqual(reasons.count("invalid_minutes"), 2)
        for entry in entries.filtered("billing_item_ids"):
            items = entry.billing_item_ids.filtered("live")
            self.assertEqual(sum(items.mapped("raw_minutes")), entry.raw_minutes)
        unbilled = entries.filtered(lambda e: not e.billing_item_ids)
        self.assertTrue(all(str(e.date) >= "2026-11-01" for e in unbilled))

    def test_unknown_customer_is_billed_once_mapped(self):
        self._work("2026-11-24")
        ostwind = self._create_customer("Ostwind Logistik KG")
        link = self.connector.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.connector.id),
                ("remote_type", "=", "customer"),
                ("state", "=", "unmapped"),
            ]
        )
        self._create_contract(ostwind)
        link.partner_id = ostwind
        moves = self._work("2026-11-24")
        self.assertEqual(moves.partner_id, ostwind)
        self.assertEqual(moves.amount_untaxed, 45.0)

import socket
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.mail.tests.common import MailCommon

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestBadInput(TicketBillingCase, MailCommon):
    """What is wrong is named with the way out; everything else goes on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls._create_customer(
            "Kanzlei Dr. Seidel & Partner", email="post@seidel.example"
        )
        cls._create_contract(cls.good)
        cls.good_ticket = cls._create_ticket("Scanner", cls.good)
        cls._log(60, ticket=cls.good_ticket)

    def _create_work_type(self, **vals):
        """A work type with a product of its own, and work of it on the ticket."""
        product = self.env["product.product"].create(
            {"name": "Consulting", "type": "service", **vals}
        )
        work_type = self.env["ticket.billing.work.type"].create(
            {"name": "Consulting", "code": "consulting", "product_id": product.id}
        )
        self.entry = self._log(60, work_type_id=work_type.id)
        return work_type

    def _check_held(self, *words):
        """The customer is held with ``words``, alone, and nothing is half-done.

        :return: the run
        """
        run = self._run()
        held = run.line_ids.filtered(lambda li: li.state == "held")
        self.assertEqual(held.contract_id, self.contract)
        for word in (self.contract.code, *words):
            self.assertIn(word, held.message)
        self.assertIn(words[0], self.contract.activity_ids.note)
        self.assertEqual(run.invoice_ids.partner_id, self.good)
        self.assertFalse(self.contract.item_ids.filtered("settled"))
        self.assertFalse(
            self.env["account.move"].search([("partner_id", "=", self.partner.id)])
        )
        return run

    def _check_mended(self, run, net=90):
        run.action_bill()
        self.assertEqual(run.state, "done")
        moves = run.invoice_ids.filtered(lambda m: m.partner_id == self.partner)
        self.assertEqual(moves.amount_untaxed, net)
        self.assertFalse(self.contract.activity_ids)

    # ---------------------------------------------------------------- products

    def test_archived_product(self):
        work_type = self._create_work_type()
        work_type.product_id.active = False
        run = self._check_held("Consulting", "archived")
        work_type.product_id.active = True
        self._check_mended(run)

    def test_product_without_tax(self):
        work_type = self._create_work_type(taxes_id=[Command.clear()])
        # Otherwise the taxes of the account would do.
        work_type.product_id._get_product_accounts()["income"].tax_ids = False
        run = self._check_held("Consulting", "tax")
        work_type.product_id.taxes_id = self.company.account_sale_tax_id
        self._check_mended(run)

    def test_product_without_income_account(self):
        # A tax of its own: German accounting finds accounts by their taxes.
        tax = self.company.account_sale_tax_id.copy()
        work_type = self._create_work_type(taxes_id=[Command.set(tax.ids)])
        account = self.company.income_account_id
        self.remote.product_id.property_account_income_id = account
        self.company.income_account_id = False
        self.env["ir.default"].search(
            [("field_id.name", "=", "property_account_income_categ_id")]
        ).unlink()
        run = self._check_held("Consulting", "income account")
        work_type.product_id.property_account_income_id = account
        self._check_mended(run)

    def test_charge_with_an_archived_product(self):
        product = self.env["product.product"].create(
            {"name": "SSD 1 TB", "lst_price": 89.9}
        )
        self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": product.id,
                "date": "2026-10-12",
            }
        )
        product.active = False
        run = self._check_held("SSD 1 TB", "archived")
        product.active = True
        self._check_mended(run, 89.9)

    # --------------------------------------------------------------- contracts

    def test_inactive_currency(self):
        francs = self.env.ref("base.CHF")
        francs.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": francs.id, "name": "2026-10-01", "rate": 0.94}
        )
        self.contract.currency_id = francs
        self._log(60)
        francs.active = False
        run = self._check_held("CHF", "not active")
        francs.active = True
        self._check_mended(run)

    def test_second_contract_is_refused_when_an_archived_one_returns(self):
        self.contract.active = False
        second = self._create_contract(self.partner)
        with self.assertRaises(ValidationError) as error:
            self.contract.active = True
        self.assertIn(second.code, str(error.exception))
        self.assertIn(self.partner.name, str(error.exception))

    def test_missing_rate_holds_the_work_of_that_type_only(self):
        self.contract.rate_ids.work_type_id = self.remote
        entry = self._log(30, work_type_id=self.onsite.id)
        self._log(60)
        run = self._run()
        self.assertEqual(len(run.invoice_ids), 2)
        item = entry.billing_item_ids
        self.assertEqual((item.state, item.reason), ("held", "no_rate"))
        for word in (self.contract.code, self.onsite.name, "Add a rate"):
            self.assertIn(word, item.message)

    # ----------------------------------------------------------------- tickets

    def test_ticket_without_time(self):
        self.policy.trigger = "ticket_closed"
        self._close(self.ticket)
        self._close(self.good_ticket)
        run = self._bill_scheduled()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.line_ids.partner_id, self.good)
        self.assertFalse(self.ticket.billing_item_ids)

    def test_work_of_a_ticket_without_customer(self):
        ticket = self._create_ticket("Anonymous", self.env["res.partner"])
        entry = self._log(30, ticket=ticket)
        product = self.env["product.product"].create({"name": "SSD 1 TB"})
        charge = self.env["ticket.billing.charge"].create(
            {"ticket_id": ticket.id, "product_id": product.id, "date": "2026-10-12"}
        )
        run = self._bill_scheduled()
        self.assertEqual(run.invoice_ids.partner_id, self.good)
        for item in (entry.billing_item_ids, charge.billing_item_ids):
            self.assertEqual((item.state, item.reason), ("held", "no_customer"))
            self.assertIn(ticket.number, item.message)
            self.assertIn("Set the contact", item.message)

    def test_impossible_minutes_name_entry_and_way_out(self):
        for minutes in (-30, 27 * 60):
            entry = self._log(minutes)
            item = self._run().line_ids.contract_id.item_ids.filtered(
                lambda i, entry=entry: i.entry_id == entry
            )
            self.assertEqual(item.state, "held")
            for word in (f"{minutes} minutes", "10/12/2026", "Anna Huber", "Correct"):
                self.assertIn(word, item.message)

    # ---------------------------------------------------------------- delivery

    def _bill_scheduled(self):
        runs = self.env["ticket.billing.run"]
        cron = type(self.env["ir.cron"])
        with (
            freeze_time("2026-11-01 08:00:00"),
            patch.object(cron, "_commit_progress", lambda *a, **k: 60.0),
        ):
            runs._cron_bill()
        return runs.search([("company_id", "=", self.company.id)], limit=1)

    def _deliver(self):
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress", lambda *a, **k: 60.0):
            self.env["account.move"]._cron_deliver_billing()

    def test_customer_without_address_keeps_its_draft_only(self):
        self.policy.release = "send"
        self.partner.street = False
        self._log(60)
        run = self._bill_scheduled()
        states = {m.partner_id: m.state for m in run.invoice_ids}
        self.assertEqual(states, {self.partner: "draft", self.good: "posted"})
        held = run.line_ids.filtered(lambda li: li.state == "held")
        for word in (self.partner.name, "Street", "release the run again"):
            self.assertIn(word, held.message)

    def test_customer_without_email_keeps_its_draft_only(self):
        self.policy.release = "send"
        self.partner.email = False
        self._log(60)
        run = self._bill_scheduled()
        states = {m.partner_id: m.state for m in run.invoice_ids}
        self.assertEqual(states, {self.partner: "draft", self.good: "posted"})
        held = run.line_ids.filtered(lambda li: li.state == "held")
        self.assertIn("e-mail", held.message)
        with self.mock_mail_gateway():
            self._deliver()
        self.assertEqual(len(self._mails), 1)
        self.partner.email = "buchhaltung@weber.example"
        run.action_release()
        self.assertEqual(run.state, "done")
        self.assertEqual(
            set(run.invoice_ids.mapped("billing_delivery_state")), {"sent", "pending"}
        )

    def test_currency_without_rate(self):
        francs = self.env.ref("base.CHF")
        francs.active = True
        francs.rate_ids.unlink()
        self.contract.currency_id = francs
        self._log(60)
        run = self._check_held("CHF", "no exchange rate", "EUR")
        self.env["res.currency.rate"].create(
            {"currency_id": francs.id, "name": "2026-10-01", "rate": 0.94}
        )
        self._check_mended(run)

    def test_no_mail_server(self):
        """No server is set up, and the machine itself takes no mail."""
        self.policy.release = "send"
        move = self._bill_scheduled().invoice_ids
        self.env["ir.mail_server"].search([]).active = False
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        options = {"smtp_server": "127.0.0.1", "smtp_port": port}
        servers = type(self.env["ir.mail_server"])
        with (
            patch.dict(config.options, options),
            patch.object(servers, "_disable_send", classmethod(lambda cls: False)),
        ):
            self._deliver()
        self.assertEqual(move.billing_delivery_state, "pending")
        self.assertIn("Outgoing Mail Servers", move.billing_delivery_message)
        self.assertFalse(move.invoice_pdf_report_id)
        with self.mock_mail_gateway():
            self._deliver()
        self.assertEqual(move.billing_delivery_state, "sent")
        self.assertFalse(move.billing_delivery_message)

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestCertificate(TicketBillingCase):
    """Every minute of a run is accounted for, or the certificate says so."""

    def _get_account(self, run):
        return self.env["report.ticket_billing.report_certificate"]._get_account(run)

    def _get_figures(self, run):
        """Recorded, billed, covered, written off, held, open; and whether it fits."""
        total = self._get_account(run)["total"]
        return [total.minutes_in, *total.parts.values()], total.adds_up

    def _print(self, run):
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "ticket_billing.report_certificate", run.ids
        )
        return html.decode()

    def _log_everything(self):
        self.contract.allotment_ids = [(0, 0, {"hours": 1})]
        self._log(100)
        self._log(7, billing_type="internal")
        self._log(27 * 60)
        self._log(30, "2026-11-03")

    def test_every_kind_of_minute(self):
        self._log_everything()
        run = self._run()
        figures, adds_up = self._get_figures(run)
        self.assertEqual(figures, [1727, 40, 60, 7, 1620, 0])
        self.assertTrue(adds_up)

    def test_customers_are_apart(self):
        other = self._create_customer("Ostwind Logistik KG")
        self._create_contract(other)
        self._log(30, ticket=self._create_ticket("Printer", other))
        self._log(60)
        balances = self._get_account(self._run())["balances"]
        self.assertEqual(
            {partner: b.minutes_in for partner, b in balances.items()},
            {other: 30, self.partner: 60},
        )

    def test_work_without_contract_is_in_it(self):
        stranger = self._create_customer("Unbekannt AG")
        self._log(45, ticket=self._create_ticket("Printer", stranger))
        self._log(60)
        run = self.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        run.action_preview()
        run.action_bill()
        account = self._get_account(run)
        self.assertEqual(account["balances"][stranger].parts["held"], 45)
        self.assertEqual(account["held"].reason, "no_contract")
        self.assertTrue(account["total"].adds_up)

    def test_recorded_later_is_open_and_then_of_the_next_run(self):
        self._log(60)
        first = self._run()
        self._log(20)
        self.assertEqual(self._get_figures(first), ([80, 60, 0, 0, 0, 20], True))
        second = self._run("2026-11-02")
        self.assertEqual(self._get_figures(first), ([60, 60, 0, 0, 0, 0], True))
        self.assertEqual(self._get_figures(second), ([20, 20, 0, 0, 0, 0], True))

    def test_corrected_and_credited_parts(self):
        entry = self._log(60)
        first = self._run()
        first.action_release()
        entry._correct({"raw_minutes": 90})
        self.assertEqual(self._get_figures(first), ([90, 60, 0, 0, 0, 30], True))
        second = self._run("2026-11-02")
        self.assertEqual(self._get_figures(first), ([60, 60, 0, 0, 0, 0], True))
        self.assertEqual(self._get_figures(second), ([30, 30, 0, 0, 0, 0], True))

    def test_partly_credited_work(self):
        self._log(60)
        run = self._run()
        run.action_release()
        move = run.invoice_ids
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        credit = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        credit.invoice_line_ids.filtered("product_id").quantity = 0.5
        credit.action_post()
        credit.action_release_work()
        self.assertEqual(self._get_figures(run), ([60, 30, 0, 0, 0, 30], True))
        again = self._run("2026-11-02")
        self.assertEqual(self._get_figures(run), ([30, 30, 0, 0, 0, 0], True))
        self.assertEqual(self._get_figures(again), ([30, 30, 0, 0, 0, 0], True))

    def test_it_says_when_it_does_not_add_up(self):
        entries = self._log(60) | self._log(30)
        run = self._run()
        self.assertIn("It adds up", self._print(run))
        # One minute more here, one less there: the sums alone would not show it.
        for entry, minutes in zip(entries, (61, 29), strict=True):
            self.env.cr.execute(
                "UPDATE ticket_billing_item SET raw_minutes = %s WHERE entry_id = %s",
                (minutes, entry.id),
            )
        self.env.invalidate_all()
        figures, adds_up = self._get_figures(run)
        self.assertEqual(figures[:2], [90, 90])
        self.assertFalse(adds_up)
        html = self._print(run)
        self.assertIn("It does not add up", html)
        self.assertNotIn("It adds up", html)
        self.assertIn("fa-times", html)

    def test_document(self):
        self._log_everything()
        run = self._run()
        run.action_release()
        html = self._print(run)
        invoice = run.invoice_ids
        for text in (
            run.name, invoice.name, "67.50", "80.33", self.env.user.name,
            "0:40", "27:00", "More than a day", "fa-check", self.company.name,
        ):  # fmt: skip
            self.assertIn(text, html)

    def test_din_letterhead(self):
        self.company.external_report_layout_id = self.env.ref(
            "l10n_din5008.external_layout_din5008"
        )
        self._log(60)
        run = self._run()
        html = self._print(run)
        self.assertIn("din_company_info", html)
        self.assertEqual(html.count("Certificate of billing run"), 1)
        pdf, kind = (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf("ticket_billing.report_certificate", run.ids)
        )
        self.assertEqual(kind, "pdf")
        self.assertTrue(pdf.startswith(b"%PDF"))

    def test_auditor_prints_and_agent_does_not(self):
        self._log(60)
        run = self._run()
        report = self.env["report.ticket_billing.report_certificate"]
        auditor = self._create_user("checker", "ticket_billing.group_auditor")
        values = report.with_user(auditor)._get_report_values(run.ids)
        self.assertTrue(values["get_account"](values["docs"])["total"].adds_up)
        agent = self._create_user("worker", "ticket_billing.group_agent")
        with self.assertRaises(AccessError):
            report.with_user(agent)._get_report_values(run.ids)


@tagged("post_install", "-at_install")
class TestUnbilled(TicketBillingCase):
    """Nothing is forgotten: what is not billed stands in a list, by age."""

    def _log_old(self, days, minutes=60, **vals):
        today = fields.Date.context_today(self.ticket)
        return self._log(minutes, today - timedelta(days=days), **vals)

    def _search(self, domain=()):
        self.env.flush_all()
        return self.env["ticket.billing.unbilled"].search(
            [("company_id", "=", self.company.id), *domain]
        )

    def test_age_classes_and_filters(self):
        for days in (30, 31, 60, 61, 90, 91):
            self._log_old(days)
        classes = [row.age_class for row in self._search()]
        self.assertEqual(classes, ["d", "c", "c", "b", "b", "a"])
        for limit, count in ((30, 5), (60, 3), (90, 1)):
            self.assertEqual(len(self._search([("age", ">", limit)])), count)

    def test_value_of_the_proposals(self):
        entry = self._log_old(10)
        row = self._search()
        self.assertEqual((row.state, row.value, row.minutes), ("unrated", 0, 60))
        self.contract.action_rate()
        self.env.invalidate_all()
        row = self._search()
        self.assertEqual((row.state, row.value), ("open", 90))
        self.assertEqual((row.entry_id, row.partner_id), (entry, self.partner))
        self.assertEqual(row.employee_id, self.anna)

    def test_what_is_settled_or_internal_is_not_in_it(self):
        self._log(60, "2026-10-12")
        self._log(60, "2026-10-12", billing_type="internal")
        self.assertEqual(len(self._search()), 1)
        run = self._run()
        self.assertFalse(self._search())
        run.invoice_ids.unlink()
        self.assertEqual(self._search().state, "open")

    def test_difference_of_a_correction(self):
        entry = self._log(60, "2026-10-12")
        self._run().action_release()
        entry._correct({"raw_minutes": 90})
        self.assertEqual(self._search().minutes, 30)

    def test_charges_visits_and_work_without_contract(self):
        product = self.env["product.product"].create({"name": "Cable"})
        charge = self.env["ticket.billing.charge"].create(
            {"ticket_id": self.ticket.id, "product_id": product.id, "price_unit": 8}
        )
        visit = self.env["ticket.billing.visit"].create({"ticket_id": self.ticket.id})
        self.assertEqual(self._search().charge_id, charge)
        self.policy.write({"travel_mode": "flat", "travel_price": 40})
        self.assertEqual(self._search().visit_id, visit)
        stranger = self._create_customer("Unbekannt AG")
        self._log(45, ticket=self._create_ticket("Printer", stranger))
        row = self._search([("contract_id", "=", False)])
        self.assertEqual(row.partner_id, stranger)
        self.assertEqual(len(self._search()), 3)

    def test_held_work_is_marked(self):
        self._log(27 * 60, "2026-10-12")
        self._run()
        self.assertEqual(self._search().state, "held")

    def test_another_company_does_not_see_it(self):
        self._log_old(10)
        other = self.env["res.company"].create({"name": "Other"})
        user = self._create_user("outsider", "ticket_billing.group_biller")
        user.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.env.flush_all()
        rows = self.env["ticket.billing.unbilled"].with_user(user)
        self.assertFalse(rows.with_context(allowed_company_ids=other.ids).search([]))


@tagged("post_install", "-at_install")
class TestExclusion(TicketBillingCase):
    """What a person leaves out of a preview is not billed by that run."""

    def setUp(self):
        super().setUp()
        self.other = self._create_customer("Ostwind Logistik KG")
        self._create_contract(self.other)
        self.foreign = self._log(30, ticket=self._create_ticket("Printer", self.other))
        self.first, self.second = self._log(60), self._log(30)
        self.preview = self.env["ticket.billing.run"].create(
            {"date": "2026-11-01", "company_id": self.company.id}
        )
        self.preview.action_preview()

    def _get_line(self, partner):
        lines = self.preview.line_ids
        return lines.filtered(lambda li: li.partner_id == partner)

    def test_excluded_customer(self):
        line = self._get_line(self.other)
        line.action_exclude()
        self.assertEqual(line.state, "excluded")
        self.assertEqual(line.excluded_by_id, self.env.user)
        self.assertTrue(line.excluded_on)
        self.preview.action_preview()
        self.preview.action_bill()
        self.assertEqual(self.preview.invoice_ids.partner_id, self.partner)
        self.assertEqual(self.preview.state, "done")
        with self.assertRaises(UserError):
            line.action_include()
        self.assertEqual(self._run("2026-11-02").invoice_ids.partner_id, self.other)

    def test_included_again(self):
        line = self._get_line(self.other)
        line.action_exclude()
        line.action_include()
        self.assertFalse(line.excluded_by_id)
        self.preview.action_bill()
        self.assertEqual(len(self.preview.invoice_ids), 2)

    def _exclude(self, entry):
        items = entry.billing_item_ids.with_context(billing_run_id=self.preview.id)
        items.action_exclude()

    def test_excluded_item(self):
        self._exclude(self.second)
        exclusion = self.preview.exclusion_ids
        self.assertEqual(exclusion.entry_id, self.second)
        self.assertEqual(exclusion.create_uid, self.env.user)
        self.assertEqual(self._get_line(self.partner).net, 90)
        self.preview.action_bill()
        self.assertEqual(self.preview.item_ids.entry_id, self.first | self.foreign)
        certificate = self.env["ticket.billing.certificate"]
        balance = certificate._get_balances(self.preview)[self.partner]
        self.assertEqual((balance.parts["billed"], balance.parts["open"]), (60, 30))
        self.assertTrue(balance.adds_up)
        again = self._run("2026-11-02")
        self.assertEqual(again.item_ids.entry_id, self.second)

    def test_excluded_item_included_again(self):
        self._exclude(self.second)
        self.preview.exclusion_ids.action_include()
        self.assertEqual(self._get_line(self.partner).net, 135)

    def test_a_preview_of_another_run_is_not_affected(self):
        self._exclude(self.second)
        run = self._run("2026-11-02")
        self.assertIn(self.second, run.item_ids.entry_id)

    def test_view_of_the_preview_offers_it(self):
        action = self._get_line(self.partner).action_view_items()
        self.assertEqual(action["context"]["billing_run_id"], self.preview.id)
        arch = self.env["ticket.billing.item"].get_view(action["views"][0][0])["arch"]
        self.assertIn('name="action_exclude"', arch)
        self.assertNotIn('name="action_release"', arch)

    def test_agents_do_not_exclude(self):
        agent = self._create_user("worker", "ticket_billing.group_agent")
        with self.assertRaises(AccessError):
            self._get_line(self.other).with_user(agent).action_exclude()
        exclusions = self.env["ticket.billing.exclusion"].with_user(agent)
        with self.assertRaises(AccessError):
            exclusions._exclude(self.first.billing_item_ids, self.preview)
        with self.assertRaises(AccessError):
            exclusions.create({"run_id": self.preview.id, "entry_id": self.first.id})

    def test_forms_open(self):
        with Form(self.preview) as form:
            form.date = "2026-11-02"
        self.assertEqual(str(self.preview.date), "2026-11-02")

from odoo import Command
from odoo.tests import tagged

from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestGrouping(TicketBillingCase):
    """What shares an invoice, and what a line."""

    def _create_site(self, city):
        return self.env["res.partner"].create(
            {
                "name": f"Werk {city}",
                "parent_id": self.partner.id,
                "type": "delivery",
                "street": "Industriestraße 1",
                "zip": "01067",
                "city": city,
                "country_id": self.germany.id,
            }
        )

    def _create_project(self, name, account=True):
        vals = {"name": name, "company_id": self.company.id, "allow_timesheets": True}
        if account:
            vals["account_id"] = (
                self.env["account.analytic.account"]
                .create(
                    {
                        "name": name,
                        "plan_id": self.env["account.analytic.plan"]
                        .search([], limit=1)
                        .id,
                        "company_id": self.company.id,
                    }
                )
                .id
            )
        return self.env["project.project"].create(vals)

    def _get_nets(self, moves, name):
        return {move[name]: move.amount_untaxed for move in moves}

    def test_by_cost_center(self):
        self.policy.invoice_grouping = "cost_center"
        self.contract.cost_center_ref = "4711"
        sales = self._create_ticket("Laptop", cost_center_ref="4712")
        also = self._create_ticket("Docking station", cost_center_ref="4712")
        self._log(60)
        self._log(30, ticket=sales)
        self._log(15, ticket=also)
        moves = self._run().invoice_ids
        self.assertEqual(
            self._get_nets(moves, "cost_center_ref"), {"4711": 90, "4712": 67.5}
        )

    def test_cost_centers_of_one_invoice_are_all_named(self):
        self.contract.cost_center_ref = "4711"
        self._log(60)
        self._log(30, ticket=self._create_ticket("Laptop", cost_center_ref="4712"))
        move = self._run().invoice_ids
        self.assertEqual(move.cost_center_ref, "4711, 4712")
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice", move.ids
        )
        self.assertIn("4711, 4712", html.decode())

    def test_by_service_site(self):
        self.policy.invoice_grouping = "service_site"
        dresden, leipzig = self._create_site("Dresden"), self._create_site("Leipzig")
        self.ticket.service_partner_id = dresden
        visit = self.env["ticket.billing.visit"].create(
            {
                "ticket_id": self.ticket.id,
                "date": "2026-10-12",
                "service_partner_id": leipzig.id,
            }
        )
        self._log(60)
        self._log(30, visit_id=visit.id)
        self._log(15, ticket=self._create_ticket("By phone"))
        moves = self._run().invoice_ids
        self.assertEqual(
            self._get_nets(moves, "partner_shipping_id"),
            {dresden: 90, leipzig: 45, self.partner: 22.5},
        )
        self.assertEqual(moves.partner_id, self.partner)

    def test_grouping_by_project_makes_no_project(self):
        self.policy.invoice_grouping = "project"
        self.company.ticket_billing_project_id = False
        self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": self.env.ref("ticket_billing.product_journey").id,
                "name": "Cable",
                "kind": "material",
                "quantity": 1,
                "price_unit": 10,
                "date": "2026-10-12",
            }
        )
        count = self.env["project.project"].search_count([])
        self.assertEqual(self._run().invoice_ids.amount_untaxed, 10)
        self.assertEqual(self.env["project.project"].search_count([]), count)

    def test_technicians_on_one_line_or_each_on_its_own(self):
        self.policy.line_grouping = "ticket"
        for employee in (self.anna, self.bert, self.anna):
            self._log(60, employee_id=employee.id)
        move = self._run().invoice_ids
        self.assertEqual(self._get_lines(move), [(180, 90, 270)])
        move.unlink()
        self.policy.worker_lines = "separate"
        move = self._run("2026-11-02").invoice_ids
        self.assertEqual(self._get_lines(move), [(60, 90, 90), (120, 90, 180)])
        texts = move.invoice_line_ids.filtered(
            lambda li: li.display_type == "product"
        ).mapped("name")
        self.assertEqual([("Anna" in text, "Bert" in text) for text in texts],
                         [(True, False), (False, True)])  # fmt: skip

    def test_rounding_of_a_ticket_over_the_lines_of_two_technicians(self):
        self.policy.write(
            {
                "line_grouping": "ticket",
                "worker_lines": "separate",
                "rounding_scope": "ticket",
            }
        )
        self._log(20)
        self._log(17, employee_id=self.bert.id)
        move = self._run().invoice_ids
        # 37 minutes are billed as 45: the surplus belongs to no one's line.
        self.assertEqual(
            self._get_lines(move), [(8, 90, 12), (17, 90, 25.5), (20, 90, 30)]
        )

    def test_analytic_accounts_by_share_of_the_net(self):
        self.policy.write({"line_grouping": "ticket", "project_analytic": True})
        first, second = self._create_project("Move"), self._create_project("Network")
        self._log(60, project_id=first.id)
        self._log(30, project_id=second.id)
        move = self._run().invoice_ids
        line = move.invoice_line_ids.filtered(lambda li: li.display_type == "product")
        self.assertEqual(
            line.analytic_distribution,
            {str(first.account_id.id): 66.67, str(second.account_id.id): 33.33},
        )
        move.action_post()
        self.assertAlmostEqual(
            sum(line.analytic_line_ids.mapped("amount")), line.price_subtotal
        )

    def test_no_analytic_account_unless_wanted(self):
        self._log(60, project_id=self._create_project("Move").id)
        line = self._run().invoice_ids.invoice_line_ids.filtered("product_id")
        self.assertFalse(line.analytic_distribution)

    def test_work_of_one_ticket_for_two_cost_centers_stays_together(self):
        # Rounding of an invoice follows its grouping.
        self.policy.write(
            {"invoice_grouping": "cost_center", "rounding_scope": "invoice"}
        )
        self._log(20, ticket=self._create_ticket("A", cost_center_ref="1"))
        self._log(20, ticket=self._create_ticket("B", cost_center_ref="2"))
        self._log(4, ticket=self._create_ticket("C", cost_center_ref="2"))
        moves = self._run().invoice_ids
        self.assertEqual(self._get_nets(moves, "cost_center_ref"), {"1": 45, "2": 45})

    def test_allotment_covers_several_technicians_once(self):
        self.policy.write({"line_grouping": "ticket", "worker_lines": "separate"})
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        self._log(60)
        self._log(60, employee_id=self.bert.id)
        self.assertEqual(self._get_lines(self._run().invoice_ids), [(60, 90, 90)])

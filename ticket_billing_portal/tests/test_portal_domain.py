from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalDomain(PortalCase):
    """What leaves the ledger for the portal, without HTTP."""

    def test_only_work_on_posted_invoices(self):
        entry = self._log(60)
        self.assertFalse(self._get_visible(self.user), "open work")
        invoice = self._bill_draft()
        self.assertEqual(invoice.state, "draft")
        self.assertFalse(self._get_visible(self.user), "draft invoice")
        invoice.action_post()
        self.assertEqual(self._get_visible(self.user), entry)

    def test_credited_work_disappears(self):
        self._log(60)
        invoice = self._bill()
        self.assertTrue(self._get_visible(self.user))
        invoice._reverse_moves(cancel=True)
        self.assertFalse(self._get_visible(self.user))

    def test_cancelled_invoice_shows_nothing(self):
        self._log(60)
        invoice = self._bill()
        invoice.button_cancel()
        self.assertFalse(self._get_visible(self.user))

    def test_internal_goodwill_and_held_work_stay_inside(self):
        self.contract.rate_ids.work_type_id = self.remote
        shown = self._log(60)
        self._log(30, billing_type="internal")
        self._log(30, billing_type="goodwill")
        held = self._log(30, work_type_id=self.onsite.id)
        self._bill()
        self.assertEqual(held.billing_item_ids.state, "held")
        self.assertEqual(self._get_visible(self.user), shown)

    def test_covered_work_is_shown_without_an_invoice(self):
        self.contract.allotment_ids = [Command.create({"hours": 5})]
        entry = self._log(50)
        self.env["ticket.billing.rater"]._rate_open(self.contract)
        self.assertEqual(entry.billing_item_ids.state, "covered")
        self.assertFalse(self._get_visible(self.user), "proposal")
        self.assertFalse(self._bill())
        self.assertEqual(self._get_visible(self.user), entry)

    def test_partly_covered_entry_waits_for_its_invoice(self):
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        entry = self._log(90)
        invoice = self._bill_draft()
        self.assertEqual(
            set(entry.billing_item_ids.mapped("state")), {"covered", "billed"}
        )
        self.assertFalse(self._get_visible(self.user))
        invoice.action_post()
        self.assertEqual(self._get_visible(self.user), entry)

    def test_partly_open_entry_waits(self):
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        entry = self._log(90)
        self._bill().button_cancel()
        self.assertEqual(
            set(entry.billing_item_ids.mapped("state")), {"covered", "open"}
        )
        self.assertFalse(self._get_visible(self.user))

    def test_covered_lines_of_a_draft_wait(self):
        self.policy.show_covered_lines = True
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        entry = self._log(60)
        invoice = self._bill_draft()
        self.assertEqual(entry.billing_item_ids.state, "covered")
        self.assertFalse(self._get_visible(self.user))
        invoice.action_post()
        self.assertEqual(self._get_visible(self.user), entry)

    def test_customers_are_separate(self):
        mine, theirs = self._log(60), self._log(60, ticket=self.other_ticket)
        self._bill()
        self.assertEqual(self._get_visible(self.user), mine)
        self.assertEqual(self._get_visible(self.other_user), theirs)

    def test_contact_sees_tickets_of_colleagues(self):
        colleague = self.env["res.partner"].create(
            {"name": "Dora Weber", "parent_id": self.partner.id}
        )
        entry = self._log(60, ticket=self._create_ticket("Printer", colleague))
        self._bill()
        self.assertEqual(self._get_visible(self.user), entry)

    def test_ticket_moved_to_another_customer(self):
        self._log(60)
        self._bill()
        self.ticket.partner_id = self.other_partner
        self.assertFalse(self._get_visible(self.user))
        self.assertFalse(self._get_visible(self.other_user))

    def test_companies_of_the_user(self):
        self._log(60)
        self._bill()
        other = self.env["res.company"].create({"name": "Südwind IT GmbH"})
        self.user.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        items = self.env(user=self.user, su=True, context={})["ticket.billing.item"]
        domain = items._get_portal_domain(self.user.partner_id)
        self.assertFalse(items.search(domain))

    def test_no_access_to_the_ledger(self):
        for model in ("ticket.billing.item", "ticket.billing.contract"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.user).search([])

    def test_shared_project_does_not_show_ticket_time(self):
        project = self.ticket._get_timesheet_project()
        project.privacy_visibility = "portal"
        task_time = self.env["account.analytic.line"].create(
            {
                "name": "Migration",
                "project_id": project.id,
                "partner_id": self.partner.id,
                "employee_id": self.anna.id,
                "unit_amount": 1,
            }
        )
        self._log(30, billing_type="internal")
        lines = self.env["account.analytic.line"].with_user(self.user).sudo()
        shown = lines.search(lines._timesheet_get_portal_domain())
        self.assertEqual(shown, task_time)

    def test_figures(self):
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        self._log(80)
        self._log(10, "2026-09-20", ticket=self._create_ticket("Mail"))
        self._bill()
        items = self.env["ticket.billing.item"]
        domain = items._get_portal_domain(self.partner)
        self.assertEqual(
            items._get_portal_figures(domain),
            {None: {"worked": 90, "billed": 30, "covered": 75, "price": ""}},
        )
        self.assertEqual(
            items._get_portal_figures(domain, "entry_id.date:month"),
            {
                date(2026, 9, 1): {
                    "worked": 10,
                    "billed": 0,
                    "covered": 15,
                    "price": "",
                },
                date(2026, 10, 1): {
                    "worked": 80,
                    "billed": 30,
                    "covered": 60,
                    "price": "",
                },
            },
        )

    def test_time_in_a_flat_fee_is_covered(self):
        self.contract.flat_fee_ids = [
            Command.create(
                {
                    "product_id": self.env.ref("ticket_billing.product_flat").id,
                    "price": 79,
                    "included_minutes": 60,
                }
            )
        ]
        self._log(90)
        self._bill()
        items = self.env["ticket.billing.item"]
        domain = items._get_portal_domain(self.partner)
        self.assertEqual(
            items._get_portal_figures(domain)[None],
            {"worked": 90, "billed": 30, "covered": 60, "price": ""},
        )

    def test_surcharge_does_not_count_twice(self):
        entry = self._log(60)
        self._bill()
        item = entry.billing_item_ids
        item.copy(
            {
                "kind": "surcharge",
                "raw_minutes": 0,
                "invoice_line_id": item.invoice_line_id.id,
            }
        )
        domain = item._get_portal_domain(self.partner)
        self.assertEqual(
            item._get_portal_figures(domain)[None],
            {"worked": 60, "billed": 60, "covered": 0, "price": ""},
        )

    def test_rows(self):
        entry = self._log_evening(name="Restarted the tunnel")
        self._bill()
        domain = self.env["ticket.billing.item"]._get_portal_domain(self.partner)
        (row,) = entry.with_context(lang="en_US")._get_portal_rows(domain)
        self.assertEqual(row["times"].replace("\u202f", " "), "7:00 PM–8:10 PM")
        self.assertEqual(row["worker"], "Anna Huber")
        self.assertEqual((row["worked"], row["billed"], row["covered"]), (70, 75, 0))
        self.policy.show_worker = False
        (row,) = entry._get_portal_rows(domain)
        self.assertFalse(row["worker"])

    def test_balance_of_the_allotment(self):
        self.contract.allotment_ids = [Command.create({"hours": 2})]
        allotments = self.contract.allotment_ids
        self._log(90)
        self._log(60, "2026-09-10")
        self._bill()
        self.assertEqual(
            allotments._get_portal_balances(date(2026, 10, 31)),
            [
                {
                    "allotment": allotments,
                    "name": "Included hours",
                    "period": "October 2026",
                    "used": "1:30 h",
                    "available": "2:00 h",
                    "left": "0:30 h",
                    "until": date(2026, 10, 31),
                    "percent": 75,
                }
            ],
        )
        self.assertEqual(
            allotments._get_portal_balances(date(2026, 11, 1))[0]["used"], "0:00 h"
        )
        self.assertFalse(allotments._get_portal_balances(date(2025, 12, 31)))

    def test_balance_of_blocks_and_money(self):
        self.contract.allotment_ids = [
            Command.create(
                {"name": "Block", "period": "block", "hours": 10,
                 "date_start": "2026-09-01", "date_end": "2026-12-31"}
            ),
            Command.create(
                {"name": "Retainer", "unit": "amount", "basis": "amount",
                 "amount": 500, "work_type_ids": self.onsite.ids}
            ),
        ]  # fmt: skip
        self._log(90)
        self._bill()
        balances = self.contract.allotment_ids._get_portal_balances(date(2026, 10, 31))
        block, retainer = sorted(balances, key=lambda each: each["name"])
        self.assertEqual(block["period"], "until 12/31/2026")
        self.assertEqual((block["used"], block["available"]), ("1:30 h", "10:00 h"))
        self.assertEqual(block["percent"], 15)
        self.assertEqual(block["until"], date(2026, 12, 31))
        self.assertEqual(retainer["available"], "100 %", "prices are hidden")
        money = self.contract.allotment_ids.filtered(lambda a: a.unit == "amount")
        self.assertEqual(money._get_portal_ledger({})[0]["available"], "100 %")
        self.policy.portal_show_price = True
        balances = self.contract.allotment_ids._get_portal_balances(date(2026, 10, 31))
        self.assertIn("500.00", balances[-1]["available"])

    def test_allotments_of_the_customer_only(self):
        self.contract.allotment_ids = [Command.create({"hours": 2})]
        allotments = self.env["ticket.billing.allotment"]
        mine = allotments._get_portal_allotment_domain(self.contact)
        self.assertEqual(allotments.search(mine), self.contract.allotment_ids)
        theirs = allotments._get_portal_allotment_domain(self.other_partner)
        self.assertFalse(allotments.search(theirs))
        self.contract.action_close()
        self.assertFalse(allotments.search(mine))

import io
from datetime import datetime

from lxml import html
from openpyxl import load_workbook

from odoo import Command, fields
from odoo.tests import HttpCase, tagged

from ..controllers import hours_download
from .common import PortalCase

FORMULA = "=HYPERLINK('http://x.example')"


@tagged("post_install", "-at_install")
class TestCustomerPages(HttpCase, PortalCase):
    """Prices, reasons, contracts and downloads as customers get them."""

    def _get(self, path, login="clara"):
        self.authenticate(login, login)
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200, path)
        return html.fromstring(response.text)

    def _text(self, page, xpath="//main"):
        return " ".join(page.xpath(xpath)[0].text_content().split())

    def _charge(self, price=40, **vals):
        return self.env["ticket.billing.charge"].create(
            {
                "ticket_id": self.ticket.id,
                "product_id": self.env.ref("ticket_billing.product_journey").id,
                "name": "Cable",
                "date": "2026-10-12",
                "price_unit": price,
                **vals,
            }
        )

    # ------------------------------------------------------------------ ticket

    def test_ticket_names_price_and_reason(self):
        self.policy.portal_show_price = True
        self._log(70, name="Tunnel")
        self._charge()
        self._charge(99, name="Secret part", billing_type="internal")
        invoice = self._bill()
        page = self._get(f"/my/ticket/{self.ticket.id}")
        text = self._text(page, "//div[@id='time_recorded']")
        self.assertIn("112.50", text)  # 1:15 h at 90.00
        self.assertIn("1:10 worked become 1:15, in steps of 15 minutes", text)
        self.assertIn("1:15 h at", text)
        self.assertIn("Cable", self._text(page, "//table[@id='extras']"))
        self.assertNotIn("Secret part", page.text_content())
        self.assertIn("152.50", self._text(page, "//p[@id='ticket_price']"))
        links = page.xpath("//ul[@id='ticket_invoices']//a/@href")
        self.assertEqual(links, [f"/my/invoices/{invoice.id}"])

    def test_price_is_hidden_unless_the_policy_shows_it(self):
        self.contract.surcharge_ids = [
            Command.create({"name": "Evening", "percent": 50, "time_from": 18,
                            "time_to": 22})
        ]  # fmt: skip
        self._log_evening()
        self._charge()
        self._bill()
        for path in (
            f"/my/ticket/{self.ticket.id}",
            "/my/hours",
            f"/my/contracts/{self.contract.id}",
        ):
            text = self._get(path).text_content()
            for amount in ("90.00", "135.00", "168.75", "40.00"):
                self.assertNotIn(amount, text, path)
        self.assertIn(
            "Surcharge of 50 %: Evening", self._get("/my/hours").text_content()
        )

    def test_surcharge_line_belongs_to_the_price_of_its_work(self):
        self.policy.write(
            {"portal_show_price": True, "surcharge_display": "separate_line"}
        )
        self.contract.surcharge_ids = [
            Command.create({"name": "Evening", "percent": 50, "time_from": 18,
                            "time_to": 22})
        ]  # fmt: skip
        self._log_times(datetime(2026, 10, 12, 17), datetime(2026, 10, 12, 18))
        invoice = self._bill()
        text = self._text(self._get("/my/hours"), "//table[@id='hours']/tfoot")
        self.assertIn("1:00", text)
        self.assertEqual(invoice.amount_untaxed, 135)
        self.assertIn("135.00", text)

    def test_material_of_a_draft_waits(self):
        self._charge()
        self._bill_draft()
        page = self._get(f"/my/ticket/{self.ticket.id}")
        self.assertNotIn("Cable", page.text_content())

    def test_minutes_of_an_allotment_are_explained(self):
        self.contract.allotment_ids = [Command.create({"hours": 5})]
        self._log(50)
        self._bill()
        text = self._get("/my/hours").text_content()
        self.assertIn("Included hours (October 2026): 1:00 h taken, 4:00 h left", text)

    # ------------------------------------------------------------------- hours

    def test_search_and_filters(self):
        second = self._create_ticket("Mail stuck")
        self._log(60, name="Tunnel restarted")
        self._log(60, "2026-09-20", ticket=second, name="Queue flushed")
        self.contract.allotment_ids = [
            Command.create({"hours": 1, "date_start": "2026-10-01"})
        ]
        self._bill()
        project = self.ticket._get_timesheet_project()
        for query, expected in {
            "search=tunnel": {"Tunnel restarted"},
            "search=tunnel&search_in=ticket": set(),
            "search=stuck&search_in=ticket": {"Queue flushed"},
            f"search={second.number}": {"Queue flushed"},
            "search=%25": set(),
            "state=covered": {"Tunnel restarted"},
            "state=billed": {"Queue flushed"},
            f"ticket={second.id}": {"Queue flushed"},
            f"ticket={self.other_ticket.id}": set(),
            f"project={project.id}": {"Tunnel restarted", "Queue flushed"},
            "project=999999999": set(),
            "date_begin=2026-10-01": {"Tunnel restarted"},
            "date_end=2026-10-11": {"Queue flushed"},
            f"allotment={self.contract.allotment_ids.id}&period=2026-10-01": {
                "Tunnel restarted"
            },
            "ticket=x&project=-1&date_begin=yesterday&period=1&state='": {
                "Tunnel restarted",
                "Queue flushed",
            },
            "ticket=99999999999999999999": {"Tunnel restarted", "Queue flushed"},
        }.items():
            for groupby in ("none", "project", "work_type"):
                page = self._get(f"/my/hours?groupby={groupby}&{query}")
                texts = page.xpath("//table[@id='hours']/tbody//td[2]/div[1]/text()")
                self.assertEqual(set(texts), expected, query)

    def test_search_finds_nothing_that_is_not_released(self):
        self._log(60, name="Released")
        self._log(30, name="Secret review", billing_type="internal")
        self._log(60, name="Secret till", ticket=self.other_ticket)
        self._bill()
        self._log(45, name="Secret draft")
        self._bill_draft()
        self._log(45, name="Secret open")
        page = self._get("/my/hours?search=Secret")
        self.assertIn("There is no time to show", page.text_content())
        self.assertFalse(page.xpath("//table[@id='hours']"))
        rows = self._read_spreadsheet("/my/hours/download/xlsx")
        self.assertEqual(len(rows), 2, rows)
        self.assertNotIn("Secret", str(rows))

    def test_sorted_by_age(self):
        self._log(60, "2026-10-12", name="Later")
        self._log(60, "2026-10-11", name="Earlier")
        self._bill()
        for groupby in ("none", "month", "project"):
            page = self._get(f"/my/hours?sortby=oldest&groupby={groupby}")
            texts = page.xpath("//table[@id='hours']/tbody//td[2]/div[1]/text()")
            self.assertEqual(texts, ["Earlier", "Later"])

    # --------------------------------------------------------------- downloads

    def _read_spreadsheet(self, path):
        self.authenticate("clara", "clara")
        response = self.url_open(path)
        self.assertIn("spreadsheetml", response.headers["Content-Type"])
        sheet = load_workbook(io.BytesIO(response.content)).active
        self.assertFalse([c for row in sheet for c in row if c.data_type == "f"])
        return [[cell.value for cell in row] for row in sheet]

    def test_spreadsheet(self):
        self._log(50, name=FORMULA)
        self._log(60, "2026-09-20", name="Other month")
        self._bill()
        path = "/my/hours/download/xlsx?date_begin=2026-10-01"
        heading, row = self._read_spreadsheet(path)
        self.assertIn(f"'{FORMULA}", row)
        values = dict(zip(heading, row, strict=True))
        self.assertEqual((values["Worked (min)"], values["Billed (min)"]), (50, 60))
        self.assertIn(self.ticket.name, values["Ticket"])
        self.assertEqual(values["Worker"], "Anna Huber")
        self.policy.show_worker = False
        self.assertNotIn("Anna Huber", str(self._read_spreadsheet(path)))

    def test_paper(self):
        self._log(50, name="Tunnel")
        self._log(60, ticket=self.other_ticket, name="Till")
        self._bill()
        self.authenticate("clara", "clara")
        text = self.url_open("/my/hours/download/pdf").text
        self.assertIn("Tunnel", text)
        self.assertNotIn("Till", text)

    def test_report_shows_what_is_mine_whatever_was_asked(self):
        self._log(60, name="Mine")
        theirs = self._log(60, ticket=self.other_ticket, name="Till")
        self._bill()
        report = self.env["report.ticket_billing_portal.period_report"]
        values = report.with_user(self.user)._get_report_values(
            self.other_partner.ids, {"items": theirs.billing_item_ids.ids}
        )
        self.assertFalse(values["parts"])
        self.assertEqual(values["customer"], self.partner)

    def test_too_much_for_one_document(self):
        self._log(60)
        self._log(60, "2026-10-13")
        self._bill()
        limits = {"xlsx": 1, "pdf": 1}
        self.patch(hours_download, "LIMITS", limits)
        page = self._get("/my/hours/download/pdf")
        self.assertIn("2 entries are too many", page.text_content())

    # ---------------------------------------------------------------- contract

    def test_contract_page(self):
        self.policy.portal_show_price = True
        self.contract.write(
            {
                "rate_ids": [
                    Command.create(
                        {"value": 120, "work_type_id": self.onsite.id,
                         "employee_id": self.anna.id}
                    ),
                    Command.create(
                        {"value": 77, "work_type_id": self.onsite.id,
                         "valid_to": "2025-12-31"}
                    ),
                ],
                "surcharge_ids": [
                    Command.create({"name": "Night", "percent": 50, "time_from": 22,
                                    "time_to": 6})
                ],
                "allotment_ids": [
                    Command.create({"hours": 2, "carry_over": True,
                                    "carry_over_limit": 1})
                ],
            }
        )  # fmt: skip
        self._log(60)
        self._bill()
        page = self._get(f"/my/contracts/{self.contract.id}")
        rates = self._text(page, "//div[@id='rates']")
        self.assertIn("90.00", rates)
        self.assertIn("Anna Huber", rates)
        self.assertIn("120.00", rates)
        self.assertNotIn("77.00", rates)
        self.assertIn(
            "22:00–6:00, every day +50 %", self._text(page, "//section[@id='windows']")
        )
        self.assertIn("rounded up to steps of 15 minutes", self._text(page, "//dl"))
        included = self._text(page, "//section[@id='contract_allotments']")
        self.assertIn(
            "What is left can be used in the next period, up to 1:00 h", included
        )
        allotment = self.contract.allotment_ids
        (link,) = page.xpath("//section[@id='contract_allotments']//a/@href")
        self.assertEqual(link, f"/my/hours?allotment={allotment.id}&period=2026-10-01")
        self.assertIn("1:00", self._text(self._get(link), "//table[@id='hours']/tfoot"))
        self.policy.show_worker = False
        page = self._get(f"/my/contracts/{self.contract.id}")
        self.assertNotIn("Anna Huber", page.text_content())
        self.assertIn("certain technicians", page.text_content())

    def test_contracts_of_the_customer_only(self):
        other = self.env["ticket.billing.contract"].search(
            [("partner_id", "=", self.other_partner.id)]
        )
        draft = self.contract.copy({"name": "Not agreed yet"})
        page = self._get("/my/contracts")
        self.assertEqual(
            page.xpath("//ul[@id='contracts']//a/@href"),
            [f"/my/contracts/{self.contract.id}"],
        )
        for contract_id in (other.id, draft.id, 999999999):
            response = self.url_open(
                f"/my/contracts/{contract_id}", allow_redirects=False
            )
            self.assertEqual(response.status_code, 303)
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["contract_count"]}
        )
        self.assertEqual(counters["contract_count"], 1)

    # ---------------------------------------------------------------- services

    def test_services(self):
        today = fields.Date.today()
        self.contract.allotment_ids = [Command.create({"hours": 4})]
        self._log(60, today)
        self._log(300, "2026-10-12")
        invoices = self._bill(fields.Date.add(today, days=1))
        invoices.invoice_date_due = "2026-01-31"
        self.policy.customer_release = True
        self._log(60, "2026-10-13")
        draft = self._bill_draft()
        draft._ask_billing_approval()
        text = self._text(self._get("/my/services"))
        self.assertIn("1 Open tickets", text)
        self.assertIn("1 Open invoices", text)
        self.assertIn("1 Drafts to approve", text)
        self.assertIn(invoices.name, text)
        self.assertIn("Overdue", text)
        self.assertIn("1:00 Hours this month", text)
        self.assertIn("3:00 h left", text)
        self._close(self.ticket)
        self.assertIn("0 Open tickets", self._text(self._get("/my/services")))
        text = self._text(self._get("/my/services", "anders"))
        self.assertIn("0 Open invoices", text)
        self.assertIn("0 Drafts to approve", text)
        self.assertIn("0:00 Hours this month", text)

    def test_draft_that_is_not_shown_yet_is_not_counted(self):
        self.policy.customer_release = True
        self._log(60)
        draft = self._bill_draft()
        draft.billing_approval_asked_on = False
        text = self._text(self._get("/my/services"))
        self.assertIn("0 Drafts to approve", text)
        self.assertIn("0 Open invoices", text)

    def test_pages_want_a_login(self):
        for path in ("/my/services", "/my/contracts", "/my/hours/download/xlsx"):
            response = self.url_open(path, allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            self.assertIn("/web/login", response.headers["Location"])

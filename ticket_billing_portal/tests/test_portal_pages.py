from dateutil.relativedelta import relativedelta
from lxml import html

from odoo import Command, fields
from odoo.tests import HttpCase, tagged

from odoo.addons.portal.controllers.portal import CustomerPortal

from .common import PortalCase

TITLE = "<script>alert('x')</script>"


@tagged("post_install", "-at_install")
class TestPortalPages(HttpCase, PortalCase):
    """The pages as a browser of a customer gets them."""

    def _get(self, path):
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200, path)
        return html.fromstring(response.text)

    def _get_rows(self, page, xpath):
        """Visible text of the cells of each row of a table."""
        return [
            [" ".join(cell.text_content().split()) for cell in row.iter("td")]
            for row in page.xpath(f"{xpath}//tr[td]")
        ]

    def _get_cells(self, row):
        """Worked, billed, covered and invoice of a row."""
        return row[-4:]

    # ------------------------------------------------------------------ ticket

    def test_ticket_page(self):
        self._log_evening(name="Restarted the tunnel")
        self._log(30, name="Secret review", billing_type="internal")
        invoice = self._bill()
        self._log(45, name="Not billed yet")
        self.authenticate("clara", "clara")
        page = self._get(f"/my/ticket/{self.ticket.id}")
        rows = self._get_rows(page, "//div[@id='time_recorded']")
        self.assertEqual(len(rows), 2, rows)
        self.assertIn("10/12/2026", rows[0][0])
        self.assertIn("Restarted the tunnel", rows[0][1])
        self.assertIn("Anna Huber", rows[0][1])
        self.assertEqual(self._get_cells(rows[0]), ["1:10", "1:15", "–", invoice.name])
        self.assertEqual(self._get_cells(rows[1]), ["1:10", "1:15", "–", ""])
        links = page.xpath("//div[@id='time_recorded']//a/@href")
        self.assertEqual(set(links), {f"/my/invoices/{invoice.id}"})
        text = page.text_content()
        self.assertNotIn("Secret review", text)
        self.assertNotIn("Not billed yet", text)
        self.assertEqual(self.url_open(links[0]).status_code, 200)
        (sidebar,) = page.xpath("//div[@id='sidebar_content']")
        self.assertIn(self.ticket.number, sidebar.text_content())

    def test_ticket_without_released_time_has_no_card(self):
        self._log(60)
        self._bill_draft()
        self.authenticate("clara", "clara")
        page = self._get(f"/my/ticket/{self.ticket.id}")
        self.assertFalse(page.xpath("//div[@id='time_recorded']"))

    def test_worker_can_be_left_out(self):
        self.policy.show_worker = False
        self._log(60)
        self._bill()
        self.authenticate("clara", "clara")
        self.assertNotIn(
            "Anna Huber", self.url_open(f"/my/ticket/{self.ticket.id}").text
        )
        self.assertNotIn("Anna Huber", self.url_open("/my/hours").text)

    def test_ticket_of_another_customer(self):
        self._log(60, ticket=self.other_ticket)
        self._bill()
        self.authenticate("clara", "clara")
        for ticket_id in (self.other_ticket.id, 999999999):
            response = self.url_open(f"/my/ticket/{ticket_id}", allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            self.assertTrue(response.headers["Location"].endswith("/my"))

    def test_link_with_token_shows_no_time(self):
        self._log(60, name="Restarted the tunnel")
        self._bill()
        url = self.ticket.get_portal_url()
        self.assertIn("access_token", url)
        self.assertNotIn("Restarted the tunnel", self.url_open(url).text)
        self.authenticate("anders", "anders")
        self.assertNotIn("Restarted the tunnel", self.url_open(url).text)

    def test_follower_of_another_customer_sees_no_time(self):
        self._log(60, name="Restarted the tunnel")
        self._bill()
        self.ticket.message_subscribe(self.other_partner.ids)
        self.authenticate("anders", "anders")
        page = self._get(f"/my/ticket/{self.ticket.id}")
        self.assertIn(self.ticket.name, page.text_content())
        self.assertFalse(page.xpath("//div[@id='time_recorded']"))

    def test_texts_are_escaped(self):
        self.ticket.name = TITLE
        self._log(60, name=TITLE)
        invoice = self._bill()
        self.authenticate("clara", "clara")
        for path in (
            "/my/hours",
            "/my/hours?groupby=ticket",
            f"/my/ticket/{self.ticket.id}",
            f"/my/invoices/{invoice.id}",
        ):
            text = self.url_open(path).text
            self.assertNotIn(TITLE, text, path)
            self.assertIn("&lt;script&gt;alert(", text, path)

    # ------------------------------------------------------------------- hours

    def test_hours_page(self):
        self.contract.allotment_ids = [Command.create({"hours": 1})]
        second = self._create_ticket("Mail stuck")
        self._log(75, name="Tunnel")
        self._log(30, "2026-09-20", ticket=second, name="Queue")
        self._log(60, ticket=self.other_ticket, name="Till")
        invoices = self._bill()
        mine = invoices.filtered(lambda m: m.partner_id == self.partner)
        self.authenticate("clara", "clara")
        rows = self._get_rows(self._get("/my/hours"), "//table[@id='hours']")
        figures = [(row[0], *self._get_cells(row)) for row in rows]
        self.assertEqual(
            [(row[0].split(" Worked")[0], *row[1:]) for row in figures],
            [
                ("October 2026", "1:15", "0:15", "1:00", ""),
                ("10/12/2026", "1:15", "0:15", "1:00", mine.name),
                ("September 2026", "0:30", "–", "0:30", ""),
                ("09/20/2026", "0:30", "–", "0:30", ""),
                ("Total", "1:45", "0:15", "1:30", ""),
            ],
        )
        rows = self._get_rows(
            self._get("/my/hours?groupby=ticket&sortby=ticket"), "//table[@id='hours']"
        )
        self.assertEqual(len(rows), 5)
        self.assertIn("Mail stuck", rows[0][0])
        self.assertIn("VPN drops", rows[2][0])
        rows = self._get_rows(
            self._get("/my/hours?groupby=none"), "//table[@id='hours']"
        )
        self.assertEqual(len(rows), 3)

    def test_hours_of_a_period(self):
        today = fields.Date.today()
        last = today.replace(day=1) - relativedelta(days=1)
        self.contract.date_start = "2020-01-01"
        self._log(60, today, name="Today")
        self._log(60, last, name="Last month")
        self._log(60, "2020-02-03", name="Long ago")
        self._bill(today + relativedelta(days=1))
        self.authenticate("clara", "clara")
        for filterby, names in {
            "all": {"Today", "Last month", "Long ago"},
            "month": {"Today"},
            "last_month": {"Last month"},
            "year": {"Today"} | ({"Last month"} if last.year == today.year else set()),
        }.items():
            page = self._get(f"/my/hours?groupby=none&filterby={filterby}")
            texts = page.xpath("//table[@id='hours']/tbody//td[2]/div[1]/text()")
            self.assertEqual(set(texts), names, filterby)

    def test_hours_page_bears_any_argument(self):
        self.authenticate("clara", "clara")
        page = self._get("/my/hours/page/99?sortby=x&filterby=y&groupby=z")
        self.assertIn("There is no time to show", page.text_content())

    def test_hours_pages(self):
        self.patch(CustomerPortal, "_items_per_page", 3)
        for _i in range(4):
            self._log(15)
        self._bill()
        self.authenticate("clara", "clara")
        rows = self._get_rows(self._get("/my/hours"), "//table[@id='hours']")
        self.assertEqual(len(rows), 5)
        self.assertEqual(self._get_cells(rows[0])[0], "1:00", "group of all pages")
        self.assertEqual(self._get_cells(rows[-1])[0], "1:00", "all pages")
        rows = self._get_rows(self._get("/my/hours/page/2"), "//table[@id='hours']")
        self.assertEqual(len(rows), 3)

    def test_allotment_bar(self):
        today = fields.Date.today()
        self.contract.allotment_ids = [Command.create({"hours": 4})]
        self._log(60, today)
        self._bill(today + relativedelta(days=1))
        self.authenticate("clara", "clara")
        page = self._get("/my/hours")
        (bar,) = page.xpath("//div[@id='allotments']//div[@role='progressbar']")
        self.assertEqual(bar.get("aria-valuenow"), "25")
        text = " ".join(page.xpath("//div[@id='allotments']")[0].text_content().split())
        self.assertIn("Used 1:00 h / 4:00 h", text)
        self.authenticate("anders", "anders")
        self.assertFalse(self._get("/my/hours").xpath("//div[@id='allotments']"))

    def test_german(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"]._load_module_terms(
            ["ticket_billing_portal"], ["de_DE"]
        )
        self.user.lang = "de_DE"
        self._log_evening()
        self._bill()
        self.authenticate("clara", "clara")
        page = self._get("/my/hours?groupby=month")
        self.assertEqual(
            page.xpath("//table[@id='hours']/thead//th/text()"),
            ["Datum", "Leistung", "Geleistet", "Abgerechnet", "Enthalten", "Rechnung"],
        )
        rows = self._get_rows(page, "//table[@id='hours']")
        self.assertIn("Oktober 2026", rows[0][0])
        self.assertEqual(rows[1][0], "12.10.2026 19:00–20:10")
        self.assertIn(
            "Alle", page.xpath("//a[contains(@href, 'filterby=all')]/span")[0].text
        )
        page = self._get(f"/my/ticket/{self.ticket.id}")
        heading = page.xpath("//div[@id='time_recorded']/h5/text()")
        self.assertEqual(heading, ["Erfasste Zeit"])

    def test_home_card(self):
        self._log(60)
        self._bill()
        for login, expected in (("clara", 1), ("anders", 0)):
            self.authenticate(login, login)
            page = self._get("/my")
            self.assertTrue(page.xpath("//a[@href='/my/hours']"))
            counters = self.make_jsonrpc_request(
                "/my/counters", {"counters": ["hours_count"]}
            )
            self.assertEqual(counters["hours_count"], expected)

    def test_archived_user_and_anonymous(self):
        self._log(60)
        self._bill()
        self.authenticate("clara", "clara")
        self._get("/my/hours")
        self.user.active = False
        for _attempt in ("session of an archived user", "no session"):
            response = self.url_open("/my/hours", allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            self.assertIn("/web/login", response.headers["Location"])
            self.authenticate(None, None)

    def test_queries_do_not_grow_with_entries(self):
        paths = [
            "/my/hours?groupby=none",
            "/my/hours?groupby=ticket",
            f"/my/ticket/{self.ticket.id}",
        ]
        self._log_many(10)
        few = self._count_queries(paths)
        self._log_many(190)
        many = self._count_queries(paths)
        for path, count in few.items():
            self.assertLessEqual(many[path], count, path)

    def _log_many(self, number):
        employees = self.anna | self.bert
        types = self.remote | self.onsite
        for i in range(number):
            self._log(
                15,
                f"2026-{i % 9 + 1:02d}-05",
                ticket=None if i % 2 else self._create_ticket(f"Ticket {i}"),
                employee_id=employees[i % 2].id,
                work_type_id=types[i % 2].id,
                name=f"Step {i}",
            )
        self._bill()

    def _count_queries(self, paths):
        """Queries of each page once the caches of the registry are warm."""
        self.authenticate("clara", "clara")
        counts = {}
        for path in paths:
            self._get(path)
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._get(path)
            counts[path] = self.cr.sql_log_count - before
        return counts

    # ----------------------------------------------------------------- invoice

    def test_invoice_page_names_its_tickets(self):
        second = self._create_ticket("Mail stuck")
        self._log(60)
        self._log(60, ticket=second)
        invoice = self._bill()
        self.authenticate("clara", "clara")
        page = self._get(f"/my/invoices/{invoice.id}")
        links = page.xpath("//div[@id='billing_tickets']//a")
        self.assertEqual(
            {link.get("href") for link in links},
            {f"/my/ticket/{self.ticket.id}", f"/my/ticket/{second.id}"},
        )
        self.assertIn("Mail stuck", links[1].text_content())

    def test_invoice_with_token_has_no_links(self):
        self._log(60)
        invoice = self._bill()
        page = self._get(invoice.get_portal_url())
        (box,) = page.xpath("//div[@id='billing_tickets']")
        self.assertIn(self.ticket.name, box.text_content())
        self.assertFalse(box.xpath(".//a"))

    def test_draft_invoice_names_no_tickets(self):
        self._log(60)
        invoice = self._bill_draft()
        page = self._get(invoice.get_portal_url())
        self.assertFalse(page.xpath("//div[@id='billing_tickets']"))

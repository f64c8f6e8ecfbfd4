import re

from lxml import html
from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.ticket_billing_surcharge import WEEKDAYS
from .common import TicketBillingCase


@tagged("post_install", "-at_install")
class TestContract(TicketBillingCase):
    """Conditions that make no sense are refused when they are saved."""

    def test_number_and_ticket_assignment(self):
        self.assertTrue(self.contract.code.startswith("SC"))
        partner = self._create_customer("Later GmbH")
        contact = self.env["res.partner"].create(
            {"name": "Eva", "parent_id": partner.id}
        )
        ticket = self._create_ticket("Before the contract", contact)
        self.assertFalse(ticket.billing_contract_id)
        contract = self._create_contract(partner)
        self.assertEqual(ticket.billing_contract_id, contract)
        self.assertEqual(
            self._create_ticket("After", contact).billing_contract_id, contract
        )

    def test_one_active_contract_at_a_time(self):
        with self.assertRaises(ValidationError) as error:
            self._create_contract(self.partner)
        self.assertIn(self.contract.code, str(error.exception))
        self.contract.date_end = "2026-06-30"
        self._create_contract(self.partner, date_start="2026-07-01")

    def test_rates_of_equal_rank_name_both(self):
        with self.assertRaises(ValidationError) as error:
            self.contract.rate_ids = [Command.create({"value": 80})]
        self.assertIn("90", str(error.exception))
        self.assertIn("80", str(error.exception))
        self.contract.rate_ids.valid_to = "2026-06-30"
        self.contract.rate_ids = [
            Command.create({"value": 80, "valid_from": "2026-07-01"})
        ]

    def test_window_without_percent(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.cr.savepoint(),
        ):
            self.contract.surcharge_ids = [
                Command.create({"name": "Night", "percent": 0, "time_to": 6})
            ]
            self.env.flush_all()

    def test_copy_keeps_the_conditions(self):
        self.contract.allotment_ids = [Command.create({"hours": 5})]
        copy = self.contract.copy()
        self.assertEqual(copy.state, "draft")
        self.assertEqual(copy.rate_ids.value, 90)
        self.assertEqual(copy.allotment_ids.hours, 5)
        self.assertNotEqual(copy.code, self.contract.code)

    def _add_windows(self):
        self.contract.surcharge_ids = [
            Command.create(
                {"name": "Night <b>", "percent": 50, "time_from": 20, "time_to": 6}
            ),
            Command.create(
                {
                    "name": "Sunday",
                    "percent": 62.5,
                    "whole_day": True,
                    **dict.fromkeys(WEEKDAYS[:6], False),
                    "holidays": True,
                }
            ),
        ]

    def _get_week(self, contract):
        """(title of the day, [(from, height, label) in percent of a day])"""
        tree = html.fromstring(contract.week_html)
        return [
            (
                day.find_class("o_week_title")[0].text,
                [
                    (
                        *map(float, re.findall(r"([\d.]+)%", band.get("style"))),
                        band.text_content().strip(),
                    )
                    for band in day.find_class("o_week_band")
                ],
            )
            for day in tree.find_class("o_week_day")
        ]

    def test_week_is_drawn(self):
        self.assertFalse(self.contract.week_html)
        self._add_windows()
        week = self._get_week(self.contract)
        self.assertEqual(
            [title for title, _bands in week],
            ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Holiday"],
        )
        self.assertEqual(week[0][1], [(0, 25, "+50 %"), (83.333, 16.667, "+50 %")])
        self.assertEqual(week[6][1], [(0, 100, "+62.5 %")])
        self.assertEqual(week[7][1], week[6][1])
        self.assertIn("Night &lt;b&gt;", self.contract.week_html)

    def test_week_in_german(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self._add_windows()
        week = self._get_week(self.contract.with_context(lang="de_DE"))
        self.assertEqual(week[0][0], "Mo")
        self.assertEqual(week[6][1], [(0, 100, "+62,5 %")])

    def test_week_while_windows_are_entered(self):
        with Form(self.contract) as form:
            with form.surcharge_ids.new() as window:
                window.name = "Night"
                window.percent = 50
                window.time_from = 20
                window.time_to = 6
            self.assertIn("+50 %", form.week_html)

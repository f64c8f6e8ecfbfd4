from datetime import date

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.ticket_billing.rating import Entry, RatingError
from odoo.addons.ticket_billing.rating.rates import RateBook
from odoo.addons.ticket_billing.tools.duration import format_minutes
from odoo.addons.ticket_billing.tools.number import format_number

from ..tools.customer_explanation import rounding_scope


class TicketBillingContract(models.Model):
    _inherit = "ticket.billing.contract"

    @api.model
    def _get_portal_contract_domain(self, partner) -> Domain:
        """Contracts that a contact may read: those agreed on, now or before."""
        items = self.env["ticket.billing.item"]
        return (
            items._get_portal_customer_domain(partner, "partner_id")
            & Domain("state", "in", ("active", "closed"))
            & Domain("active", "=", True)
            & Domain("company_id", "in", self.env.companies.ids)
        )

    def _get_portal_today(self) -> date:
        self.ensure_one()
        return fields.Date.context_today(self.with_context(tz=self.tz))

    # -------------------------------------------------------------- conditions

    def _get_portal_conditions(self) -> list[tuple[str, str]]:
        """What was agreed, as pairs of a heading and a sentence."""
        self.ensure_one()
        conditions = [
            (self.env._("Term"), self._get_portal_term()),
            (self.env._("Invoices"), self._get_portal_billing()),
            (self.env._("Rounding"), self._get_portal_rounding()),
            (self.env._("Approval"), self._get_portal_release()),
        ]
        if self.policy_id.portal_show_price:
            conditions += self._get_portal_price_conditions()
        return [(title, text) for title, text in conditions if text]

    def _get_portal_term(self) -> str:
        since = format_date(self.env, self.date_start)
        if not self.date_end:
            return self.env._("Since %(day)s, without an end", day=since)
        return self.env._(
            "From %(first)s until %(last)s",
            first=since,
            last=format_date(self.env, self.date_end),
        )

    def _get_portal_billing(self) -> str:
        policy = self.policy_id
        periods = {
            "week": self.env._("every week"),
            "month": self.env._("every month"),
            "quarter": self.env._("every quarter"),
        }
        return {
            "period": self.env._(
                "What was done is invoiced %(period)s.", period=periods[policy.period]
            ),
            "amount": self.env._("You get an invoice when an amount is reached."),
            "overage": self.env._("Work beyond the included one is invoiced."),
            "ticket_closed": self.env._("Each ticket is invoiced when it is closed."),
            "project": self.env._("Each project is invoiced when it is finished."),
            "manual": self.env._("Invoices are written as agreed with you."),
        }[policy.trigger]

    def _get_portal_rounding(self) -> str:
        policy = self.policy_id
        values = {
            "step": policy.increment_minutes,
            "scope": rounding_scope(self.env, policy.rounding_scope),
        }
        sentences = [
            {
                "none": self.env._("Time counts to the minute."),
                "up": self.env._(
                    "Time is rounded up to steps of %(step)s minutes, %(scope)s.",
                    **values,
                ),
                "nearest": self.env._(
                    "Time is rounded to the nearest %(step)s minutes, %(scope)s.",
                    **values,
                ),
                "down": self.env._(
                    "Time is rounded down to steps of %(step)s minutes, %(scope)s.",
                    **values,
                ),
            }[policy.rounding_mode]
        ]
        if policy.first_block_minutes:
            sentences.append(
                self.env._(
                    "The first %(minutes)s minutes count as a whole.",
                    minutes=policy.first_block_minutes,
                )
            )
        if policy.minimum_minutes:
            sentences.append(
                self.env._(
                    "At least %(minutes)s minutes count.",
                    minutes=policy.minimum_minutes,
                )
            )
        return " ".join(sentences)

    def _get_portal_release(self) -> str | None:
        policy = self.policy_id
        if not policy.customer_release:
            return None
        if not policy.customer_release_days:
            return self.env._("You approve invoices before they become final.")
        return self.env._(
            "You approve invoices before they become final; without an answer they"
            " count as approved after %(days)s days.",
            days=policy.customer_release_days,
        )

    def _get_portal_price_conditions(self) -> list[tuple[str, str | None]]:
        policy, money = self.policy_id, self.currency_id.format
        emergency = [
            f"+{format_number(self.env, self.emergency_percent)} %"
            if self.emergency_percent
            else "",
            self.env._("%(price)s per ticket", price=money(self.emergency_fee))
            if self.emergency_fee
            else "",
        ]
        return [
            (self.env._("Emergency"), ", ".join(filter(None, emergency))),
            (
                self.env._("Discount"),
                self.discount and f"{format_number(self.env, self.discount)} %",
            ),
            (
                self.env._("Minimum per ticket"),
                policy.minimum_per_ticket and money(policy.minimum_per_ticket),
            ),
            (
                self.env._("Not to exceed per ticket"),
                policy.cap_per_ticket and money(policy.cap_per_ticket),
            ),
            (self.env._("Journey"), self._get_portal_travel()),
        ]

    def _get_portal_travel(self) -> str | None:
        policy, money = self.policy_id, self.currency_id.format
        if policy.travel_mode == "flat":
            return self.env._("%(price)s per visit", price=money(policy.travel_price))
        if policy.travel_mode == "km":
            price = money(policy.travel_price)
            if policy.travel_round_trip:
                return self.env._(
                    "%(price)s per kilometre, there and back", price=price
                )
            return self.env._("%(price)s per kilometre, one way", price=price)
        if policy.travel_mode == "zones":
            return ", ".join(
                self.env._(
                    "up to %(km)s km: %(price)s",
                    km=format_number(self.env, zone.up_to_km),
                    price=money(zone.price),
                )
                for zone in policy.travel_zone_ids
            )
        return None

    # ------------------------------------------------------------------ prices

    def _get_portal_rates(self, day: date) -> list[dict]:
        """Prices per hour on ``day``, by kind of work; none where they are hidden."""
        self.ensure_one()
        if not self.policy_id.portal_show_price:
            return []
        conditions = self._get_conditions()
        book, factors = RateBook(conditions.rates), conditions.work_type_factor
        work_types = self.env["ticket.billing.work.type"].search(
            [("company_id", "in", (False, self.company_id.id))]
        )
        rows = []
        for work_type, employee in self._get_portal_rate_scopes(work_types, day):
            price = self._find_portal_price(book, day, work_type, employee)
            if price is not None:
                price *= factors.get(work_type.id, 1)
                rows.append(
                    {
                        "name": work_type.name or self.env._("All work"),
                        "worker": self._get_portal_worker(employee),
                        "price": self.currency_id.format(float(price)),
                    }
                )
        if len({(row["worker"], row["price"]) for row in rows}) == 1:
            return [{**rows[0], "name": self.env._("All work")}]
        return rows

    def _get_portal_rate_scopes(self, work_types, day: date) -> list[tuple]:
        """Kinds of work for whoever does it, then the rates of certain technicians."""
        nobody = self.env["hr.employee"]
        own = self.rate_ids.filtered(
            lambda rate: (
                rate.employee_id
                and not rate.ticket_id
                and (not rate.valid_from or rate.valid_from <= day)
                and (not rate.valid_to or day <= rate.valid_to)
            )
        )
        return [(work_type, nobody) for work_type in work_types] + [
            (rate.work_type_id, rate.employee_id) for rate in own
        ]

    def _find_portal_price(self, book: RateBook, day: date, work_type, employee):
        work = Entry(
            key=None,
            ticket=None,
            minutes=0,
            day=day,
            employee=employee.id or None,
            work_type=work_type.id or None,
            contract=self.id,
        )
        try:
            return book.find(work, day).value
        except RatingError:  # nothing was agreed for it
            return None

    def _get_portal_worker(self, employee) -> str:
        if not employee or self.policy_id.show_worker:
            return employee.name or ""
        return self.env._("certain technicians")

    def _get_portal_fees(self, day: date) -> list[dict]:
        """Recurring fees on ``day`` and flat fees of tickets."""
        self.ensure_one()
        if not self.policy_id.portal_show_price:
            return []
        money = self.currency_id.format
        periods = {
            "month": self.env._("per month"),
            "quarter": self.env._("per quarter"),
            "year": self.env._("per year"),
        }
        rows = []
        for fee in self.fee_ids:
            first, last = fee._get_term()
            if first <= day and (not last or day <= last):
                price = f"{money(fee.price_unit * fee.quantity)} {periods[fee.period]}"
                rows.append({"name": fee.name, "price": price})
        for flat in self.flat_fee_ids.filtered(lambda fee: fee._is_valid(day)):
            name = flat.category_id.name or self.env._("Every ticket")
            rows.append({"name": name, "price": self._get_portal_flat_price(flat)})
        return rows

    def _get_portal_flat_price(self, flat) -> str:
        price = self.currency_id.format(flat.price)
        if not flat.limited:
            return self.env._("%(price)s per ticket", price=price)
        return self.env._(
            "%(price)s per ticket, %(time)s h included",
            price=price,
            time=format_minutes(flat.included_minutes),
        )

    def _get_portal_windows(self, day: date) -> list[dict]:
        """Surcharge windows on ``day`` in words."""
        self.ensure_one()
        windows = self.surcharge_ids.filtered(
            lambda window: (
                (not window.valid_from or window.valid_from <= day)
                and (not window.valid_to or day <= window.valid_to)
            )
        )
        return [window._prepare_portal_window() for window in windows]

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_date

from ..rating import Charge, ConfigurationError, Entry, History, Item, rate


class TicketBillingRater(models.AbstractModel):
    """Translates records into the rating core and its items back into records.

    Nothing here writes but :meth:`_rate_open` and :meth:`_hold_unassigned`.
    """

    _name = "ticket.billing.rater"
    _description = "Rating of Tickets"

    @api.model
    def _check_biller(self):
        if not self.env.su and not self.env.user.has_group(
            "ticket_billing.group_biller"
        ):
            raise AccessError(
                self.env._("Only billers may rate, bill or release work.")
            )

    # ------------------------------------------------------------------ select

    @api.model
    def _get_unsettled_domain(self) -> Domain:
        settled = Domain("settled", "=", True) & Domain("live", "=", True)
        return Domain("billing_item_ids", "not any", settled)

    @api.model
    def _get_entry_domain(self, contracts, work_before: date | None) -> Domain:
        domain = Domain("billing_contract_id", "in", contracts.ids)
        if work_before:
            domain &= Domain("date", "<", work_before)
        return domain & self._get_unsettled_domain()

    @api.model
    def _get_charge_domain(self, contracts, work_before: date | None) -> Domain:
        domain = Domain("contract_id", "in", contracts.ids)
        if work_before:
            domain &= Domain("date", "<", work_before)
        return domain & self._get_unsettled_domain()

    @api.model
    def _get_work(self, contracts, work_before=None, closed_only=False):
        """Unsettled entries and charges of ``contracts``.

        :return: (account.analytic.line records, ticket.billing.charge records)
        """
        entries = self.env["account.analytic.line"].search_fetch(
            self._get_entry_domain(contracts, work_before), self._get_entry_fields()
        )
        charges = self.env["ticket.billing.charge"].search(
            self._get_charge_domain(contracts, work_before)
        )
        if closed_only:
            entries = entries.filtered(lambda e: e.ticket_id.closed)
            charges = charges.filtered(lambda c: c.ticket_id.closed)
        return entries, charges

    @api.model
    def _get_entry_fields(self) -> list[str]:
        return [
            "ticket_id", "billing_contract_id", "date", "billing_start",
            "billing_stop", "raw_minutes", "employee_id", "work_type_id",
            "billing_type", "billing_rate", "billing_emergency", "name",
        ]  # fmt: skip

    # --------------------------------------------------------------- translate

    @api.model
    def _to_utc(self, moment) -> datetime | None:
        """Aware datetime of the core from a Datetime field."""
        return moment.replace(tzinfo=UTC) if moment else None

    @api.model
    def _to_naive(self, moment: datetime | None) -> datetime | None:
        """Value of a Datetime field from an aware datetime of the core."""
        return moment.astimezone(UTC).replace(tzinfo=None) if moment else None

    @api.model
    def _prepare_entry(self, entry) -> Entry:
        return Entry(
            key=entry.id,
            ticket=entry.ticket_id.id,
            minutes=entry.raw_minutes,
            day=entry.date,
            start=self._to_utc(entry.billing_start),
            stop=self._to_utc(entry.billing_stop),
            employee=entry.employee_id.id or None,
            work_type=entry.work_type_id.id or None,
            contract=entry.billing_contract_id.id,
            billing=entry.billing_type or "billable",
            emergency=entry.billing_emergency,
            rate=Decimal(str(entry.billing_rate)) if entry.billing_rate else None,
            ticket_type=entry.ticket_id.category_id.id or None,
        )

    @api.model
    def _prepare_charge(self, charge) -> Charge:
        return Charge(
            key=charge.id,
            ticket=charge.ticket_id.id,
            kind=charge.kind,
            quantity=Decimal(str(charge.quantity)),
            unit_price=Decimal(str(charge.price_unit)),
            day=charge.date,
            billing=charge.billing_type,
        )

    @api.model
    def _get_histories(self, contracts, tickets) -> dict[int, History]:
        """What earlier runs settled, by contract id; two queries for all."""
        domain = Domain("live", "=", True) & Domain("settled", "=", True)
        of_contracts = domain & Domain("contract_id", "in", contracts.ids)
        used = defaultdict(dict)
        for contract, allotment, period, taken in self.env[
            "ticket.billing.item"
        ]._read_group(
            of_contracts
            & Domain("allotment_id", "!=", False)
            & Domain("state", "=", "covered"),
            ["contract_id", "allotment_id", "allotment_period:day"],
            ["allotment_used:sum"],
        ):
            used[contract.id][allotment.id, period] = Decimal(str(taken))
        flat = defaultdict(dict)
        fees = defaultdict(set)
        for contract, ticket, kind, minutes in self.env[
            "ticket.billing.item"
        ]._read_group(
            domain
            & Domain("ticket_id", "in", tickets.ids)
            & Domain("kind", "in", ("flat", "emergency_fee")),
            ["contract_id", "ticket_id", "kind"],
            ["billable_minutes:sum"],
        ):
            if kind == "flat":
                flat[contract.id][ticket.id] = minutes
            else:
                fees[contract.id].add(ticket.id)
        return {
            contract.id: History(
                used=used[contract.id],
                flat_tickets=flat[contract.id],
                emergency_tickets=frozenset(fees[contract.id]),
            )
            for contract in contracts
        }

    # -------------------------------------------------------------------- rate

    @api.model
    def _rate(self, contracts, entries, charges) -> dict[int, tuple[Item, ...]]:
        """Items of the rating core per contract id; writes nothing."""
        tickets = entries.ticket_id | charges.ticket_id
        histories = self._get_histories(contracts, tickets)
        by_contract = defaultdict(lambda: ([], []))
        for entry in entries:
            by_contract[entry.billing_contract_id][0].append(entry)
        for charge in charges:
            by_contract[charge.contract_id][1].append(charge)
        return {
            contract.id: self._rate_contract(
                contract, *by_contract[contract], histories[contract.id]
            )
            for contract in contracts
        }

    @api.model
    def _rate_contract(self, contract, entries, charges, history) -> tuple[Item, ...]:
        in_force = [e for e in entries if contract._is_in_force(e.date)]
        outside = [e for e in entries if not contract._is_in_force(e.date)]
        held = tuple(self._prepare_held(e, "not_in_force") for e in outside)
        conditions = contract._get_conditions()
        expenses = [self._prepare_charge(charge) for charge in charges]
        try:
            items = self._rate_work(conditions, in_force, expenses, history)
        except ConfigurationError:
            items = tuple(self._prepare_held(e, "configuration") for e in in_force)
        return held + items

    @api.model
    def _rate_work(self, conditions, entries, charges, history) -> tuple[Item, ...]:
        """Rate; an entry of which a part cannot be priced is held as a whole."""
        work = [self._prepare_entry(entry) for entry in entries]
        items = rate(conditions, work, charges, history).items
        held = {item.entry: item.reason for item in items if item.state == "held"}
        if all(item.state == "held" for item in items if item.entry in held):
            return items
        work = [entry for entry in work if entry.key not in held]
        items = rate(conditions, work, charges, history).items
        return items + tuple(
            self._prepare_held(entry, held[entry.id])
            for entry in entries
            if entry.id in held
        )

    @api.model
    def _prepare_held(self, entry, reason: str) -> Item:
        return Item(
            kind="time",
            ticket=entry.ticket_id.id,
            day=entry.date,
            entry=entry.id,
            employee=entry.employee_id.id or None,
            work_type=entry.work_type_id.id or None,
            raw_minutes=entry.raw_minutes,
            state="held",
            reason=reason,
        )

    @api.model
    def _prepare_item_vals(self, contract, item: Item) -> dict:
        """Values of a ``ticket.billing.item`` from an item of the core."""
        return {
            "company_id": contract.company_id.id,
            "contract_id": contract.id,
            "partner_id": contract.partner_id.id,
            "currency_id": contract.currency_id.id,
            "ticket_id": item.ticket,
            "entry_id": item.entry,
            "charge_id": item.charge,
            "segment": item.segment,
            "kind": item.kind,
            "employee_id": item.employee,
            "work_type_id": item.work_type,
            "work_date": item.day,
            "start": self._to_naive(item.start),
            "stop": self._to_naive(item.stop),
            "raw_minutes": item.raw_minutes,
            "billable_minutes": item.billable_minutes,
            "quantity": float(item.quantity),
            "unit_price": float(item.unit_price),
            "surcharge_percent": float(item.surcharge_percent),
            "discount_percent": float(item.discount_percent),
            "net": float(item.net),
            "rated_state": item.state,
            "rated_reason": item.reason,
            "message": self._get_held_message(contract, item),
            "warning": item.warning,
            "allotment_id": item.allotment,
            "allotment_period": item.period,
            "allotment_used": float(item.allotment_used),
            "explanation": [{"code": step.code, **step.figures} for step in item.steps],
        }

    @api.model
    def _get_held_message(self, contract, item: Item) -> str | None:
        """What is wrong with a held item, and the way out."""
        if item.state != "held":
            return None
        names = {
            "contract": contract.display_name,
            "customer": contract.partner_id.display_name,
            "work_type": self.env["ticket.billing.work.type"]
            .browse(item.work_type)
            .display_name
            or self.env._("work without type"),
            "employee": self.env["hr.employee"].browse(item.employee).display_name
            or self.env._("nobody"),
            "minutes": item.raw_minutes,
            "day": format_date(self.env, item.day),
        }
        texts = self._get_held_texts()
        return texts.get(item.reason, texts["configuration"]) % names

    @api.model
    def _get_held_texts(self) -> dict[str, str]:
        """Message per reason code."""
        minutes = self.env._(
            "%(minutes)s minutes on %(day)s by %(employee)s cannot be right. Correct"
            " the time entry."
        )
        times = self.env._(
            "%(minutes)s minutes on %(day)s by %(employee)s do not fit start and end."
            " Correct the time entry."
        )
        return {
            "no_rate": self.env._(
                "%(contract)s has no rate for %(work_type)s by %(employee)s on"
                " %(day)s. Add a rate to the contract or a standard rate."
            ),
            "ambiguous_rate": self.env._(
                "%(contract)s has two rates of equal rank for %(work_type)s on"
                " %(day)s. Limit one of them."
            ),
            "invalid_minutes": minutes,
            "too_many_minutes": minutes,
            "minutes_mismatch": times,
            "stop_before_start": times,
            "time_without_zone": times,
            "not_in_force": self.env._(
                "%(contract)s is not in force on %(day)s. Change its dates or the"
                " date of the time entry."
            ),
            "configuration": self.env._(
                "%(contract)s cannot be priced: check its time zone, currency and"
                " rates."
            ),
        }

    # ------------------------------------------------------------------- write

    @api.model
    def _drop_proposals(self, entries, charges):
        """Make room for a new rating of this work.

        Proposals go. Items of a cancelled invoice stay with it, released.
        """
        tickets = entries.ticket_id | charges.ticket_id
        of_tickets = (
            Domain("entry_id", "=", False)
            & Domain("charge_id", "=", False)
            & Domain("ticket_id", "in", tickets.ids)
        )
        work = (
            Domain("entry_id", "in", entries.ids)
            | Domain("charge_id", "in", charges.ids)
            | of_tickets
        )
        unsettled = Domain("settled", "=", False) & Domain("live", "=", True)
        items = self.env["ticket.billing.item"].search(unsettled & work)
        cancelled = items.filtered("invoice_line_id")
        cancelled.rated_state = "released"
        (items - cancelled).unlink()
        self.env["ticket.billing.item"].flush_model()

    @api.model
    def _rate_open(self, contracts, work_before=None):
        """Store the value of all unsettled work as proposals, replacing the last."""
        contracts = contracts.sudo()
        entries, charges = self.sudo()._get_work(contracts, work_before)
        self.sudo()._drop_proposals(entries, charges)
        ratings = self.sudo()._rate(contracts, entries, charges)
        return (
            self.env["ticket.billing.item"]
            .sudo()
            .create(
                [
                    self._prepare_item_vals(contract, item)
                    for contract in contracts
                    for item in ratings[contract.id]
                ]
            )
        )

    @api.model
    def _get_unassigned_domain(self, company, contract_field: str) -> Domain:
        return (
            Domain("ticket_id", "!=", False)
            & Domain("company_id", "=", company.id)
            & Domain(contract_field, "=", False)
            & Domain("billing_item_ids", "=", False)
        )

    @api.model
    def _hold_unassigned(self, company):
        """Hold the work and charges that no contract covers, with the reason.

        :return: the new held items
        """
        rater = self.sudo()
        items = rater.env["ticket.billing.item"]
        outdated = Domain("reason", "=", "no_customer") & Domain(
            "ticket_id.commercial_partner_id", "!=", False
        )
        items.search(outdated).unlink()
        entries = rater.env["account.analytic.line"].search(
            rater._get_unassigned_domain(company, "billing_contract_id")
        )
        charges = rater.env["ticket.billing.charge"].search(
            rater._get_unassigned_domain(company, "contract_id")
        )
        return items.create(
            [rater._prepare_unassigned_entry(entry) for entry in entries]
            + [rater._prepare_unassigned_charge(charge) for charge in charges]
        )

    @api.model
    def _prepare_unassigned_entry(self, entry) -> dict:
        return {
            **self._prepare_unassigned(entry),
            "entry_id": entry.id,
            "kind": "time",
            "employee_id": entry.employee_id.id,
            "work_type_id": entry.work_type_id.id,
            "raw_minutes": entry.raw_minutes,
        }

    @api.model
    def _prepare_unassigned_charge(self, charge) -> dict:
        return {
            **self._prepare_unassigned(charge),
            "charge_id": charge.id,
            "kind": charge.kind,
            "quantity": charge.quantity,
        }

    @api.model
    def _prepare_unassigned(self, source) -> dict:
        """What held entries and charges have in common, with the way out."""
        ticket, partner = source.ticket_id, source.ticket_id.commercial_partner_id
        if partner:
            message = self.env._(
                "%(customer)s has no active service contract. Create one, or choose"
                " the contract on ticket %(ticket)s.",
                customer=partner.display_name,
                ticket=ticket.number,
            )
        else:
            message = self.env._(
                "Ticket %(ticket)s has no customer. Set the contact on the ticket.",
                ticket=ticket.number,
            )
        return {
            "company_id": source.company_id.id,
            "partner_id": partner.id,
            "currency_id": source.company_id.currency_id.id,
            "ticket_id": ticket.id,
            "work_date": source.date,
            "rated_state": "held",
            "rated_reason": "no_contract" if partner else "no_customer",
            "message": message,
        }

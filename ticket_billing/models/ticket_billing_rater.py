from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_date

from ..rating import Charge, Entry, Incident, Item
from ..tools.contract_rating import ContractRating
from .ticket_billing_collector import Scope, Work

# Field of a billing item by the first part of a charge's key.
SOURCES = {"charge": "charge_id", "block": "allotment_id", "fee": "fee_id"}


class TicketBillingRater(models.AbstractModel):
    """Translates records into the rating core and its items back into records.

    Nothing here writes but :meth:`_drop_proposals`, :meth:`_rate_open` and
    :meth:`_hold_unassigned`.
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
    def _prepare_entry(self, entry, contract) -> Entry:
        """An entry for the core, to be priced by ``contract``."""
        location = None
        if contract.policy_id.holiday_basis == "service_location":
            location = contract._get_location(entry._get_service_partner())
        return Entry(
            key=entry.id,
            ticket=entry.ticket_id.id,
            minutes=entry.raw_minutes,
            day=entry.date,
            start=self._to_utc(entry.billing_start),
            stop=self._to_utc(entry.billing_stop),
            employee=entry.employee_id.id or None,
            work_type=entry.work_type_id.id or None,
            contract=contract.id,
            billing=entry.billing_type or "billable",
            emergency=entry.billing_emergency,
            rate=Decimal(str(entry.billing_rate)) if entry.billing_rate else None,
            visit=entry.visit_id.id or None,
            ticket_type=entry.ticket_id.category_id.id or None,
            location=location,
            invoice=self.env["ticket.billing.grouping"]._get_entry_key(entry, contract),
        )

    @api.model
    def _prepare_part(self, part, contract) -> Entry:
        """A credited part of an entry; its key is the negative id of its item."""
        return replace(
            self._prepare_entry(part.entry_id, contract),
            key=-part.id,
            minutes=-part.raw_minutes,
            billable=-part.billable_minutes,
            day=part.work_date,
            start=self._to_utc(part.start),
            stop=self._to_utc(part.stop),
        )

    @api.model
    def _prepare_charge(self, charge, price: Decimal) -> Charge:
        return Charge(
            key=("charge", charge.id),
            ticket=charge.ticket_id.id,
            kind=charge.kind,
            quantity=Decimal(str(charge.quantity)),
            unit_price=price,
            day=charge.date,
            billing=charge.billing_type,
        )

    @api.model
    def _prepare_journeys(self, visit, policy) -> list[Charge]:
        """The way to a visit as charges, at the prices of ``policy``."""
        return [
            Charge(
                key=("visit", visit.id, number),
                ticket=visit.ticket_id.id,
                kind="travel",
                quantity=part.quantity,
                unit_price=part.unit_price,
                day=visit.date,
                billing=visit.billing_type,
            )
            for number, part in enumerate(
                policy._get_journey(visit.one_way_km, visit.vehicles)
            )
        ]

    @api.model
    def _prepare_block(self, block) -> Charge:
        """The purchase of a prepaid block."""
        return Charge(
            key=("block", block.id),
            ticket=None,
            kind="prepaid_block",
            quantity=Decimal(1),
            unit_price=Decimal(str(block.price)),
            day=block.date_start,
        )

    @api.model
    def _prepare_incident(self, ticket, contract) -> Incident:
        """A ticket to be counted by ``contract``, on its local day."""
        closed = any(
            allotment.count_on == "closed"
            for allotment in contract.allotment_ids
            if allotment.unit == "tickets"
        )
        moment = ticket.closed_date if closed else ticket.create_date
        local = self._to_utc(moment).astimezone(ZoneInfo(contract.tz))
        return Incident(ticket.id, local.date())

    # -------------------------------------------------------------------- rate

    @api.model
    def _rate(self, contracts, work: Work, on: date) -> dict[int, tuple[Item, ...]]:
        """Items of the rating core per contract id; writes nothing.

        ``on`` is the date of the invoices.
        """
        histories = self.env["ticket.billing.history"]._get(
            contracts, work.get_tickets()
        )
        conditions = contracts._get_conditions_by_contract()
        orders = self.env["ticket.billing.purchase.order"]._get_rest(contracts)
        reopened = self.env["ticket.billing.item"]._get_reopened(work.entries)
        questioned = self.env["ticket.billing.question"]._get_open(contracts)
        parts = work.by_contract()
        return {
            contract.id: ContractRating(
                self,
                contract,
                conditions[contract.id],
                on,
                orders,
                reopened,
                questioned[contract],
            ).rate(parts[contract], histories[contract.id])
            if contract in parts
            else ()
            for contract in contracts
        }

    @api.model
    def _prepare_held(self, source, reason: str) -> Item:
        """Item of an entry or a charge that cannot be billed."""
        is_entry = source._name == "account.analytic.line"
        return Item(
            kind="time" if is_entry else source.kind,
            ticket=source.ticket_id.id,
            day=source.date,
            entry=source.id if is_entry else None,
            charge=None if is_entry else ("charge", source.id),
            employee=is_entry and source.employee_id.id or None,
            work_type=is_entry and source.work_type_id.id or None,
            raw_minutes=source.raw_minutes if is_entry else 0,
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
            "credited_item_id": item.credited,
            "explanation": [{"code": step.code, **step.figures} for step in item.steps],
            "purchase_order_ref": self._get_item_order(contract, item),
            **self._prepare_source_vals(item),
        }

    @api.model
    def _prepare_source_vals(self, item: Item) -> dict:
        """What the charge of an item is of: see the keys of the charges above."""
        if item.charge is None:
            return {}
        source, key, *part = item.charge
        if source == "visit":
            return {"visit_id": key, "segment": part[0]}
        return {SOURCES[source]: key}

    @api.model
    def _get_item_order(self, contract, item: Item) -> str:
        """The customer's order number for the work of an item."""
        if item.entry:
            entry = self.env["account.analytic.line"].browse(item.entry)
            return entry._get_purchase_order()
        if item.charge and item.charge[0] == "charge":
            charge = self.env["ticket.billing.charge"].browse(item.charge[1])
            return charge._get_purchase_order()
        if item.ticket:
            return self.env["helpdesk.ticket"].browse(item.ticket)._get_charge_order()
        return contract.purchase_order_ref or ""

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
            "ticket": self.env["helpdesk.ticket"].browse(item.ticket).number or "",
            "order": self._get_item_order(contract, item),
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
            "unknown_location": self.env._(
                "%(contract)s: no public holidays are known where the work of"
                " %(day)s was done. Correct state and country of the address."
            ),
            "before_reinstall": self.env._(
                "Ticket Billing was removed and installed again: the work of %(day)s"
                " may have been billed before. Mark it as goodwill, or let the settings"
                " hold work up to an earlier day."
            ),
            "questioned": self.env._(
                "%(customer)s has a question about the work of %(day)s. Answer it"
                " under Questions of Customers."
            ),
            "no_exchange_rate": self.env._(
                "A charge of %(day)s has a cost in a currency without exchange rate."
                " Enter the rate, or a sales price on the charge."
            ),
            "po_missing": self.env._(
                "%(customer)s wants a purchase order: enter its number on ticket"
                " %(ticket)s, on the time entry or on the contract."
            ),
            "po_limit_exceeded": self.env._(
                "Purchase order %(order)s of %(customer)s has no room for the work of"
                " %(day)s. Raise its limit or enter another order."
            ),
            "below_minimum": self.env._(
                "%(customer)s: the invoice is below the minimum amount. The work waits"
                " for the next run."
            ),
            "configuration": self.env._(
                "%(contract)s cannot be priced: check its time zone, currency and"
                " rates."
            ),
        }

    # ------------------------------------------------------------------- write

    @api.model
    def _drop_proposals(self, contracts, work: Work):
        """Make room for a new rating of this work.

        Proposals go. Items of a cancelled invoice stay with it, released.
        """
        of_contracts = Domain("contract_id", "in", contracts.ids) & Domain(
            [("entry_id", "=", False), ("charge_id", "=", False),
             ("visit_id", "=", False)]
        )  # fmt: skip
        sources = (
            Domain("entry_id", "in", work.entries.ids)
            | Domain("charge_id", "in", work.charges.ids)
            | Domain("visit_id", "in", work.visits.ids)
            | of_contracts
        )
        unsettled = Domain("settled", "=", False) & Domain("live", "=", True)
        items = self.env["ticket.billing.item"].search(unsettled & sources)
        cancelled = items.filtered("invoice_line_id")
        cancelled.rated_state = "released"
        (items - cancelled).unlink()
        self.env["ticket.billing.item"].flush_model()

    @api.model
    def _rate_open(self, contracts, scope: Scope | None = None):
        """Store the value of all unsettled work as proposals, replacing the last."""
        # What is being billed right now needs no proposals.
        contracts = contracts.sudo()._claim()
        rater = self.sudo()
        work = rater.env["ticket.billing.collector"]._collect(contracts, scope)
        rater._drop_proposals(contracts, work)
        on = scope.on if scope else fields.Date.context_today(self)
        ratings = rater._rate(contracts, work, on)
        items = rater.env["ticket.billing.item"].create(
            [
                rater._prepare_item_vals(contract, item)
                for contract in contracts
                for item in ratings[contract.id]
            ]
        )
        self.env["ticket.billing.allotment.watch"]._watch(contracts.allotment_ids)
        return items

    @api.model
    def _get_unassigned_domain(self, company, contract_field: str) -> Domain:
        """New work that no contract bills: there is none, or it is not active."""
        active = Domain("state", "=", "active") & Domain("active", "=", True)
        return (
            Domain("ticket_id", "!=", False)
            & Domain("company_id", "=", company.id)
            & Domain(contract_field, "not any", active)
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
        vals_list = [rater._prepare_unassigned_entry(entry) for entry in entries]
        vals_list += [rater._prepare_unassigned_charge(charge) for charge in charges]
        try:
            with self.env.cr.savepoint():
                return items.create(vals_list)
        except UniqueViolation:  # another run holds it at the same time
            return items

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

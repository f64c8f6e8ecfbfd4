from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from ..rating import Credited, History, Item, Step

ROUNDED_KINDS = ("time", "overage", "quota_covered", "rounding_adjust", "correction")
# Free work is rounded apart from what is charged, or not at all.
UNROUNDED_REASONS = ("internal", "deleted", "no_minutes", "warranty", "goodwill")


class TicketBillingHistory(models.AbstractModel):
    """What earlier runs settled, as the rating core wants it; writes nothing."""

    _name = "ticket.billing.history"
    _description = "Settled Work"

    @api.model
    def _get(self, contracts, tickets) -> dict[int, History]:
        """History by contract id; the number of queries does not grow with them."""
        used = self._get_used(contracts)
        flat, emergency = self._get_ticket_fees(contracts, tickets)
        counted = self._get_counted(contracts)
        limited = contracts.filtered(
            lambda c: c.policy_id.minimum_per_ticket or c.policy_id.cap_per_ticket
        )
        billed = self._get_billed(limited, tickets)
        remembering = contracts.filtered(
            lambda c: c.policy_id.rounding_memory == "lifetime"
        )
        rounded = self._get_rounded(remembering, tickets)
        return {
            contract.id: History(
                used=used[contract.id],
                flat_tickets=flat[contract.id],
                emergency_tickets=frozenset(emergency[contract.id]),
                counted_tickets=frozenset(counted[contract.id]),
                billed_tickets=billed[contract.id],
                rounded_tickets=rounded[contract.id],
            )
            for contract in contracts
        }

    @api.model
    def _read(self, contracts, domain, groups, aggregates):
        """Groups of the settled live items of ``contracts``."""
        if not contracts:
            return []
        domain = Domain(domain) & Domain("contract_id", "in", contracts.ids)
        domain &= Domain("live", "=", True) & Domain("settled", "=", True)
        return self.env["ticket.billing.item"]._read_group(
            domain, ["contract_id", *groups], aggregates
        )

    @api.model
    def _get_used(self, contracts) -> dict:
        used = defaultdict(dict)
        with_allotments = contracts.filtered("allotment_ids")
        domain = [("allotment_id", "!=", False), ("state", "=", "covered")]
        for contract, allotment, period, taken in self._read(
            with_allotments,
            domain,
            ["allotment_id", "allotment_period:day"],
            ["allotment_used:sum"],
        ):
            used[contract.id][allotment.id, period] = Decimal(str(taken))
        return used

    @api.model
    def _get_ticket_fees(self, contracts, tickets):
        flat, emergency = defaultdict(dict), defaultdict(set)
        domain = [
            ("ticket_id", "in", tickets.ids),
            ("kind", "in", ("flat", "emergency_fee")),
        ]
        for contract, ticket, kind, minutes in self._read(
            contracts, domain, ["ticket_id", "kind"], ["billable_minutes:sum"]
        ):
            if kind == "flat":
                flat[contract.id][ticket.id] = minutes
            else:
                emergency[contract.id].add(ticket.id)
        return flat, emergency

    @api.model
    def _get_counted(self, contracts) -> dict:
        counted = defaultdict(set)
        counting = contracts.filtered(
            lambda c: "tickets" in c.allotment_ids.mapped("unit")
        )
        domain = [
            ("entry_id", "=", False),
            ("quantity", ">", 0),
            ("kind", "in", ("quota_covered", "overage")),
        ]
        for contract, ticket in self._read(counting, domain, ["ticket_id"], []):
            counted[contract.id].add(ticket.id)
        return counted

    @api.model
    def _get_billed(self, contracts, tickets) -> dict:
        billed = defaultdict(lambda: defaultdict(dict))
        # A correction takes back what was credited, too: see `rating/credited.py`.
        is_used_up = Domain("rated_state", "=", "written_off") & Domain(
            "credited_item_id", "!=", False
        )
        domain = Domain("ticket_id", "in", tickets.ids) & (
            Domain("state", "=", "billed") | is_used_up
        )
        for contract, ticket, kind, net in self._read(
            contracts, domain, ["ticket_id", "kind"], ["net:sum"]
        ):
            billed[contract.id][ticket.id][kind] = Decimal(str(net))
        return billed

    @api.model
    def _get_rounded(self, contracts, tickets) -> dict:
        rounded = defaultdict(dict)
        domain = [
            ("ticket_id", "in", tickets.ids),
            ("kind", "in", ROUNDED_KINDS),
            ("rated_reason", "not in", UNROUNDED_REASONS),
            # What is billed again keeps its minutes: it counts as billed already.
            "|",
            ("reopened", "=", False),
            ("entry_id.billing_outdated", "=", True),
        ]
        for contract, ticket, raw, billable in self._read(
            contracts,
            domain,
            ["ticket_id"],
            ["raw_minutes:sum", "billable_minutes:sum"],
        ):
            rounded[contract.id][ticket.id] = (raw, billable)
        return rounded

    @api.model
    def _is_rounded(self, item: Item) -> bool:
        """Whether the minutes of an item count for the rounding of its ticket."""
        return item.kind in ROUNDED_KINDS and item.reason not in UNROUNDED_REASONS

    # ------------------------------------------------------------- corrections

    @api.model
    def _get_rounding_domain(self, entry, policy) -> Domain:
        """Settled items that were rounded together with those of a billed entry."""
        records = entry.sudo().billing_item_ids.filtered(lambda i: i.live and i.settled)
        domain = Domain("contract_id", "=", entry.billing_contract_id.id)
        domain &= Domain("live", "=", True) & Domain("settled", "=", True)
        scope = policy.rounding_scope
        if scope == "visit" and not entry.visit_id:
            scope = "entry"
        if scope == "entry":
            return domain & Domain("entry_id", "=", entry.id)
        if scope != "invoice":
            domain &= Domain("ticket_id", "=", entry.ticket_id.id)
        if scope != "ticket" or policy.rounding_memory != "lifetime":
            domain &= Domain("run_id", "in", records.run_id.ids)
        if scope == "visit":
            domain &= Domain("entry_id.visit_id", "=", entry.visit_id.id)
        return domain

    @api.model
    def _get_rounded_together(self, entry, policy):
        """Billed entries whose minutes were rounded together with those of one."""
        items = self.env["ticket.billing.item"].search(
            self._get_rounding_domain(entry, policy)
        )
        return items.entry_id | entry

    @api.model
    def _get_settled_by_entry(self, entries, policy) -> dict[int | None, list[Item]]:
        """Settled items of time entries as the rating core made them.

        ``None``: rounding that stands on a line of its own.
        """
        settled = {
            entry.id: [
                self._to_item(record)
                for record in entry.sudo()
                .billing_item_ids.filtered(
                    lambda i: i.live and i.settled and i._counts_for_corrections()
                )
                .sorted("segment")
            ]
            for entry in entries
        }
        shared = self.env["ticket.billing.item"].search(
            self._get_rounding_domain(entries[0], policy)
            & Domain("entry_id", "=", False)
            & Domain("kind", "in", ("rounding_adjust", "correction")),
            order="segment, id",
        )
        settled[None] = [self._to_item(record) for record in shared]
        return settled

    @api.model
    def _get_credited(self, entry) -> list[Credited]:
        """What credit notes took back of a time entry, and nothing bills again."""
        items = entry.sudo().billing_item_ids.sorted("id")
        items = items.filtered(lambda i: i.credit_line_ids and i._is_releasable())
        minutes = {item: item._get_releasable_minutes() for item in items}
        return [
            Credited(
                item.id,
                minutes[item],
                Decimal(str(item.unit_price)),
                Decimal(str(item.discount_percent)),
            )
            for item in items
            if minutes[item] > 0
        ]

    @api.model
    def _to_item(self, record) -> Item:
        steps = tuple(
            Step(step["code"], {k: v for k, v in step.items() if k != "code"})
            for step in record.explanation or []
        )
        start, stop = (
            moment.replace(tzinfo=UTC) if moment else None
            for moment in (record.start, record.stop)
        )
        return Item(
            kind=record.kind,
            ticket=record.ticket_id.id,
            day=record.work_date,
            entry=record.entry_id.id or None,
            segment=record.segment,
            employee=record.employee_id.id or None,
            work_type=record.work_type_id.id or None,
            start=start,
            stop=stop,
            raw_minutes=record.raw_minutes,
            billable_minutes=record.billable_minutes,
            quantity=Decimal(str(record.quantity)),
            unit_price=Decimal(str(record.unit_price)),
            surcharge_percent=Decimal(str(record.surcharge_percent)),
            discount_percent=Decimal(str(record.discount_percent)),
            net=Decimal(str(record.net)),
            # What took back credited minutes is taken off what is charged.
            state="open" if record.credited_item_id else record.rated_state,
            reason=record.rated_reason or None,
            allotment=record.allotment_id.id or None,
            period=record.allotment_period or None,
            allotment_used=Decimal(str(record.allotment_used)),
            steps=steps,
        )

    @api.model
    def _without(self, history: History, items: Sequence[Item]) -> History:
        """History as if ``items`` of one entry had not been settled."""
        return self._shift(history, items, -1)

    @api.model
    def _with(self, history: History, items: Sequence[Item]) -> History:
        """History with ``items`` settled too."""
        return self._shift(history, items, 1)

    @api.model
    def _shift(self, history: History, items: Sequence[Item], sign: int) -> History:
        used = dict(history.used)
        flat = dict(history.flat_tickets)
        rounded = dict(history.rounded_tickets)
        billed = {key: dict(nets) for key, nets in history.billed_tickets.items()}
        for item in items:
            if item.state == "covered" and item.allotment:
                key = (item.allotment, item.period)
                used[key] = used.get(key, Decimal(0)) + sign * item.allotment_used
            if item.kind == "flat" and item.ticket in flat:
                flat[item.ticket] += sign * item.billable_minutes
                if sign < 0 and item.quantity:
                    del flat[item.ticket]
            if item.ticket in rounded and self._is_rounded(item):
                raw, billable = rounded[item.ticket]
                rounded[item.ticket] = (
                    raw + sign * item.raw_minutes,
                    billable + sign * item.billable_minutes,
                )
            if item.state == "open" or item.credited:
                nets = billed.setdefault(item.ticket, {})
                nets[item.kind] = nets.get(item.kind, Decimal(0)) + sign * item.net
        return replace(
            history,
            used=used,
            flat_tickets=flat,
            rounded_tickets=rounded,
            billed_tickets=billed,
        )

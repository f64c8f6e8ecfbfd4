"""Rating the collected work of one contract: corrections, holds, order limits."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ..rating import (
    Charge,
    Conditions,
    ConfigurationError,
    Entry,
    History,
    Item,
    Key,
    correct,
    correct_limits,
    gather,
    rate,
    use_up,
)


class ContractRating:
    """One rating of one contract's work, from records to items.

    ``orders`` is what is left of purchase orders, see
    ``ticket.billing.purchase.order._get_rest``. ``reopened`` are the credited parts
    of time entries that are billed again, by entry. ``questioned`` are the keys of
    what the customer has questioned, see ``ticket.billing.question._get_open``.
    """

    def __init__(
        self,
        rater,
        contract,
        conditions: Conditions,
        on: date,
        orders,
        reopened,
        questioned=frozenset(),
    ):
        self.rater = rater
        self.contract = contract
        self.conditions = conditions
        self.on = on
        self.policy = contract.policy_id
        self.orders = orders
        self.reopened = reopened
        self.questioned = questioned
        self.held: list[Item] = []

    def rate(self, work, history: History) -> tuple[Item, ...]:
        """Items of :class:`Work`; work that cannot be billed comes back held."""
        settled = [entry for entry in work.entries if entry.billing_outdated]
        corrections, history = self._correct(settled, history)
        limits = correct_limits(self.conditions, history, corrections)
        history = self.rater.env["ticket.billing.history"]._with(history, limits)
        entries = [e for e in work.entries if not e.billing_outdated]
        return (*corrections, *limits, *self._rate_fresh(entries, work, history))

    def _rate_fresh(self, entries, work, history: History) -> tuple[Item, ...]:
        """Items of what was never billed, and what was held until now."""
        entries = self._admit_entries(entries)
        charges = self._admit_charges(work)
        incidents = self._admit_incidents(work.tickets)
        try:
            items = self._rate_complete(entries, charges, incidents, history)
        except ConfigurationError:
            items = tuple(self._hold(entry, "configuration") for entry in entries)
        return (*self.held, *items)

    def _hold(self, source, reason: str) -> Item:
        """The open rest of an entry, or a charge, with what is wrong with it."""
        item = self.rater._prepare_held(source, reason)
        settled = source.billing_item_ids.filtered(lambda i: i.settled and i.live)
        if not settled:
            return item
        return replace(
            item,
            segment=source._get_next_segment(),
            raw_minutes=item.raw_minutes - sum(settled.mapped("raw_minutes")),
        )

    def _hold_charge(self, charge: Charge, reason: str) -> Item:
        """A charge of the core as a held item."""
        return Item(
            kind=charge.kind,
            ticket=charge.ticket,
            day=charge.day,
            charge=charge.key,
            quantity=charge.quantity,
            state="held",
            reason=reason,
        )

    def _get_source(self, item: Item) -> Key:
        """What an item is of: an entry, a charge, a visit; None for the rest."""
        if item.entry is not None or item.charge is None:
            return item.entry
        return item.charge[:2]

    # Admission: what records can be rated

    def _admit_entries(self, entries) -> list:
        admitted = []
        for entry in entries:
            reason = self._get_hold_reason(entry)
            if reason:
                self.held.append(self._hold(entry, reason))
            else:
                admitted.append(entry)
        return admitted

    def _get_hold_reason(self, entry) -> str | None:
        if not self.contract._is_in_force(entry.date):
            return "not_in_force"
        if self._lacks_order(entry):
            return "po_missing"
        if entry.billing_type == "billable" and self._may_be_billed(entry.date):
            return "before_reinstall"
        if ("entry", entry.id) in self.questioned:
            return "questioned"
        return None

    def _may_be_billed(self, day: date) -> bool:
        """Whether a ledger that is gone may have billed the work of this day."""
        until = self.contract.company_id.billing_hold_until
        return bool(until and day <= until)

    def _lacks_order(self, source) -> bool:
        wanted = self.policy.po_required and source.billing_type == "billable"
        return bool(wanted and not source._get_purchase_order())

    def _admit_charges(self, work) -> list:
        """Charges of the rating core: recorded ones, journeys, blocks and fees."""
        charges = []
        for charge in work.charges:
            price = charge._get_unit_price(self.on, self.contract)
            if self._lacks_order(charge):
                self.held.append(self._hold(charge, "po_missing"))
            elif price is None:
                self.held.append(self._hold(charge, "no_exchange_rate"))
            else:
                charges.append(self.rater._prepare_charge(charge, price))
        for visit in work.visits:
            journeys = self.rater._prepare_journeys(visit, self.policy)
            if self._lacks_order(visit):
                self.held += [self._hold_charge(c, "po_missing") for c in journeys]
            else:
                charges += journeys
        charges += [self._prepare_block(block) for block in work.blocks]
        charges += [self._prepare_fee(fee, first) for fee, first in work.fees]
        reasons = [(charge, self._get_charge_hold(charge)) for charge in charges]
        self.held += [self._hold_charge(c, reason) for c, reason in reasons if reason]
        return [charge for charge, reason in reasons if not reason]

    def _get_charge_hold(self, charge: Charge) -> str | None:
        if charge.billing == "billable" and self._may_be_billed(charge.day):
            return "before_reinstall"
        if not self.questioned.isdisjoint((charge.key, charge.key[:2])):
            return "questioned"
        return None

    def _admit_incidents(self, tickets) -> list:
        """Tickets that allotments count, but for those in question."""
        admitted = []
        for ticket in tickets:
            incident = self.rater._prepare_incident(ticket, self.contract)
            reason = None
            if self._may_be_billed(incident.day):
                reason = "before_reinstall"
            elif ("ticket", ticket.id) in self.questioned:
                reason = "questioned"
            if not reason:
                admitted.append(incident)
                continue
            self.held.append(
                Item(
                    kind="overage",
                    ticket=ticket.id,
                    day=incident.day,
                    state="held",
                    reason=reason,
                )
            )
        return admitted

    def _prepare_block(self, block) -> Charge:
        """The purchase of a prepaid block."""
        return self.rater._prepare_block(block)

    def _prepare_fee(self, fee, first: date) -> Charge:
        """A recurring fee of the period that begins on ``first``."""
        return fee._get_charge(first)

    # Rating

    def _rate_complete(self, entries, charges, incidents, history):
        """Rate; an entry of which a part cannot be billed is held as a whole."""
        items = self._rate_once(entries, charges, incidents, history)
        reasons = {item.entry: item.reason for item in items if item.state == "held"}
        reasons |= self._find_exceeding(items)
        if not reasons or self._are_held_as_whole(items, reasons):
            return self._warn_exceeding(items)
        kept = [entry for entry in entries if entry.id not in reasons]
        left = [charge for charge in charges if charge.key[:2] not in reasons]
        items = self._rate_once(kept, left, incidents, history)
        held = [self._hold(e, reasons[e.id]) for e in entries if e.id in reasons]
        held += [
            self._hold_charge(charge, reasons[charge.key[:2]])
            for charge in charges
            if charge.key[:2] in reasons
        ]
        return self._warn_exceeding(items) + tuple(held)

    def _rate_once(self, entries, charges, incidents, history) -> tuple[Item, ...]:
        work = [part for entry in entries for part in self._prepare(entry)]
        items = rate(self.conditions, work, charges, history, incidents).items
        return self._restore(items) if self.reopened else items

    def _prepare(self, entry) -> list[Entry]:
        """An entry for the core, or its credited parts by the ids of their items.

        Work that the ticket system has deleted is not billed again.
        """
        parts = [
            self.rater._prepare_part(part, self.contract)
            for part in self.reopened.get(entry, ())
        ] or [self.rater._prepare_entry(entry, self.contract)]
        if entry.deleted_upstream:
            return [replace(part, billing="deleted") for part in parts]
        return parts

    def _restore(self, items) -> tuple[Item, ...]:
        """Items of credited parts as items of their entries, beside the settled."""
        owners = {-part.id: entry for entry, parts in self.reopened.items()
                  for part in parts}  # fmt: skip
        segments = {}
        restored = []
        for item in items:
            entry = owners.get(item.entry)
            if entry:
                first = segments.get(entry) or entry._get_next_segment()
                segments[entry] = first + 1
                item = replace(item, entry=entry.id, segment=first)
            restored.append(item)
        return tuple(restored)

    def _are_held_as_whole(self, items, reasons: dict) -> bool:
        return all(
            item.state == "held" for item in items if self._get_source(item) in reasons
        )

    # Purchase orders

    def _get_rest(self, item: Item):
        """Key of the limited purchase order of an item, if it has one."""
        order = self.rater._get_item_order(self.contract, item)
        key = (self.contract.partner_id, self.contract.company_id, order)
        return key if key in self.orders else None

    def _get_nets(self, items) -> dict:
        """Net per limited order and source, in order of the work."""
        nets = defaultdict(lambda: defaultdict(Decimal))
        for item in sorted(items, key=lambda i: (i.day, str(i.start or ""))):
            key = self._get_rest(item) if item.state == "open" else None
            if key:
                nets[key][self._get_source(item)] += item.net
        return nets

    def _split_by_limit(self, items) -> set:
        """Sources that their purchase order has no room for.

        What is held takes no room; what is billed with a warning does.
        """
        is_held = self.policy.po_exceeded == "hold"
        exceeding = set()
        for key, by_source in self._get_nets(items).items():
            rest = self.orders[key]
            for source, net in by_source.items():
                if net > rest:
                    exceeding.add(source)
                if net <= rest or not is_held:
                    rest -= net
        return exceeding

    def _find_exceeding(self, items) -> dict:
        if not self.orders or self.policy.po_exceeded != "hold":
            return {}
        return {
            source: "po_limit_exceeded"
            for source in self._split_by_limit(items) - {None}
            # Fees and blocks are due whatever is left of an order.
            if not isinstance(source, tuple) or source[0] in ("charge", "visit")
        }

    def _warn_exceeding(self, items) -> tuple[Item, ...]:
        """Mark what is billed although its purchase order has no room for it."""
        exceeding = self._split_by_limit(items) if self.orders else set()
        return tuple(
            replace(item, warning="po_limit_exceeded")
            if item.state == "open"
            and self._get_source(item) in exceeding
            and self._get_rest(item)
            else item
            for item in items
        )

    # Corrections of billed work

    def _correct(self, entries, history: History):
        """Items that make the ledger right for entries changed after billing.

        They come first: fresh work must not use what a correction takes.
        """
        corrections: list[Item] = []
        book = self.rater.env["ticket.billing.history"]
        waiting = sorted(entries, key=lambda e: (e.date, e.id))
        while waiting:
            group = book._get_rounded_together(waiting[0], self.policy)
            changed = [entry for entry in waiting if entry in group]
            waiting = [entry for entry in waiting if entry not in group]
            before = book._get_settled_by_entry(group, self.policy)
            settled = [item for items in before.values() for item in items]
            after, reason = self._rate_again(group, book._without(history, settled))
            if reason:
                for entry in changed:
                    held = replace(self._hold(entry, reason), kind="correction")
                    self.held.append(held)
                continue
            new = self._get_corrections([e.id for e in changed], before, after)
            corrections += new
            history = book._with(history, new)
        return corrections, history

    def _get_corrections(self, changed: list, before: dict, after: dict):
        """Differences of the entries of a group of which some have changed.

        What was only rounded together with them keeps its price; minutes that move
        count for the first entry that has changed.
        """
        own, others = {}, []
        for entry in sorted({*before, *after}, key=lambda key: key or 0):
            old, new = before.get(entry, []), after.get(entry, [])
            minutes = [sum(i.billable_minutes for i in items) for items in (old, new)]
            if entry in changed:
                own[entry] = correct(old, new)
            elif minutes[0] != minutes[1]:
                others += correct(old, new)
        first = changed[0]
        own[first] = gather(own.get(first, ()), others)
        return [
            item
            for entry in changed
            for item in self._use_up(entry, own.get(entry, ()))
        ]

    def _use_up(self, entry: int, items) -> tuple[Item, ...]:
        """Corrections of an entry; what was credited of it is not given back again."""
        entry = self.rater.env["account.analytic.line"].browse(entry)
        book = self.rater.env["ticket.billing.history"]
        return use_up(items, book._get_credited(entry))

    def _rate_again(self, entries, history: History):
        """Items per entry with its present figures, or why they cannot be rated."""
        try:
            work = [self.rater._prepare_entry(e, self.contract) for e in entries]
            rated = rate(self.conditions, work, history=history).items
        except ConfigurationError as error:
            return {}, error.code
        after = defaultdict(list)
        for item in rated:
            if item.entry is not None or item.kind == "rounding_adjust":
                after[item.entry].append(item)
        reasons = [item.reason for item in rated if item.state == "held"]
        return after, reasons[0] if reasons else None

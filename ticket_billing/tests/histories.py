"""Random histories of customers: work, edits, invoices, credits, corrections.

Histories go side by side: each has its own customer and dice, and each group of
customers its own billing run, so that one run bills many of them.
"""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from odoo.exceptions import UserError

TYPES = ("billable",) * 6 + ("internal", "warranty", "goodwill")
NEXT_STEPS = ("edit", "edit", "delete", "move", "merge", "reopen", "correct", "correct")
DOCUMENT_STEPS = (
    ("wait", 30),
    ("minutes", 20),
    ("lines", 12),
    ("full", 10),
    ("goodwill", 8),
    ("modify", 10),
    ("reverse_credit", 10),
)


class History:
    """One customer: what happened to the work, and the documents that came of it."""

    def __init__(self, case, seed: str, number: int, contract, tickets):
        self.case = case
        self.env = case.env
        self.dice = Random(f"{seed}-{number}")
        self.number = number
        self.contract = contract
        self.tickets = tickets
        self.goodwill = Decimal(0)
        self.given = self.env["account.move"]  # what goodwill was credited of
        self.keeps_credit = number % 3 == 0  # what is credited stays so
        self.steps: list[str] = []

    def note(self, *words) -> None:
        self.steps.append(" ".join(str(word) for word in words))

    def tell(self) -> str:
        """What happened, and what the ledger and the documents look like."""
        items = self.env["ticket.billing.item"].search(
            [("contract_id", "=", self.contract.id)], order="entry_id, id"
        )
        ledger = [
            " ".join(
                str(part)
                for part in (item.entry_id.id, item.kind, item.state, item.raw_minutes,
                             item.billable_minutes, item.net, item.invoice_id.name,
                             item.credited_item_id.id and "takes back", item.reason)
            )
            for item in items
        ]  # fmt: skip
        documents = [
            f"{m.name} {m.state} {m.amount_untaxed_signed} {m.reversed_entry_id.name}"
            for m in self.moves
        ]
        return "\n".join([*self.steps, "Ledger:", *ledger, "Documents:", *documents])

    @property
    def entries(self):
        return self.tickets.time_entry_ids.sorted("id")

    @property
    def moves(self):
        """Documents over the work of this customer, credit notes too."""
        return self.env["account.move"].search(
            [("partner_id", "=", self.contract.partner_id.id)], order="id"
        )

    def is_settled(self, entry) -> bool:
        return any(item.settled and item.live for item in entry.billing_item_ids)

    # -------------------------------------------------------------------- work

    def plan_entries(self) -> Iterator[dict]:
        """Values of new time entries."""
        for _count in range(self.dice.choice((0, 1, 1, 2, 3))):
            minutes = self.dice.choice((0, 5, 20, 45, self.dice.randint(1, 240)))
            vals = {
                "ticket_id": self.dice.choice(self.tickets).id,
                "date": f"2026-10-{self.dice.randint(1, 28):02}",
                "raw_minutes": minutes,
                **self._get_kind(),
            }
            self.note("work", minutes, vals["billing_type"], vals["work_type_id"])
            yield {
                "employee_id": self.case.anna.id,
                "name": f"Work {len(self.steps)}",
                **vals,
            }

    def _get_kind(self) -> dict:
        work_types = self.case.remote, self.case.onsite
        return {
            "work_type_id": self.dice.choice(work_types).id,
            "billing_type": self.dice.choice(TYPES),
        }

    def plan_charges(self) -> Iterator[dict]:
        if self.dice.random() < 0.2:
            quantity, price = self.dice.randint(1, 4), self.dice.choice((9.9, 120))
            self.note("charge", quantity, price)
            yield {
                "ticket_id": self.dice.choice(self.tickets).id,
                "product_id": self.case.product.id,
                "date": "2026-10-15",
                "quantity": quantity,
                "price_unit": price,
            }

    def change_work(self) -> None:
        """Some edits, of work that is billed already and of work that is not."""
        for _count in range(self.dice.choice((0, 0, 1, 1, 2))):
            step = self.dice.choice(NEXT_STEPS)
            entries = self.entries.filtered(
                lambda e, is_billed=step == "correct": self.is_settled(e) == is_billed
            )
            if entries or step == "reopen":
                entry = self.dice.choice(entries) if entries else entries
                getattr(self, f"_do_{step}")(entry)

    def _do_edit(self, entry) -> None:
        vals = {"raw_minutes": self.dice.randint(1, 240), **self._get_kind()}
        self.note("edit", entry.id, *vals.values())
        entry.write(vals)

    def _do_delete(self, entry) -> None:
        if not entry.billing_item_ids.filtered(lambda i: not i.live):
            self.note("delete", entry.id)
            entry.unlink()

    def _do_move(self, entry) -> None:
        ticket = self.dice.choice(self.tickets)
        self.note("move", entry.id, "to", ticket.number)
        entry.ticket_id = ticket

    def _do_merge(self, entry) -> None:
        """All unbilled work of a ticket follows the one that survives."""
        ticket = self.dice.choice(self.tickets)
        self.note("merge", entry.ticket_id.number, "into", ticket.number)
        loose = entry.ticket_id.time_entry_ids.filtered(
            lambda e: not self.is_settled(e)
        )
        charges = entry.ticket_id.charge_ids
        charges.filtered(
            lambda c: not c.billing_item_ids.filtered("settled")
        ).ticket_id = ticket
        loose.ticket_id = ticket

    def _do_reopen(self, _entry) -> None:
        ticket = self.dice.choice(self.tickets)
        name = "new" if ticket.closed else "done"
        self.note("stage", ticket.number, name)
        ticket.stage_id = self.env.ref(f"helpdesk_mgmt.helpdesk_ticket_stage_{name}")

    def _do_correct(self, entry) -> None:
        vals = {"raw_minutes": self.dice.choice((0, 15, self.dice.randint(1, 240)))}
        if self.dice.random() < 0.5:
            vals |= self._get_kind()
        self.note("correct", entry.id, *vals.values())
        for name in ("raw_minutes", "billing_type"):
            if vals.get(name, entry[name]) != entry[name]:
                self._assert_refused(entry, {name: vals[name]})
        wizard = self.env["ticket.billing.correction"].create(
            {"entry_id": entry.id, "reason": "History", **vals}
        )
        wizard.action_correct()

    def _assert_refused(self, entry, vals: dict) -> None:
        try:
            entry.write(vals)
        except UserError:
            return
        raise AssertionError("a billed entry can be changed by hand")

    # --------------------------------------------------------------- documents

    def choose_draft_step(self, move) -> str:
        """What becomes of a draft: most are posted."""
        steps = ("post",) * 7 + ("cancel", "delete", "delete_line")
        step = self.dice.choice(steps)
        self.note(step, "draft", move.id)
        return step

    def choose_step(self, move) -> str:
        """What is done about a posted document."""
        names, weights = zip(*DOCUMENT_STEPS, strict=True)
        step = self.dice.choices(names, weights)[0]
        if not self._fits(step, move):
            return "wait"
        if step != "wait":
            self.note(step, move.name)
        return step

    def _fits(self, step: str, move) -> bool:
        credits = move.reversal_move_ids
        if step == "reverse_credit":
            is_credit = bool(move.reversed_entry_id) and move.move_type == "out_refund"
            return is_credit and not credits and not self.is_rebilled(move)
        if not move.billing_run_id or move.move_type != "out_invoice":
            return False
        if move.amount_untaxed <= 0:
            return False
        if step == "minutes":
            return move not in self.given and bool(self._get_minutes_left(move))
        return not credits

    def _get_minutes_left(self, move) -> dict:
        """Minutes that are not credited per line of an invoice."""
        left = {}
        for line in move.invoice_line_ids.filtered("billing_item_ids"):
            minutes = line._get_minutes() - sum(line._get_credited_minutes().values())
            if minutes > 3 and line.price_unit > 0 and line.quantity > 0:
                left[line] = minutes
        return left

    def is_rebilled(self, move) -> bool:
        items = move.invoice_line_ids.credited_billing_item_ids
        again = items.credit_line_ids.move_id.filtered(
            lambda m: m.move_type == "out_invoice" and m.state != "cancel"
        )
        return bool(again or items.filtered(lambda i: i._is_released()))

    def edit_credit(self, step: str, credit) -> None:
        """Make a full draft credit note the one that is wanted."""
        products = credit.invoice_line_ids.filtered("product_id")
        if step == "goodwill":
            for line in products:
                line.price_unit /= 10
            self.given |= credit.reversed_entry_id | credit
            self.goodwill += Decimal(str(credit.amount_untaxed))
        elif step == "reverse_credit" and credit.reversed_entry_id in self.given:
            self.goodwill -= Decimal(str(credit.amount_untaxed))
        elif step == "lines":
            dropped = products.filtered(lambda _line: self.dice.random() < 0.5)
            (dropped if dropped != products else products[1:]).unlink()
        elif step == "minutes":
            self._credit_minutes(credit, products)
        self.note("credits", credit.amount_untaxed)

    def _credit_minutes(self, credit, products) -> None:
        """Keep one line, with some of the minutes that are not credited yet."""
        left = self._get_minutes_left(credit.reversed_entry_id)
        billed = self.dice.choice(sorted(left, key=lambda line: line.id))
        line = products.filtered(
            lambda li: li.credited_billing_item_ids == billed.billing_item_ids
        )
        (products - line).unlink()
        taken = 3 * self.dice.randint(1, left[billed] // 3)
        line.quantity = taken / line._get_minutes_per_unit()

    def edit_modified(self, draft) -> None:
        """The draft in place of a credited invoice: as it was, or with less."""
        if self.dice.random() < 0.5:
            products = draft.invoice_line_ids.filtered("product_id")
            products[1:].unlink()
        self.note("bills again", draft.amount_untaxed)

    def releases(self) -> bool:
        return self.dice.random() < 0.5

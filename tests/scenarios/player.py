"""Plays the timeline of a scenario through the product and compares the result."""

from datetime import date, timedelta
from decimal import Decimal

import documents
from rows import NotSupported
from vocabulary import check, without_nulls
from world import World

DELETED = "deleted_after_billing"
WAITING = "below_minimum"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov",
          "dec")  # fmt: skip


def play(case, scenario: dict) -> list[str]:
    """Differences between the product and what the scenario expects.

    :raise vocabulary.UnknownKey: for a key or value outside the vocabulary
    :raise rows.NotSupported: for what the product cannot do yet
    """
    check(scenario)
    return Player(case, without_nulls(scenario)).play()


class Player:
    """One scenario on its way through the product."""

    def __init__(self, case, scenario: dict):
        self.case = case
        self.env = case.env
        self.scenario = scenario
        self.expected = scenario["expected"]
        self._check_expected()
        self.world = World(case, scenario)
        self.moves = self._find_moves()

    def play(self) -> list[str]:
        """Play all steps, then compare documents, exceptions and balances."""
        differences = []
        read = []
        for number, step in enumerate(self.scenario["timeline"]):
            getattr(self, f"_play_{step['op']}")(step, number)
            new = self._find_moves() - self.moves
            self.moves |= new
            expected = [
                each
                for each in self.expected["invoices"]
                if each["after_step"] == number
            ]
            kind = self._get_credit_kind(step, expected)
            names = self._get_names()
            documents_now = [documents.read(move, names, kind) for move in new]
            read += documents_now
            wanted = [documents.expect(each) for each in expected]
            differences += [
                f"step {number}: {text}"
                for text in documents.compare(documents_now, wanted)
            ]
        wrong = self.scenario.get("wrong_answers") or []
        differences += documents.find_wrong_answers(read, wrong)
        return differences + self._compare_exceptions() + self._compare_balances()

    def _get_credit_kind(self, step: dict, expected: list[dict]) -> str | None:
        """What the scenario calls the lines of a credit note.

        Either what they take back (time), or that they do: credit, and goodwill where
        the work is not billed again.
        """
        if step["op"] != "credit_note":
            return None
        words = {"credit"} if step["release_work"] else {"credit", "goodwill"}
        kinds = {line["kind"] for each in expected for line in each["lines"]}
        return kinds.pop() if len(kinds) == 1 and kinds <= words else None

    def _find_moves(self):
        return self.env["account.move"].search(
            [("company_id", "=", self.case.company.id)], order="id"
        )

    def _get_names(self) -> dict:
        sources = {**self.world.entries, **self.world.charges}
        return {record: key for key, record in sources.items()}

    # ------------------------------------------------------------------- steps

    def _play_bill_run(self, step: dict, number: int) -> None:
        day = date.fromisoformat(step["on"])
        run = self.env["ticket.billing.run"].create(
            {
                "date": day,
                **self._get_period(step),
                "company_id": self.case.company.id,
            }
        )
        run.action_bill()
        run.action_release()
        drafts = run.invoice_ids.filtered(lambda move: move.state == "draft")
        if drafts:
            raise AssertionError(f"not posted: {run.line_ids.mapped('message')}")

    def _get_period(self, step: dict) -> dict:
        """Days whose work is taken: all before the run, or those of its period."""
        if "period" not in step:
            return {"work_before": step["on"]}
        first, last = map(date.fromisoformat, step["period"])
        return {"work_from": first, "work_before": last + timedelta(days=1)}

    def _play_log(self, step: dict, number: int) -> None:
        self.world.log(step["entry"], self.world.get_default_day(number))

    def _play_edit(self, step: dict, number: int) -> None:
        self.world.entries[step["entry"]]._correct({"raw_minutes": step["minutes"]})

    def _play_delete_upstream(self, step: dict, number: int) -> None:
        entry = self.world.entries[step["entry"]]
        if entry.billing_locked:
            entry._set_deleted_upstream()
        else:
            entry.unlink()
            del self.world.entries[step["entry"]]

    def _play_reopen(self, step: dict, number: int) -> None:
        ticket = self.world.ticket(step["ticket"])
        self.case._close(ticket)
        ticket.stage_id = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_new")

    def _play_set_rate(self, step: dict, number: int) -> None:
        """A new rate takes over from the ones of the same scope."""
        rate = {key: value for key, value in step.items() if key != "op"}
        first = date.fromisoformat(rate["valid_from"])
        scope = self.world.get_rate_scope(rate)
        rates = self.env["ticket.billing.rate"]
        older = rates.with_context(billing_price_correction=True).search(
            [*scope, "|", ("valid_to", "=", False), ("valid_to", ">=", first)]
        )
        replaced = older.filtered(lambda r: r.valid_from and r.valid_from >= first)
        replaced.unlink()
        (older - replaced).valid_to = first - timedelta(days=1)
        self.world.create_rate(rate)

    def _play_credit_note(self, step: dict, number: int) -> None:
        invoices = self.moves.filtered(lambda move: move.move_type == "out_invoice")
        invoice = invoices[step["invoice"]]
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "Scenario"})
        )
        credit = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        self._prune(credit, step)
        credit.action_post()
        if step["release_work"]:
            credit.action_release_work()

    def _prune(self, credit, step: dict) -> None:
        """Leave only what the step credits."""
        lines = credit.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        (credit.invoice_line_ids - lines).unlink()
        keys = step.get("lines", "all")
        if keys != "all":
            sources = [self.world.entries.get(key) or self.world.charges[key]
                       for key in keys]  # fmt: skip
            for line in lines:
                self._keep_sources(line, sources)
        if "quantity_h" in step:
            self._reduce(lines.exists(), float(step["quantity_h"]) * 60)

    def _keep_sources(self, line, sources: list) -> None:
        """Reduce a line to the work of some entries or charges."""
        items = line.credited_billing_item_ids
        kept = items.filtered(lambda i: (i.charge_id or i.entry_id) in sources)
        if not kept:
            line.unlink()
        elif kept != items:
            line.credited_billing_item_ids = kept
            self._set_minutes(line, sum(kept.mapped("billable_minutes")))

    def _reduce(self, lines, minutes: float) -> None:
        """Leave so many minutes, of the last lines."""
        for line in reversed(lines):
            per_unit = line._get_minutes_per_unit()
            left = min(line.quantity * per_unit, minutes)
            minutes -= left
            if left:
                self._set_minutes(line, left)
            else:
                line.unlink()
        if minutes > 0.001:
            raise NotSupported("credit_note.quantity_h beyond the invoice")

    def _set_minutes(self, line, minutes: float) -> None:
        """Minutes of a line, in a unit whose two decimals are enough for them."""
        per_unit = line._get_minutes_per_unit()
        if per_unit == 60 and minutes % 3:
            price = line.price_unit / 60
            line.product_uom_id = self.env.ref("uom.product_uom_minute")
            line.price_unit, per_unit = price, 1
        line.quantity = minutes / per_unit

    # -------------------------------------------------- exceptions and balances

    def _check_expected(self) -> None:
        """Refuse codes that the product does not have."""
        fields = self.env["ticket.billing.item"]._fields
        self.held = set(fields["rated_reason"].get_values(self.env))
        self.warnings = set(fields["warning"].get_values(self.env))
        for each in self.expected.get("exceptions") or []:
            if each["code"] not in self.held | self.warnings | {DELETED}:
                raise NotSupported(f"expected.exceptions code {each['code']}")

    def _get_items(self):
        contracts = self.env["ticket.billing.contract"].concat(
            *self.world.contracts.values()
        )
        return self.env["ticket.billing.item"].search(
            [("contract_id", "in", contracts.ids), ("live", "=", True)]
        )

    def _find_exceptions(self) -> set[tuple]:
        """(subjects, code, is it a mere warning) of what the product reports.

        Subjects are the keys that a scenario may name: of the entry or charge, and
        of the ticket.
        """
        names = self._get_names()
        found = set()
        for item in self._get_items():
            subjects = (names.get(item.entry_id), names.get(item.charge_id),
                        item.ticket_id.name)  # fmt: skip
            if item.warning:
                found.add((subjects, item.warning, True))
            if item.state == "held":
                # What waits for more is neither an error nor a warning.
                is_warning = None if item.reason == WAITING else False
                found.add((subjects, item.reason, is_warning))
        for key, entry in self.world.entries.items():
            if entry.deleted_upstream:
                found.add(((key, None, entry.ticket_id.name), DELETED, None))
        return found

    def _compare_exceptions(self) -> list[str]:
        found = self._find_exceptions()
        missing, matched = [], set()
        for each in self.expected.get("exceptions") or []:
            matches = {one for one in found if self._is_same(one, each)}
            matched |= matches
            if not matches:
                missing.append(f"missing exception {each}")
        unexpected = sorted(found - matched, key=str)
        return [*missing, *(f"unexpected exception {each}" for each in unexpected)]

    def _is_same(self, found: tuple, expected: dict) -> bool:
        """A ticket's exception may be on several of its items.

        Severities other than ``warning`` stand for work that is held.
        """
        subjects, code, is_warning = found
        if code != expected["code"]:
            return False
        wanted = (expected.get("severity") or "warning") == "warning"
        if is_warning is not None and is_warning != wanted:
            return False
        named = {expected[key] for key in ("entry", "ticket") if expected.get(key)}
        return named <= set(subjects)

    def _compare_balances(self) -> list[str]:
        differences = []
        for key, wanted in (self.expected.get("balances") or {}).items():
            figures = self._get_balances(key)
            values = wanted if isinstance(wanted, dict) else {key: wanted}
            for word, value in values.items():
                name = self._get_figure_name(word)
                if name not in figures:
                    raise NotSupported(f"expected.balances {key}.{word}")
                if figures[name] != Decimal(str(value)):
                    differences.append(
                        f"balance {key}.{name}: {figures[name]} instead of {value}"
                    )
        return differences

    def _get_figure_name(self, word: str) -> str:
        """``used`` of ``quota_used_minutes``."""
        for prefix in ("quota_", "retainer_"):
            word = word.removeprefix(prefix)
        for suffix in ("_minutes", "_amount"):
            word = word.removesuffix(suffix)
        return word

    def _get_balances(self, key: str) -> dict:
        """Figures of a block, or of the allotment in a month or the one worked in."""
        allotments = self.world.allotments
        allotment = allotments.get(key) or allotments.get("")
        if not allotment:
            raise NotSupported(f"expected.balances {key}")
        used = allotment._get_used()[allotment]
        day = self._get_balance_day(key, allotment, list(used))
        state = allotment._get_balance(used, day)
        left = state.available - state.used
        lapsed = self._get_lapsed(allotment, state)
        return {
            "available": state.available,
            "used": state.used,
            "unused": left,
            "carried": state.carried,
            "lapsed": lapsed,
            "remaining": left - lapsed,
            "overage": self._get_overage(day),
        }

    def _get_lapsed(self, allotment, state) -> Decimal:
        """What nobody can use any more; the rest of a block once it has expired."""
        if allotment.period != "block":
            return state.lapsed
        steps = self.scenario["timeline"]
        last = max(step["on"] for step in steps if step["op"] == "bill_run")
        expires = allotment.date_end
        is_over = expires and expires < date.fromisoformat(last)
        return state.available - state.used if is_over else Decimal(0)

    def _get_overage(self, day: date) -> int:
        overage = self._get_items().filtered(
            lambda item: (
                item.kind == "overage"
                and item.work_date.replace(day=1) == day.replace(day=1)
            )
        )
        return sum(overage.mapped("billable_minutes"))

    def _get_balance_day(self, key: str, allotment, periods: list[date]) -> date:
        if key in MONTHS:
            first = self._get_first_day()
            month = MONTHS.index(key) + 1
            return date(first.year + (month < first.month), month, 28)
        if len(periods) > 1:
            raise NotSupported(f"expected.balances {key} over several periods")
        return periods[0] if periods else self._get_first_day()

    def _get_first_day(self) -> date:
        days = [entry.date for entry in self.world.entries.values()]
        return min(days, default=self.world.get_default_day(0))

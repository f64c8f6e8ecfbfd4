"""Batches of a billing run beside Odoo's own way to the same invoices."""

from contextlib import contextmanager
from functools import partial
from statistics import mean, median

from dataset import INVOICE_DAY
from stopwatch import Sample, measured, profiled

HEADER_FIELDS = ("move_type", "partner_id", "company_id", "currency_id",
                 "invoice_date", "delivery_date", "invoice_origin", "ref",
                 "invoice_user_id", "invoice_payment_term_id")  # fmt: skip
LINE_FIELDS = ("display_type", "sequence", "product_id", "name", "quantity",
               "price_unit", "product_uom_id", "discount")  # fmt: skip
# The steps of a billing run. Rated twice would be counted twice: no nesting here.
STEPS = {
    ("ticket.billing.run", "_get_work"): "rating",
    ("ticket.billing.rater", "_drop_proposals"): "rating",
    ("ticket.billing.rater", "_rate"): "rating",
    ("ticket.billing.invoicer", "_get_drafts"): "moves",
    ("ticket.billing.invoicer", "_create_invoices"): "moves",
    ("ticket.billing.invoicer", "_create_items"): "items",
    ("ticket.billing.run.line", "_set_result"): "marks",
}


class Benchmark:
    """One billing run of ``contracts`` and its floor, in batches."""

    def __init__(self, env, contracts, batch: int):
        self.env = env
        self.run = env["ticket.billing.run"].create(
            {"date": INVOICE_DAY, "company_id": env.company.id}
        )
        self.run._add_lines(contracts)
        self.run.state = "running"
        self.batch = batch
        self.billing: list[Sample] = []
        self.floor: list[Sample] = []

    def play(self, compared: int) -> None:
        """Bill all batches, the first ``compared`` invoices beside their floor.

        Which side comes first changes from batch to batch.
        """
        for number, lines in enumerate(self.get_batches()):
            sides = [partial(self._measure_billing, lines)]
            if number * self.batch < compared:
                prepared = self._prepare_floor(lines)
                sides.insert(number % 2, partial(self._measure_floor, prepared))
            for side in sides:
                self.env.cr.commit()
                side()
        self.env.cr.commit()

    def profile(self) -> dict[str, float]:
        """Bill everything; seconds per step."""
        with profiled(self.env, STEPS) as seconds:
            for lines in self.get_batches():
                self.env.cr.commit()
                self._measure_billing(lines)
        return dict(seconds)

    def get_batches(self):
        ids = self.run.line_ids.ids
        starts = range(0, len(ids), self.batch)
        return [
            self.run.line_ids.browse(ids[start : start + self.batch])
            for start in starts
        ]

    def _measure_billing(self, lines) -> None:
        with measured(self.env, self.billing):
            self._bill(lines)
        if set(lines.mapped("state")) != {"billed"}:
            raise RuntimeError(f"not billed: {lines.mapped('message')}")

    def _measure_floor(self, prepared) -> None:
        """Odoo's own way, taken back afterwards."""
        with rolled_back(self.env), measured(self.env, self.floor):
            self._take_floor(prepared)

    def _bill(self, lines) -> None:
        self.run._bill(lines)

    def _prepare_floor(self, lines) -> list[dict]:
        """The invoices that :meth:`_bill` will make, without what is ours."""
        rater = self.env["ticket.billing.rater"]
        invoicer = self.env["ticket.billing.invoicer"]
        contracts = lines.contract_id
        ratings = rater._rate(contracts, self.run._get_work(lines), self.run.date)
        ratings = {contract: ratings[contract.id] for contract in contracts}
        return [
            _plain(invoicer._prepare_invoice(draft, self.run))
            for draft in invoicer._get_drafts(ratings)
        ]

    def _take_floor(self, prepared):
        model = self.env["account.move"].with_context(mail_create_nolog=True)
        return model.create(prepared)

    def get_ms_per_invoice(self) -> float:
        return 1000 * median(s.seconds for s in self.billing) / self.batch

    def get_growth(self, first: int) -> float:
        """Time per invoice of the whole run to that of its ``first`` invoices."""
        start = self.billing[: first // self.batch]
        return mean(s.seconds for s in self.billing) / mean(s.seconds for s in start)

    def get_ratio(self) -> float:
        """Median over the batches of billing time to floor time."""
        return median(
            ours.seconds / floor.seconds
            for ours, floor in zip(self.billing, self.floor, strict=False)
        )

    def get_queries(self, samples: list[Sample]) -> float:
        return median(sample.queries for sample in samples) / self.batch


class PostingBenchmark(Benchmark):
    """The same up to posted invoices."""

    def _bill(self, lines) -> None:
        super()._bill(lines)
        self.run._post(lines)
        if set(lines.invoice_ids.mapped("state")) != {"posted"}:
            raise RuntimeError(f"not posted: {lines.mapped('message')}")

    def _take_floor(self, prepared):
        super()._take_floor(prepared)._post(soft=False)


def _plain(vals: dict) -> dict:
    """Header and lines as an importer would give them: Odoo computes the rest."""
    header = {name: vals[name] for name in HEADER_FIELDS if name in vals}
    header["invoice_line_ids"] = [
        (code, key, {name: line[name] for name in LINE_FIELDS if name in line})
        for code, key, line in vals["invoice_line_ids"]
    ]
    return header


@contextmanager
def rolled_back(env):
    """Undo what the block writes."""
    with env.cr.savepoint() as savepoint:
        yield
        savepoint.rollback()


def say(name: str, value: float, digits: int = 2, unit: str = "ratio") -> None:
    print(f"{unit} {name} {value:.{digits}f}", flush=True)

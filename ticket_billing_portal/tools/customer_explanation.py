"""The steps of billing items in words for the customer, without internal things."""

from collections.abc import Iterable
from datetime import date

from odoo.addons.ticket_billing.tools.explanation import Words

# What tells a price. All others may be read by whoever sees the time.
PRICED = {"rate", "factor", "minimum", "cap", "discount", "net"}
# In this order; how it was put together inside (levels, values without contract) is
# left out.
TOLD = (
    "flat_fee",
    "allotment",
    "rounding",
    "rate",
    "factor",
    "window",
    "discount",
    "minimum",
    "cap",
    "correction",
    "net",
)
# What names and prices its line already.
PLAIN_LEVELS = {"charge", "emergency_fee", "flat_fee", "minimum", "cap"}


class CustomerWords(Words):
    """Sentences for the steps of one item.

    :param records: ``{model: records}`` that steps may name, read at once
    """

    def __init__(self, item, records: dict, show_price: bool):
        super().__init__(item)
        self.records = records
        self.show_price = show_price
        self.steps = {step["code"]: step for step in item.explanation or []}

    def tell(self) -> list[str]:
        """One sentence per step that the customer may read."""
        told = [
            code
            for code in TOLD
            if code in self.steps and (self.show_price or code not in PRICED)
        ]
        sentences = [getattr(self, code)(self.steps[code]) for code in told]
        return [sentence for sentence in sentences if sentence]

    def _find(self, model: str, key):
        """The record that a step names, or none."""
        known = self.records[model]
        return known.browse(int(key) if str(key).isdigit() else ()) & known

    def rate(self, figures: dict) -> str | None:
        if figures["level"] in PLAIN_LEVELS:
            return None
        price = float(figures["value"])
        if figures.get("base"):
            base = float(figures["base"])
            price = base + price if figures["kind"] == "adjust" else base * price
        return self.env._("Price as agreed: %(price)s per hour",
                      price=self._money(price))  # fmt: skip

    def factor(self, figures: dict) -> str:
        return self.env._(
            "This kind of work costs × %(factor)s",
            factor=self._number(figures["factor"]),
        )

    def window(self, figures: dict) -> str:
        names = [
            self.env._("Emergency")
            if key == "emergency"
            else self._find("ticket.billing.surcharge", key).name
            for key in str(figures["keys"]).split(", ")
        ]
        return self.env._(
            "Surcharge of %(percent)s %%: %(windows)s",
            percent=self._number(figures["percent"]),
            windows=", ".join(name for name in names if name),
        )

    def rounding(self, figures: dict) -> str | None:
        raw, billable = int(figures["raw"]), int(figures["billable"])
        if raw == billable:
            return None
        return self.env._(
            "%(raw)s worked become %(billable)s, in steps of %(increment)s minutes;"
            " %(scope)s",
            raw=self._time(raw),
            billable=self._time(billable),
            increment=figures["increment"],
            scope=rounding_scope(self.env, figures["scope"]),
        )

    def allotment(self, figures: dict) -> str:
        allotment = self._find("ticket.billing.allotment", figures["key"])
        if not allotment or (allotment.unit == "amount" and not self.show_price):
            return self.env._("Included in your contract")
        return self.env._(
            "%(allotment)s (%(period)s): %(taken)s taken, %(after)s left then",
            allotment=allotment.name,
            period=allotment._get_portal_period(date.fromisoformat(figures["period"])),
            taken=allotment._format_quantity(figures["taken"]),
            after=allotment._format_quantity(figures["after"]),
        )

    def correction(self, figures: dict) -> str:
        return self.env._("Corrected after it was billed: only the difference counts")

    def net(self, figures: dict) -> str | None:
        if figures["minutes"] is None:
            return None
        line, share = self._money(figures["line_net"]), self._money(figures["net"])
        values = {
            "time": self._time(figures["minutes"]),
            "price": self._money(self.steps["price"]["unit_price"]),
            "line": line,
            "share": share,
        }
        if line == share:
            return self.env._("%(time)s h at %(price)s = %(line)s", **values)
        return self.env._(
            "%(time)s h on the invoice line at %(price)s = %(line)s, of which %(share)s"
            " are for this",
            **values,
        )


def rounding_scope(env, scope: str) -> str:
    """What is rounded together, in words for the customer."""
    return {
        "entry": env._("each piece of work by itself"),
        "visit": env._("all work of a visit together"),
        "ticket": env._("all work on a ticket together"),
        "invoice": env._("all work on an invoice together"),
    }[scope]


def explain_to_customer(items, priced) -> dict:
    """Sentences per item, with a number of queries that does not depend on theirs.

    :param priced: those of ``items`` whose price the customer may see
    """
    records = {
        "ticket.billing.surcharge": _read(
            items, "ticket.billing.surcharge", _figures(items, "window", "keys")
        ),
        "ticket.billing.allotment": _read(
            items, "ticket.billing.allotment", _figures(items, "allotment", "key")
        ),
    }
    return {item: CustomerWords(item, records, item in priced).tell() for item in items}


def _figures(items, code: str, name: str) -> set[str]:
    """Keys that the steps of this code name."""
    return {
        key
        for item in items
        for step in item.explanation or []
        if step["code"] == code
        for key in str(step[name]).split(", ")
    }


def _read(items, model: str, keys: Iterable[str]):
    ids = sorted(int(key) for key in keys if key.isdigit())
    return items.env[model].sudo().browse(ids).exists()

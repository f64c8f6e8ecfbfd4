"""Puts the steps of a billing item into words, in the user's language."""

from odoo.tools import format_date

from .duration import format_minutes
from .number import format_number


class Words:
    """Sentences for the steps of one price."""

    def __init__(self, record):
        self.currency = record.currency_id
        self.env = record.env

    def _money(self, value) -> str:
        return self.currency.format(float(value or 0))

    def _time(self, minutes) -> str:
        return format_minutes(round(float(minutes or 0)))

    def _number(self, value) -> str:
        """A stored decimal without trailing zeros."""
        return format_number(self.env, value)

    def _record(self, model: str, key) -> str:
        if not key or not str(key).isdigit():
            return ""
        record = self.env[model].sudo().browse(int(key)).exists()
        return record.display_name if record else f"#{key}"

    def rate(self, figures: dict) -> str:
        levels = {
            "entry": self.env._("set on the time entry"),
            "contract": self.env._("contract"),
            "work_type": self.env._("work type"),
            "employee": self.env._("employee"),
            "ticket": self.env._("ticket"),
            "default": self.env._("for all work"),
            "overage": self.env._("overage price of the allotment"),
            "flat_fee": self.env._("flat fee"),
            "charge": self.env._("price of the charge"),
            "emergency_fee": self.env._("emergency fee of the contract"),
            "minimum": self.env._("minimum per ticket"),
            "cap": self.env._("not to exceed per ticket"),
        }
        scope = ", ".join(
            levels.get(part, part) for part in figures["level"].split("+")
        )
        if figures.get("base"):
            return self.env._(
                "Rate: %(kind)s %(value)s on the standard rate %(base)s (%(scope)s)",
                kind={"adjust": "+", "multiplier": "×"}[figures["kind"]],
                value=self._number(figures["value"]),
                base=self._money(figures["base"]),
                scope=scope,
            )
        return self.env._(
            "Rate: %(value)s (%(scope)s)",
            value=self._money(figures["value"]),
            scope=scope,
        )

    def factor(self, figures: dict) -> str:
        return self.env._(
            "Factor of the work type: × %(factor)s",
            factor=self._number(figures["factor"]),
        )

    def window(self, figures: dict) -> str:
        names = [
            self.env._("Emergency")
            if key == "emergency"
            else self._record("ticket.billing.surcharge", key)
            for key in str(figures["keys"]).split(", ")
        ]
        return self.env._(
            "Surcharge: +%(percent)s %% (%(windows)s)",
            percent=self._number(figures["percent"]),
            windows=", ".join(names),
        )

    def rounding(self, figures: dict) -> str:
        policy = self.env["ticket.billing.policy"]
        modes = dict(policy._fields["rounding_mode"]._description_selection(self.env))
        scopes = dict(policy._fields["rounding_scope"]._description_selection(self.env))
        return self.env._(
            "Minutes: %(raw)s worked, %(billable)s billable (%(mode)s, steps of"
            " %(increment)s min, %(scope)s)",
            raw=figures["raw"],
            billable=figures["billable"],
            mode=modes.get(figures["mode"], figures["mode"]),
            increment=figures["increment"],
            scope=scopes.get(figures["scope"], figures["scope"]),
        )

    def flat_fee(self, figures: dict) -> str:
        if figures["included"] is None:
            return self.env._("Flat fee: all the time of the ticket is included")
        return self.env._(
            "Flat fee: %(covered)s of %(included)s included minutes used here",
            covered=figures["covered"],
            included=figures["included"],
        )

    def allotment(self, figures: dict) -> str:
        key = figures["key"]
        allotment = self.env["ticket.billing.allotment"].sudo().browse(int(key))
        if not allotment.exists():
            return self.env._("Covered by allotment #%(number)s", number=key)
        left = {
            name: allotment._format_quantity(figures[name])
            for name in ("before", "taken", "after")
        }
        return self.env._(
            "%(allotment)s, period from %(period)s: %(before)s left before,"
            " %(taken)s taken, %(after)s left",
            allotment=allotment.display_name,
            period=format_date(self.env, figures["period"]),
            **left,
        )

    def minimum(self, figures: dict) -> str:
        return self.env._(
            "Minimum per ticket %(minimum)s: %(before)s billed before, %(now)s now",
            minimum=self._money(figures["minimum"]),
            before=self._money(figures["before"]),
            now=self._money(figures["now"]),
        )

    def cap(self, figures: dict) -> str:
        return self.env._(
            "Not to exceed %(cap)s per ticket: %(before)s billed before, %(now)s now",
            cap=self._money(figures["cap"]),
            before=self._money(figures["before"]),
            now=self._money(figures["now"]),
        )

    def correction(self, figures: dict) -> str:
        return self.env._(
            "Correction after billing: %(before)s before, %(after)s now",
            before=self._number(figures["before"] or 0),
            after=self._number(figures["after"] or 0),
        )

    def list_value(self, figures: dict) -> str | None:
        if figures["value"] is None:
            return None
        return self.env._("Value without contract: %(value)s",
                      value=self._money(figures["value"]))  # fmt: skip

    def price(self, figures: dict) -> str:
        return self.env._("Unit price: %(price)s",
                      price=self._money(figures["unit_price"]))  # fmt: skip

    def discount(self, figures: dict) -> str:
        return self.env._(
            "Discount: %(percent)s %%", percent=self._number(figures["percent"])
        )

    def net(self, figures: dict) -> str:
        line = self._money(figures["line_net"])
        share = self._money(figures["net"])
        if figures["minutes"] is None:
            return self.env._(
                "Invoice line: %(quantity)s × unit price = %(line)s, of which"
                " %(share)s here",
                quantity=self._number(figures["quantity"]),
                line=line,
                share=share,
            )
        return self.env._(
            "Invoice line: %(time)s h × unit price = %(line)s, of which %(share)s here",
            time=self._time(figures["minutes"]),
            line=line,
            share=share,
        )


def explain(record, steps) -> list[str]:
    """One sentence per stored step of a price, in the currency of ``record``.

    Steps without words (held, written off) are told by state and reason.
    """
    words = Words(record)
    sentences = [
        getattr(words, step["code"])(step)
        for step in steps or []
        if hasattr(Words, step["code"])
    ]
    return [sentence for sentence in sentences if sentence]

"""The surcharge windows of a contract, drawn as a week."""

from decimal import Decimal

from babel.dates import get_day_names
from markupsafe import Markup

from odoo.tools import html_sanitize
from odoo.tools.misc import babel_locale_parse, get_lang

from ..rating import DayPlan, plan_week
from .duration import format_minutes
from .number import format_number

DAY = 24 * 60

# From low to high, each with a colour for text on it.
COLOURS = (
    ("#fdeebf", "#6b4a00"),
    ("#fcd99b", "#6b3a00"),
    ("#f8b56a", "#4a2500"),
    ("#f08c4b", "#3d1a00"),
    ("#dd5f41", "#ffffff"),
    ("#b83b3b", "#ffffff"),
)


def draw_week(windows, policy) -> Markup:
    """HTML of the week that surcharge ``windows`` make: seven days and a holiday."""
    return _Week(windows, policy).render()


class _Week:
    """One drawing: a column per day, cut where the surcharge changes."""

    def __init__(self, windows, policy):
        self.env = windows.env
        self.policy = policy
        self.names = {window.id: window.name for window in windows}
        self.combination = policy.surcharge_combination or "highest"
        self.plans = plan_week(windows._get_windows(), self.combination)
        self.surcharges = [each for plan in self.plans for each in plan.surcharges]
        self.percents = sorted({each.percent for each in self.surcharges} - {0})
        self.colours = self._get_colours()

    def render(self) -> Markup:
        field = self.policy._fields["surcharge_combination"]
        labels = dict(field._description_selection(self.env))
        html = self.env["ir.qweb"]._render(
            "ticket_billing.week",
            {
                "columns": self._get_columns(),
                "hours": range(0, 25, 3),
                "legend": self._get_legend(),
                "combination": labels[self.combination],
            },
        )
        return Markup(html_sanitize(html))

    def _get_colours(self) -> dict[Decimal, tuple[str, str]]:
        """Colour per percent, spread over the scale."""
        last = len(self.percents) - 1
        if not last:
            return {self.percents[0]: COLOURS[2]}
        return {
            percent: COLOURS[min(rank * (len(COLOURS) - 1) // last, len(COLOURS) - 1)]
            for rank, percent in enumerate(self.percents)
        }

    def _get_columns(self) -> list[dict]:
        locale = babel_locale_parse(get_lang(self.env).code)
        names = get_day_names("abbreviated", locale=locale)
        titles = [names[number].rstrip(".") for number in range(7)]
        titles.append(self.env._("Holiday"))
        return [
            {"title": title, "bands": self._get_bands(plan), "special": number > 4}
            for number, (title, plan) in enumerate(zip(titles, self.plans, strict=True))
        ]

    def _get_bands(self, plan: DayPlan) -> list[dict]:
        """Parts of a day with a surcharge, in percent of its length."""
        return [
            {
                "style": self._get_style(start, stop, surcharge.percent),
                "label": self._format(surcharge.percent) if stop - start >= 90 else "",
                "title": f"{format_minutes(start)}–{format_minutes(stop)}"
                f" {self._format(surcharge.percent)} {self._get_names(surcharge)}",
            }
            for start, stop, surcharge in plan.bands(0, DAY)
            if surcharge.percent
        ]

    def _get_style(self, start: int, stop: int, percent: Decimal) -> str:
        background, text = self.colours[percent]
        top, height = 100 * start / DAY, 100 * (stop - start) / DAY
        return (
            f"top:{top:.3f}%;height:{height:.3f}%;"
            f"background-color:{background};color:{text}"
        )

    def _get_legend(self) -> list[dict]:
        """Percent with the names of all that add up to it, from low to high."""
        names: dict[Decimal, dict] = {percent: {} for percent in self.percents}
        for surcharge in self.surcharges:
            if surcharge.percent:
                names[surcharge.percent][self._get_names(surcharge)] = True
        return [
            {
                "style": f"background-color:{self.colours[percent][0]}",
                "label": self._format(percent),
                "names": ", ".join(names[percent]),
            }
            for percent in self.percents
        ]

    def _get_names(self, surcharge) -> str:
        return " + ".join(self.names[key] or "" for key in surcharge.keys)

    def _format(self, percent: Decimal) -> str:
        return f"+{format_number(self.env, round(percent, 2))} %"

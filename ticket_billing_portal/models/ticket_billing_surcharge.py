from babel.dates import get_day_names

from odoo import models
from odoo.tools.misc import babel_locale_parse, get_lang

from odoo.addons.ticket_billing.models.ticket_billing_surcharge import WEEKDAYS
from odoo.addons.ticket_billing.tools.duration import format_minutes
from odoo.addons.ticket_billing.tools.number import format_number


class TicketBillingSurcharge(models.Model):
    _inherit = "ticket.billing.surcharge"

    def _prepare_portal_window(self) -> dict:
        """Name, percent, clock times and days of the window in words."""
        self.ensure_one()
        times = self.env._("all day")
        if not self.whole_day:
            begin, end = (
                format_minutes(round(hours * 60))
                for hours in (self.time_from, self.time_to)
            )
            times = f"{begin}–{end}"
        return {
            "name": self.name,
            "percent": f"+{format_number(self.env, self.percent)} %",
            "times": times,
            "days": self._get_portal_days(),
        }

    def _get_portal_days(self) -> str:
        locale = babel_locale_parse(get_lang(self.env).code)
        names = get_day_names("abbreviated", locale=locale)
        days = [names[i].rstrip(".") for i, day in enumerate(WEEKDAYS) if self[day]]
        if len(days) == len(WEEKDAYS):
            return self.env._("every day")
        if self.holidays:
            days.append(self.env._("public holidays"))
        return ", ".join(days)

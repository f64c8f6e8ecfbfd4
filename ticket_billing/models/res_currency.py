from datetime import date
from decimal import Decimal

from odoo import models


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _get_known_rate(self, company, day: date) -> Decimal | None:
        """Units of this currency per unit of the company's on ``day``.

        Odoo converts at 1.0 where there is no rate; here there is none then. Rates
        are exact as far as they were entered.
        """
        self.ensure_one()
        if self == company.currency_id:
            return Decimal(1)
        rate = (
            self.env["res.currency.rate"]
            .sudo()
            .search(
                [
                    ("currency_id", "=", self.id),
                    ("name", "<=", day),
                    ("company_id", "in", (False, company.root_id.id)),
                ],
                order="name desc, company_id",
                limit=1,
            )
        )
        return Decimal(repr(rate.rate)) if rate and self.active else None

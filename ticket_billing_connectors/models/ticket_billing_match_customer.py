from odoo import api, models


# pylint: disable=consider-merging-classes-inherited
class TicketBillingMatch(models.AbstractModel):
    """Customers that are told about on their own."""

    _inherit = "ticket.billing.match"

    @api.model
    def _learn_customers(self, connector, rows) -> dict:
        """Keep what is told of customers, and return a Match by id."""
        by_key = {row["id"]: row for row in rows}
        links = self._ensure_links(
            connector,
            "customer",
            {
                key: {
                    "remote_name": row.get("name"),
                    "remote_email": row.get("email"),
                    "remote_number": row.get("number"),
                }
                for key, row in by_key.items()
            },
        )
        self._map_links(links, self._get_customer_rules(links))
        return self._get_matches(links, "customer")

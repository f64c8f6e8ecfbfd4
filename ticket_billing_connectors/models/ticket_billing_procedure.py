from odoo import api, models

# Settings of a connector that say how data comes in; no secrets.
SETTINGS = (
    "system", "base_url", "state", "service", "time_zone", "minutes_per_unit",
    "booking_time", "entry_text", "activity_field", "purchase_order_field",
    "work_type_id", "team_id", "date_from", "user_id", "extra_settings", "protocol",
    "suggest_times", "working_states", "suggestion_calendar_id",
    "write_back", "write_back_field",
)  # fmt: skip


class TicketBillingProcedure(models.Model):
    """The interfaces to ticket systems, in the procedure documentation."""

    _inherit = "ticket.billing.procedure"

    @api.model
    def _get_procedure_sections(self, company) -> list[dict]:
        sections = super()._get_procedure_sections(company)
        connectors = self.env["ticket.billing.connector"].search(
            [("company_id", "=", company.id)]
        )
        for connector in connectors:
            sections += [
                self._section(
                    f"connector_{connector.id}",
                    self.env._("Connector: %s", connector.name),
                    self._get_setting_columns(),
                    self._describe(connector, SETTINGS),
                ),
                self._get_mapping_section(connector),
            ]
        return sections

    @api.model
    def _get_mapping_section(self, connector) -> dict:
        """How people, customers and activities there are mapped to records here."""
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", connector.id),
                ("remote_type", "not in", ("ticket", "time_entry")),
            ],
            order="remote_type, remote_name, remote_id",
        )
        rows = [
            [
                f"{self._format_setting(link, 'remote_type')}: {link.display_name}",
                link._get_target().display_name or "",
            ]
            for link in links
        ]
        return self._section(
            f"mapping_{connector.id}",
            self.env._("Mapping of %s", connector.name),
            [self.env._("There"), self.env._("Here")],
            rows,
        )

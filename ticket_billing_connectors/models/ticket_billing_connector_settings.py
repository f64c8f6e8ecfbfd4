import dataclasses
from datetime import date
from decimal import Decimal

from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ..systems.base import System
from ..systems.registry import SYSTEMS

KINDS = {
    bool: fields.Boolean,
    Decimal: fields.Float,
    int: fields.Integer,
    str: fields.Char,
}


def shown_settings(system: System) -> dict[str, dataclasses.Field]:
    """Return the settings of ``system`` that have a label, by the names of fields."""
    return {
        f"{system.code}_{item.name}": item
        for item in dataclasses.fields(system.settings)
        if item.metadata.get("label")
    }


def setting_field(name: str, item: dataclasses.Field) -> fields.Field:
    """Return the field of the form for a declared setting.

    Each has functions of its own: fields that share one are not computed while
    one of them is written.
    """
    default = item.default
    default = float(default) if isinstance(default, Decimal) else default

    @api.depends("system_settings")
    def compute(connectors):
        for connector in connectors:
            connector[name] = (connector.system_settings or {}).get(name, default)

    def inverse(connectors):
        for connector in connectors:
            stored = connector.system_settings or {}
            changed = stored.get(name, default) != connector[name]
            if changed and item.metadata["final"]:
                connector._check_no_times(item.metadata["label"])
            if changed and item.metadata["decides_what_comes"]:
                connector.cursor = False
            connector.system_settings = {**stored, name: connector[name]}

    options = {
        "string": item.metadata["label"],
        "help": item.metadata["help"],
        "compute": compute,
        "inverse": inverse,
    }
    if item.name == "time_zone":
        return fields.Selection(_tz_get, **options)
    if item.metadata["choices"]:
        return fields.Selection(list(item.metadata["choices"].items()), **options)
    return KINDS[type(item.default)](**options)


def setting_fields() -> dict[str, fields.Field]:
    """Return the fields for all settings of all systems."""
    return {
        name: setting_field(name, item)
        for system in SYSTEMS.values()
        for name, item in shown_settings(system).items()
    }


def work_day(entry) -> date:
    """Return the day of a booking's work, the first of all days if unknown."""
    when = entry.start or entry.booked_at
    return when.date() if when else date.min


class TicketBillingConnector(models.Model):
    """The settings a system declares, as fields: they need no code of their own."""

    _inherit = "ticket.billing.connector"

    system_settings = fields.Json(
        copy=True, help="Settings of the system by name, as far as they were changed."
    )
    needs_login = fields.Boolean(compute="_compute_system_kind")
    has_declared_settings = fields.Boolean(compute="_compute_system_kind")

    locals().update(setting_fields())

    @api.depends("system")
    def _compute_system_kind(self):
        for connector in self:
            system = SYSTEMS.get(connector.system)
            connector.needs_login = not system or system.needs_login
            connector.has_declared_settings = system and bool(shown_settings(system))

    @api.constrains("login", "system")
    def _check_login(self):
        for connector in self:
            if connector.needs_login and not connector.login:
                raise ValidationError(
                    self.env._("Enter the user name for %(name)s.", name=connector.name)
                )

    def _check_no_times(self, label):
        """Refuse a change by which work that came in would come in again."""
        times = [("connector_id", "=", self.id), ("remote_type", "=", "time_entry")]
        if self.env["ticket.billing.link"].search_count(times, limit=1):
            raise ValidationError(
                self.env._(
                    "%(setting)s: cannot be changed, since times came in already. Make"
                    " a new connector that imports from a later day.",
                    setting=label,
                )
            )

    # Talking to the remote system

    def _get_settings(self) -> dict:
        if not self.has_declared_settings:
            return super()._get_settings()
        shown = shown_settings(SYSTEMS[self.system])
        values = {item.name: self._get_setting(n, item) for n, item in shown.items()}
        return {**values, **self._get_extra_settings()}

    def _get_setting(self, name, item):
        """Return the value of a setting in the type it was declared with."""
        value = self[name]
        if isinstance(item.default, Decimal):
            return Decimal(str(value))
        return value if isinstance(item.default, bool | int) else value or ""

    def _get_connection(self):
        return dataclasses.replace(
            super()._get_connection(),
            login=self.login or "",
            known_entries=self._get_known_entries,
            known_of=self._get_known_of,
            known_tickets=self._get_known_tickets,
            since=self.date_from,
        )

    def _get_known_entries(self, day: date) -> dict[str, str]:
        """Return the bookings here with work of ``day`` or later: the remote ids of
        their tickets by their own."""
        held = self.env["ticket.billing.inbox"].search(
            [
                ("connector_id", "=", self.id),
                ("state", "=", "held"),
                ("remote_type", "=", "time_entry"),
            ]
        )
        deleted = held.filtered(lambda row: row.reason == "deleted_after_billing")
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.id),
                ("remote_type", "=", "time_entry"),
                ("state", "=", "mapped"),
                ("remote_id", "not in", deleted.mapped("remote_id")),
            ]
        )
        lines = self.env["account.analytic.line"].search(
            [("id", "in", links.mapped("res_id")), ("date", ">=", day)]
        )
        recent = set(lines.ids)
        known = links.filtered(lambda link: link.res_id in recent)
        waiting = [row._get_record() for row in held - deleted]
        return {link.remote_id: link.parent_remote_id or "" for link in known} | {
            entry.remote_id: entry.ticket_remote_id
            for entry in waiting
            if work_day(entry) >= day
        }

    def _get_known_of(self, tickets: list[str]) -> dict[str, str]:
        """Return all bookings that ever came in for remote tickets, whatever became of
        them: the remote ids of their tickets by their own."""
        entries = [
            ("connector_id", "=", self.id),
            ("remote_type", "=", "time_entry"),
            ("parent_remote_id", "in", tickets),
        ]
        linked = self.env["ticket.billing.link"].search(entries)
        held = self.env["ticket.billing.inbox"].search(entries)
        return {row.remote_id: row.parent_remote_id for row in (*linked, *held)}

    def _get_known_tickets(self, remote_ids: set[str]) -> set[str]:
        """Return those of the tickets that came in, or wait in the inbox."""
        if not remote_ids:
            return set()
        domain = [
            ("connector_id", "=", self.id),
            ("remote_type", "=", "ticket"),
            ("remote_id", "in", list(remote_ids)),
        ]
        links = self.env["ticket.billing.link"].search(
            [*domain, ("state", "=", "mapped")]
        )
        held = self.env["ticket.billing.inbox"].search(
            [*domain, ("state", "=", "held")]
        )
        return {*links.mapped("remote_id"), *held.mapped("remote_id")}

    # The form

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            for page in arch.xpath("//page[@name='server']"):
                for system in SYSTEMS.values():
                    page.extend(self._prepare_setting_groups(system))
        return arch, view

    @api.model
    def _prepare_setting_groups(self, system):
        """Return the part of the form with the settings of ``system``."""
        shown = shown_settings(system)
        if not shown:
            return []
        group = etree.Element("group", invisible=f"system != '{system.code}'")
        for name, item in shown.items():
            options = {}
            if item.metadata["only_with"]:
                other, *values = item.metadata["only_with"]
                options["invisible"] = f"{system.code}_{other} not in {values}"
            group.append(etree.Element("field", name=name, **options))
        return [group]

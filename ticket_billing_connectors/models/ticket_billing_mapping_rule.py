import hashlib
import json

import jmespath

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..systems.expressions import BadExpression, check_expression

#: Field of a rule that holds what it sets.
TARGETS = {
    "billing_type": "billing_type",
    "work_type": "work_type_id",
    "project": "project_id",
    "contract": "contract_id",
}
#: Fields of tickets; all others are those of time entries.
TICKET_FIELDS = {
    "queue", "state", "title", "customer_key", "customer_name", "contact_email",
    "ticket_other",
}  # fmt: skip
OTHER = {"ticket_other": "ticket", "entry_other": "time_entry"}


def get_values(ruled: dict) -> dict:
    """Return the values of a time entry that rules have set."""
    return {
        name: ruled[name]
        for name in ("billing_type", "work_type_id", "project_id")
        if name in ruled
    }


def get_digest(ruled: dict) -> str:
    """Return what a version is extended by, so that other rules make another one."""
    if not ruled:
        return ""
    return hashlib.sha256(json.dumps(ruled, sort_keys=True).encode()).hexdigest()[:16]


def prepare_rules(ruled: dict) -> dict:
    """Return the part of a link's values that says which rules were used."""
    return {"rule_ids": [(6, 0, ruled["rule_ids"])]} if ruled else {}


class TicketBillingMappingRule(models.Model):
    """What is set by a queue, state or any other field of the ticket system.

    For each thing to set, the first rule that fits counts; rules on a field of the
    booking come before those on a field of its ticket.
    """

    _name = "ticket.billing.mapping.rule"
    _description = "Mapping Rule"
    _inherit = "ticket.billing.connector.part"
    _order = "connector_id, sequence, id"
    _check_company_auto = True

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    field = fields.Selection(
        [
            ("queue", "Queue or group"),
            ("state", "State of the ticket"),
            ("title", "Title of the ticket"),
            ("customer_key", "Customer number"),
            ("customer_name", "Name of the customer"),
            ("contact_email", "E-mail address of the contact"),
            ("ticket_other", "Other field of the ticket"),
            ("activity", "Activity of the time entry"),
            ("text", "Text of the time entry"),
            ("agent_key", "Key of the agent"),
            ("entry_other", "Other field of the time entry"),
        ],
        required=True,
        default="queue",
    )
    path = fields.Char(
        string="Field there",
        help="Where the field stands in the content as read, as a JMESPath expression."
        " Examples: tracker.name, tags, custom_fields[?name=='Billing'].value",
    )
    operator = fields.Selection(
        [
            ("equals", "is"),
            ("in", "is one of"),
            ("starts", "begins with"),
        ],
        required=True,
        default="equals",
    )
    value = fields.Char(
        required=True,
        help="Upper and lower case are the same. Several values are separated by"
        " commas. Example: Internal, Sales",
    )
    target = fields.Selection(
        [
            ("billing_type", "Billing type"),
            ("work_type", "Work type"),
            ("project", "Project"),
            ("contract", "Service contract"),
        ],
        string="Sets",
        required=True,
        default="billing_type",
    )
    billing_type = fields.Selection(
        [
            ("billable", "Billable"),
            ("internal", "Internal"),
            ("warranty", "Warranty"),
            ("goodwill", "Goodwill"),
        ],
    )
    work_type_id = fields.Many2one("ticket.billing.work.type", check_company=True)
    project_id = fields.Many2one(
        "project.project",
        check_company=True,
        domain="[('allow_timesheets', '=', True)]",
    )
    contract_id = fields.Many2one(
        "ticket.billing.contract",
        string="Service contract",
        check_company=True,
        help="Counts for tickets of its customer only.",
    )
    link_ids = fields.Many2many("ticket.billing.link")
    match_count = fields.Integer(
        string="Used for",
        compute="_compute_match_count",
        help="Tickets and time entries this rule was used for.",
    )

    @api.depends("link_ids")
    def _compute_match_count(self):
        for rule in self:
            rule.match_count = len(rule.link_ids)

    @api.constrains("target", *TARGETS.values())
    def _check_target(self):
        for rule in self:
            if not rule[TARGETS[rule.target]]:
                raise ValidationError(
                    self.env._("Choose what the rule for “%s” sets.", rule.value)
                )

    @api.constrains("field", "target")
    def _check_contract_of_ticket(self):
        for rule in self:
            if rule.target == "contract" and rule.field not in TICKET_FIELDS:
                raise ValidationError(
                    self.env._("A service contract goes by a field of the ticket.")
                )

    @api.constrains("field", "path")
    def _check_path(self):
        for rule in self.filtered(lambda r: r.field in OTHER):
            try:
                check_expression(rule.path or "")
            except BadExpression:
                raise ValidationError(
                    self.env._("“%s” names no field. Example: tracker.name", rule.path)
                ) from None

    @api.depends("field", "operator", "value")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = {
            name: dict(self._fields[name]._description_selection(self.env))
            for name in ("field", "operator")
        }
        for rule in self:
            field = rule.path if rule.field in OTHER else labels["field"][rule.field]
            operator = labels["operator"][rule.operator]
            rule.display_name = f"{field} {operator} {rule.value}"

    # Applying

    @api.model
    def _apply_to_tickets(self, tickets) -> dict:
        """Return what the rules set for tickets, by remote id."""
        rules = self.filtered(lambda rule: rule.field in TICKET_FIELDS)
        return rules._apply(tickets)

    @api.model
    def _apply_to_entries(self, entries, ticket_links) -> dict:
        """Return what the rules set for bookings, those of their tickets included."""
        rules = self.filtered(lambda rule: rule.field not in TICKET_FIELDS)
        own = rules._apply(entries)
        by_ticket = {link.remote_id: link.entry_rules for link in ticket_links}
        merged = {}
        for entry in entries:
            ticket = by_ticket.get(entry.ticket_remote_id) or {}
            ruled = get_values(ticket) | own.get(entry.remote_id, {})
            if ruled:
                used = own.get(entry.remote_id, {}).get("rule_ids", [])
                used = used + ticket.get("rule_ids", []) if ticket else used
                merged[entry.remote_id] = ruled | {"rule_ids": used}
        return merged

    def _apply(self, remotes) -> dict:
        rows = self._get_rows(remotes)
        found = {}
        for remote in remotes:
            ruled, used = {}, []
            for rule in self:
                name = TARGETS[rule.target]
                if name not in ruled and rule._fits(remote, rows):
                    value = rule[name]
                    ruled[name] = value if name == "billing_type" else value.id
                    used.append(rule.id)
            if ruled:
                found[remote.remote_id] = ruled | {"rule_ids": used}
        return found

    def _get_rows(self, remotes) -> dict:
        """Return the content as read by remote id, where a rule asks for it."""
        asking = self.filtered(lambda rule: rule.field in OTHER)
        if not asking:
            return {}
        payloads = self.env["ticket.billing.payload"].search(
            [
                ("connector_id", "in", asking.connector_id.ids),
                ("remote_type", "=", OTHER[asking[0].field]),
                ("remote_id", "in", [remote.remote_id for remote in remotes]),
            ]
        )
        return {payload.remote_id: payload._get_row() for payload in payloads}

    def _fits(self, remote, rows) -> bool:
        if self.field in OTHER:
            row = rows.get(remote.remote_id)
            try:
                found = jmespath.search(self.path, row)
            except jmespath.exceptions.JMESPathError:
                return False
        else:
            found = getattr(remote, self.field)
        values = found if isinstance(found, list) else [found]
        return any(
            self._fits_value(str(value)) for value in values if value is not None
        )

    def _fits_value(self, value) -> bool:
        value, wanted = value.strip().lower(), self.value.strip().lower()
        if self.operator == "starts":
            return value.startswith(wanted)
        if self.operator == "in":
            return value in [item.strip() for item in wanted.split(",")]
        return value == wanted

    def action_view_links(self):
        """Open the tickets and time entries the rule was used for."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "ticket.billing.link",
            "view_mode": "list",
            "domain": [("rule_ids", "in", self.ids)],
        }

import json
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ..systems.registry import SYSTEMS

#: Failed runs in a row after which a passing fault is taken seriously.
RED_AFTER = 3


class TicketBillingConnector(models.Model):
    """One connection to one remote ticket system."""

    _name = "ticket.billing.connector"
    _description = "Ticket System Connector"
    _inherit = ["ticket.billing.remote.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    system = fields.Selection(
        selection=lambda self: [(s.code, s.name) for s in SYSTEMS.values()],
        required=True,
        default="znuny",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
        tracking=True,
        help="Gets an activity when records wait for a decision.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active")],
        default="draft",
        required=True,
        copy=False,
        tracking=True,
    )

    service = fields.Char(
        string="Web service",
        default="GenericTicketConnectorREST",
        help="Name of the web service in the ticket system.",
    )
    time_zone = fields.Selection(
        _tz_get,
        string="Time zone of the server",
        required=True,
        default="UTC",
        help="Zone in which the ticket system stores its times (OTRSTimeZone).",
    )
    minutes_per_unit = fields.Float(
        string="Minutes per time unit",
        default=1.0,
        required=True,
        digits=(9, 4),
        help="What one time unit stands for. Example: 1 when agents type minutes,"
        " 15 for quarters of an hour, 60 for hours.",
    )
    booking_time = fields.Selection(
        [
            ("end", "End of the work"),
            ("start", "Start of the work"),
            ("unknown", "Neither: only the day counts"),
        ],
        string="Time of a booking marks",
        required=True,
        default="end",
        help="Agents mostly book when they are done: then the work ended at the time"
        " of the booking. Surcharges for night and weekend depend on it.",
    )
    entry_text = fields.Selection(
        [("body", "Body of the note"), ("subject", "Subject of the note")],
        string="Text of a time entry",
        required=True,
        default="body",
        help="What is printed on the service record of the invoice.",
    )
    activity_field = fields.Char(
        string="Field with the activity",
        help="Dynamic field of articles that names the kind of work, matched with the"
        " codes and names of work types. Example: Activity",
    )
    purchase_order_field = fields.Char(
        string="Field with the purchase order",
        help="Dynamic field of tickets with the customer's order number. Example:"
        " PurchaseOrder",
    )
    page_size = fields.Integer(
        string="Tickets per page",
        default=50,
        help="How many tickets are read and stored in one step.",
    )
    extra_settings = fields.Text(
        help="More settings as JSON. Example, for routes of your own web service:"
        ' {"route_search": "POST /TicketSearch"}',
    )

    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        check_company=True,
        help="New tickets are put into this team.",
    )
    work_type_id = fields.Many2one(
        "ticket.billing.work.type",
        string="Default work type",
        check_company=True,
        help="For bookings that name no activity.",
    )
    date_from = fields.Date(
        string="Import from",
        required=True,
        default=lambda self: fields.Date.today() - timedelta(days=30),
        help="Tickets changed since this day come in with all their bookings.",
    )

    health = fields.Selection(
        [
            ("none", "Not running"),
            ("green", "Working"),
            ("yellow", "Needs attention"),
            ("red", "Not working"),
        ],
        compute="_compute_health",
        store=True,
        help="Yellow: records wait, or the last try failed. Red: it fails for good"
        " or again and again.",
    )
    auto_map = fields.Boolean(
        string="Map what is certain",
        default=True,
        help="Customers, agents and activities that fit exactly one record here are"
        " mapped by themselves. Otherwise each is proposed and waits for a decision.",
    )
    payload_days = fields.Integer(
        string="Days to keep the content",
        default=30,
        help="For so long the content of each record is kept as it was read last, with"
        " secrets masked, to look for the cause of something. 0: not at all; rules"
        " then cannot use other fields of the ticket system.",
    )
    rule_ids = fields.One2many("ticket.billing.mapping.rule", "connector_id", copy=True)
    inbox_ids = fields.One2many("ticket.billing.inbox", "connector_id")
    log_ids = fields.One2many("ticket.billing.sync.log", "connector_id")
    ticket_count = fields.Integer(compute="_compute_counts")
    entry_count = fields.Integer(compute="_compute_counts")
    held_count = fields.Integer(compute="_compute_counts")
    unmapped_count = fields.Integer(compute="_compute_counts")
    log_count = fields.Integer(compute="_compute_counts")

    _page_size_positive = models.Constraint(
        "CHECK(page_size BETWEEN 1 AND 500)", "A page has 1 to 500 tickets."
    )
    _payload_days_sane = models.Constraint(
        "CHECK(payload_days BETWEEN 0 AND 365)", "Content is kept for 0 to 365 days."
    )
    _unit_positive = models.Constraint(
        "CHECK(minutes_per_unit > 0)", "A time unit is more than 0 minutes."
    )

    # Figures

    @api.depends("state", "failure_count", "failure_final", "inbox_ids.state")
    def _compute_health(self):
        held = self._count("ticket.billing.inbox", [("state", "=", "held")])
        for connector in self:
            failures = connector.failure_count
            if connector.state == "draft":
                connector.health = "none"
            elif failures >= RED_AFTER or connector.failure_final:
                connector.health = "red"
            elif failures or held.get(connector.id):
                connector.health = "yellow"
            else:
                connector.health = "green"

    def _compute_counts(self):
        links = "ticket.billing.link"
        mapped = ("state", "=", "mapped")
        tickets = self._count(links, [("remote_type", "=", "ticket"), mapped])
        entries = self._count(links, [("remote_type", "=", "time_entry"), mapped])
        unmapped = self._count(links, [("state", "=", "unmapped")])
        held = self._count("ticket.billing.inbox", [("state", "=", "held")])
        logs = self._count("ticket.billing.sync.log", [])
        for connector in self:
            connector.ticket_count = tickets.get(connector.id, 0)
            connector.entry_count = entries.get(connector.id, 0)
            connector.unmapped_count = unmapped.get(connector.id, 0)
            connector.held_count = held.get(connector.id, 0)
            connector.log_count = logs.get(connector.id, 0)

    def _count(self, model, domain):
        groups = self.env[model]._read_group(
            [("connector_id", "in", self.ids), *domain], ["connector_id"], ["__count"]
        )
        return {connector.id: count for connector, count in groups}

    @api.constrains("extra_settings")
    def _check_extra_settings(self):
        for connector in self:
            try:
                valid = isinstance(connector._get_extra_settings(), dict)
            except ValueError:
                valid = False
            if not valid:
                raise ValidationError(
                    self.env._('The extra settings are no JSON object like {"a": 1}.')
                )

    # Talking to the remote system

    def _get_extra_settings(self):
        return json.loads(self.extra_settings or "{}")

    def _get_settings(self) -> dict:
        """Return the settings of the system module, by its own names."""
        self.ensure_one()
        return {
            "service": self.service or "",
            "time_zone": self.time_zone,
            "minutes_per_unit": Decimal(str(self.minutes_per_unit)),
            "booking_time": self.booking_time,
            "entry_text": self.entry_text,
            "activity_field": self.activity_field or "",
            "purchase_order_field": self.purchase_order_field or "",
            "page_size": self.page_size,
            **self._get_extra_settings(),
        }

    def _open(self):
        return SYSTEMS[self.system].open(self._get_connection(), self._get_settings())

    # Switching on and off

    def action_activate(self):
        self.filtered(lambda c: not c.has_secret)._raise_no_secret()
        self.state = "active"

    def _raise_no_secret(self):
        if self:
            raise UserError(
                self.env._("Enter the password of %(name)s first.", name=self[0].name)
            )

    def action_draft(self):
        self.state = "draft"

    # Telling somebody

    def _update_activity(self):
        """Keep one activity open while something waits for a person."""
        kind = "ticket_billing_connectors.mail_activity_held_record"
        for connector in self:
            activity = connector.activity_search([kind])[:1]
            note = connector._get_concern()
            if note and not activity:
                user = connector.user_id or self.env.user
                connector.activity_schedule(kind, note=note, user_id=user.id)
            elif note:
                activity.note = note
            elif activity:
                activity.action_feedback(feedback=self.env._("Nothing waits any more."))

    def _get_concern(self) -> str:
        """Say what a person has to see to, '' if nothing."""
        self.ensure_one()
        if self.health == "red":
            return self.env._(
                "%(connector)s does not work: %(error)s %(way_out)s",
                connector=self.name,
                error=self.last_error,
                way_out=self._get_failure_way_out(),
            )
        waiting = self._count("ticket.billing.inbox", [("state", "=", "held")])
        if not waiting:
            return ""
        return self.env._(
            "%(count)s records of %(connector)s wait. Open them to see what to do.",
            count=waiting[self.id],
            connector=self.name,
        )

    # Opening lists

    def action_view_tickets(self):
        return self._view_linked("ticket", "helpdesk_mgmt.helpdesk_ticket_action")

    def action_view_entries(self):
        return self._view_linked("time_entry", "ticket_billing.time_entry_action")

    def _view_linked(self, remote_type, xmlid):
        self.ensure_one()
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", self.id),
                ("remote_type", "=", remote_type),
                ("state", "=", "mapped"),
            ]
        )
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        return dict(action, domain=[("id", "in", links.mapped("res_id"))], context={})

    def action_view_held(self):
        return self._view_own("ticket_billing_inbox_action", {"search_default_held": 1})

    def action_view_links(self):
        context = {"search_default_unmapped": 1}
        return self._view_own("ticket_billing_link_action", context)

    def action_view_logs(self):
        return self._view_own("ticket_billing_sync_log_action", {})

    def _view_own(self, name, context):
        self.ensure_one()
        xmlid = f"ticket_billing_connectors.{name}"
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        action["domain"] = [("connector_id", "=", self.id)]
        action["context"] = context
        return action

import json
import logging
import re
from contextlib import closing
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import mute_logger, split_every

from ..systems.records import clean
from ..transport.errors import ConnectorError
from .ticket_billing_connector_sync import Busy

_logger = logging.getLogger(__name__)

KEPT_DAYS = 14
#: Tickets that are read in one step.
BATCH = 50
MAX_ATTEMPTS = 5
# Minutes until the next try; the last one is repeated.
BACK_OFF = (1, 5, 15, 60)
#: Names whose values nobody is shown.
SECRET_NAMES = re.compile(r"pass|secret|token|authori[sz]|api.?key|cookie", re.I)
SHOWN = 20_000


class TicketBillingHookEvent(models.Model):
    """What a webhook told: a certain ticket has changed.

    That is all that is taken from it. The ticket is read from the system, so it does
    not matter in which order events and synchronisations come.
    """

    _name = "ticket.billing.hook.event"
    _description = "Webhook Event"
    _inherit = "ticket.billing.connector.part"
    _order = "id desc"
    _rec_name = "ticket_remote_id"

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    create_date = fields.Datetime(string="Received", readonly=True)
    event_key = fields.Char(
        string="Event ID",
        readonly=True,
        help="Given by the ticket system: the same event counts once.",
    )
    ticket_remote_id = fields.Char(string="Remote ticket", readonly=True)
    deleted = fields.Boolean(
        readonly=True, help="The ticket system says that the ticket was deleted."
    )
    content = fields.Text(
        readonly=True,
        prefetch=False,
        help="As it was received, without passwords and keys.",
    )
    state = fields.Selection(
        [
            ("pending", "Pending"),
            ("done", "Done"),
            ("ignored", "About no ticket"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
        default="pending",
    )
    attempts = fields.Integer(string="Failed attempts", readonly=True)
    next_try = fields.Datetime(readonly=True)
    done_on = fields.Datetime(string="Processed", readonly=True)
    reason = fields.Text(readonly=True)

    _event_uniq = models.UniqueIndex(
        "(connector_id, event_key) WHERE event_key IS NOT NULL",
        "This event was received before.",
    )
    _pending_idx = models.Index("(connector_id) WHERE state = 'pending'")

    # Receiving

    @api.model
    def _receive(self, connector, event, told):
        """Keep an event, unless it was received before; ``told`` is its content."""
        key = event.key or False
        known = [("connector_id", "=", connector.id), ("event_key", "=", key)]
        if key and self.search_count(known, limit=1):
            return
        vals = {
            "connector_id": connector.id,
            "event_key": key,
            "ticket_remote_id": event.ticket or False,
            "deleted": event.deleted,
            "content": masked(told)[:SHOWN],
            "state": "pending" if event.ticket else "ignored",
        }
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self.create(vals)
        except psycopg2.errors.UniqueViolation:
            return
        self._get_cron()._trigger()

    @api.model
    def _get_cron(self):
        return self.env.ref("ticket_billing_connectors.ir_cron_hook").sudo()

    # Processing

    @api.model
    def _get_due_domain(self) -> Domain:
        now = fields.Datetime.now()
        return (
            Domain("state", "=", "pending")
            & Domain("connector_id.state", "=", "active")
            # Where the synchronisation fails for good, it has to be mended first.
            & Domain("connector_id.failure_final", "=", False)
            & (Domain("next_try", "=", False) | Domain("next_try", "<=", now))
        )

    @api.model
    def _cron_process(self):
        """Read again the tickets that events are about."""
        cron = self.env["ir.cron"]
        due = self.search(self._get_due_domain(), order="id", limit=2000)
        cron._commit_progress(remaining=len(due))
        for connector, events in due.grouped("connector_id").items():
            lang = connector._get_reader_lang()
            by_ticket = events.grouped("ticket_remote_id")
            for tickets in split_every(BATCH, by_ticket):
                batch = self.browse().union(*map(by_ticket.get, tickets))
                goes_on = batch.with_context(lang=lang)._process(
                    connector.with_context(lang=lang)
                )
                if cron._commit_progress(len(batch)) <= 0:
                    return
                if not goes_on:
                    break

    def _process(self, connector) -> bool:
        """Bring in the tickets of these events as they are now; return whether the
        ticket system can be asked for more."""
        wanted = sorted(set(self.mapped("ticket_remote_id")))
        try:
            with closing(connector._open()) as client:
                page = client.read_again(wanted)
            # What was stored while we read is seen from here on.
            connector._commit_page()
            with self.env.cr.savepoint():
                connector._lock(connector.cursor)
                self._take(connector, page)
        except Busy:
            self._postpone(1)
        except psycopg2.OperationalError:
            # Somebody wrote the same rows: the next try gets them.
            self.env.cr.rollback()
            self._postpone(1)
        except ConnectorError as error:
            self._try_later(connector._describe(error))
            return False
        except UserError as error:
            self._try_later(str(error))
        except Exception as error:
            _logger.exception("webhook of connector %s", connector.id)
            kind = type(error).__name__
            self._try_later(self.env._("Internal error: %(kind)s", kind=kind))
        return True

    def _take(self, connector, page):
        connector._import_page(page)
        found = {ticket.remote_id for ticket in page.tickets}
        missing = self.filtered(lambda event: event.ticket_remote_id not in found)
        (self - missing)._finish()
        missing._take_missing(connector)
        connector._update_activity()

    def _take_missing(self, connector):
        """Follow what cannot be read: deleted if the system says so, else hidden."""
        deleted = self.filtered("deleted")
        if deleted:
            importer = self.env["ticket.billing.import"]
            importer._remove_tickets(connector, deleted.mapped("ticket_remote_id"))
            deleted._finish()
        (self - deleted)._try_later(
            self.env._("The ticket cannot be read: it is gone or hidden from the user.")
        )

    def _finish(self):
        self.write({"state": "done", "reason": False, "done_on": fields.Datetime.now()})

    def _postpone(self, minutes):
        at = fields.Datetime.now() + timedelta(minutes=minutes)
        self.next_try = at
        self._get_cron()._trigger(at=at)

    def _try_later(self, reason):
        """Try with growing intervals; in the end the synchronisation has to do."""
        for attempts, events in self.grouped("attempts").items():
            vals = {"attempts": attempts + 1, "reason": reason}
            if attempts + 1 >= MAX_ATTEMPTS:
                events.write({**vals, "state": "failed"})
                continue
            events.write(vals)
            events._postpone(BACK_OFF[min(attempts, len(BACK_OFF) - 1)])

    def action_retry(self):
        """Try failed and waiting events again now."""
        self.check_access("write")
        again = self.filtered(lambda event: event.state in ("failed", "pending"))
        again.sudo().write({"state": "pending", "attempts": 0, "next_try": False})
        self._get_cron()._trigger()

    @api.autovacuum
    def _gc_old_events(self):
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = [("create_date", "<", limit), ("state", "!=", "pending")]
        self.search(old, limit=10_000).unlink()


def masked(told) -> str:
    """Return what was told as text, with secret values hidden."""
    return clean(json.dumps(_mask(told), ensure_ascii=False, indent=2))


def _mask(value):
    if isinstance(value, dict):
        return {
            name: "•••" if SECRET_NAMES.search(name) else _mask(inner)
            for name, inner in value.items()
        }
    return [_mask(inner) for inner in value] if isinstance(value, list) else value

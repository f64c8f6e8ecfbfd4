import logging
from contextlib import closing
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..transport.errors import ConnectorError

_logger = logging.getLogger(__name__)


class Busy(Exception):
    """Another synchronisation of the same connector is running."""


class TicketBillingConnector(models.Model):
    """Reading what changed: when, from where on, and what came of it."""

    _inherit = "ticket.billing.connector"  # pylint: disable=consider-merging-classes-inherited

    sync_interval = fields.Selection(
        [
            ("0", "As often as possible"),
            ("60", "Every hour"),
            ("240", "Every four hours"),
            ("1440", "Once a day"),
        ],
        string="Read changes",
        required=True,
        default="0",
        help="As often as possible: each time the scheduled action runs, which is every"
        " 15 minutes. What failed or was broken off is always taken up as soon as"
        " possible.",
    )
    next_sync = fields.Datetime(
        string="Not before", readonly=True, copy=False, help="When it is read again."
    )
    failure_code = fields.Char(readonly=True, copy=False)
    cursor = fields.Char(
        readonly=True,
        copy=False,
        help="Time of the last change that came in, on the ticket system's clock.",
    )
    interrupted = fields.Boolean(
        readonly=True, copy=False, help="The last run did not reach the end."
    )
    last_sync = fields.Datetime(
        string="Last success", readonly=True, copy=False, help="As of this time."
    )
    failure_count = fields.Integer(readonly=True, copy=False)
    failure_final = fields.Boolean(readonly=True, copy=False)
    last_error = fields.Text(readonly=True, copy=False)

    # Synchronising

    def action_synchronise(self):
        """Synchronise now and show what happened."""
        self.ensure_one()
        self.check_access("write")
        log = self.sudo()._synchronise()
        return {
            "type": "ir.actions.act_window",
            "res_model": log._name,
            "res_id": log.id,
            "view_mode": "form",
        }

    @api.model
    def _cron_synchronise(self):
        """Synchronise all active connectors, the one that waits longest first."""
        cron = self.env["ir.cron"]
        connectors = self.search(
            [
                ("state", "=", "active"),
                "|",
                ("next_sync", "=", False),
                ("next_sync", "<=", fields.Datetime.now()),
            ]
        )
        connectors = connectors.sorted(lambda c: c.last_sync or c.create_date)
        cron._commit_progress(remaining=len(connectors))
        for connector in connectors:
            # What it has to say is for its responsible, not for OdooBot.
            lang = connector._get_reader_lang()
            try:
                log = connector.with_context(lang=lang)._synchronise()
            except OperationalError:
                # Somebody wrote the same rows: the next run gets them.
                self.env.cr.rollback()
                _logger.info("connector %s: run repeated later", connector.id)
                continue
            done = log.state != "partial"
            if cron._commit_progress(int(done)) <= 0:
                break

    def _synchronise(self):
        """Read and import what changed, page by page; return the log.

        Each page is committed with the cursor behind it, so that a run that
        breaks off anywhere is taken up there. A fault ends in the log and in
        the health of the connector, not in an exception.
        """
        self.ensure_one()
        log = self.env["ticket.billing.sync.log"].create(
            {"connector_id": self.id, "cursor_before": self.cursor}
        )
        self._commit_page()
        try:
            with closing(self._open()) as client:
                done = self._take_pages(client.changes(self._start(client)), log)
        except ConnectorError as error:
            self._fail(
                log, self._describe(error), final=not error.retryable, code=error.code
            )
        except UserError as error:
            self._fail(log, str(error), final=True)
        except Busy:
            text = self.env._("Another synchronisation is running.")
            self._finish(log, "partial", notes=text)
        except OperationalError:
            raise
        except Exception as error:
            _logger.exception("connector %s", self.id)
            text = self.env._("Internal error: %(kind)s", kind=type(error).__name__)
            self._fail(log, text, final=False)
        else:
            self._succeed(log, done)
        self._update_activity()
        return log

    def _start(self, client) -> str:
        """Return where to begin: exactly where a run broke off, or, to catch late
        changes, a little before the end of a whole one."""
        if not self.cursor:
            return client.first_cursor(self.date_from)
        return self.cursor if self.interrupted else client.rewind(self.cursor)

    def _take_pages(self, pages, log) -> bool:
        """Import ``pages`` until none is left or time is up; True if none is left."""
        expected = self.cursor
        for page in pages:
            with self.env.cr.savepoint():
                self._lock(expected)
                counts = self._import_page(page)
                self.write({"cursor": page.cursor, "interrupted": not page.last})
                expected = page.cursor
                log._add(counts, page.notes)
            if self._commit_page() <= 0 and not page.last:
                return False
        return True

    def _import_page(self, page):
        """Bring in what was read; return counts by field name of the log."""
        self.env["ticket.billing.payload"]._keep(self, page.raw)
        counts = self.env["ticket.billing.import"]._import(
            self,
            page.tickets,
            page.entries,
            page.agents,
            whole=page.whole,
            gone=page.gone,
        )
        suggestions = self.env["ticket.billing.suggestion.import"]
        suggestions._import_status(self, page.status_changes)
        suggestions._leave_booked_out(self, page)
        return counts

    def _lock(self, expected):
        """Make sure that no other run works on this connector."""
        self.env.flush_all()
        locked = self.try_lock_for_update(allow_referencing=True)
        self.invalidate_recordset(["cursor"])
        if not locked or self.cursor != expected:
            raise Busy

    def _commit_page(self) -> float:
        """Commit; return the seconds left for this run."""
        return self.env["ir.cron"]._commit_progress()

    def _succeed(self, log, done):
        self._finish(log, "done" if done else "partial")
        now = fields.Datetime.now()
        wait = timedelta(minutes=int(self.sync_interval))
        self.write(
            {
                "last_sync": now,
                "next_sync": now + wait if done and wait else False,
                "failure_count": 0,
                "failure_final": False,
                "failure_code": False,
                "last_error": False,
            }
        )

    def _fail(self, log, text, final, code=""):
        self._finish(log, "failed", error=text)
        self.write(
            {
                "next_sync": False,
                "failure_count": self.failure_count + 1,
                "failure_final": final,
                "failure_code": code,
                "last_error": text,
            }
        )

    def _finish(self, log, state, **vals):
        now = fields.Datetime.now()
        log.write(
            {"state": state, "finished": now, "cursor_after": self.cursor, **vals}
        )

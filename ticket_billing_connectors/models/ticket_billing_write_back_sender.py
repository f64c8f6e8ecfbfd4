import logging
from contextlib import closing

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..transport import errors

_logger = logging.getLogger(__name__)

#: What concerns the connection, not one ticket: the other rows wait.
STOPPING = (
    errors.AuthError,
    errors.AddressRefused,
    errors.Unconnected,
    errors.Throttled,
)


class TicketBillingWriteBackSender(models.AbstractModel):
    """Writes to ticket systems what is in the outbox, each note at most once.

    A row is called *unknown* and committed before the system sees anything of it, and
    what the system says is committed before the next one. A worker that dies in
    between leaves the mark: then the note is looked for before it is written again,
    and where the system cannot tell, a person is asked. Fields and tags are written
    again: twice is like once.
    """

    _name = "ticket.billing.write.back.sender"
    _description = "Writing to Ticket Systems"

    @api.model
    def _cron_send(self):
        rows = self.env["ticket.billing.write.back"]
        due = rows.search(rows._get_due_domain(), order="id")
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(due))
        for connector, group in due.grouped("connector_id").items():
            lang = connector._get_reader_lang()
            connector = connector.with_context(lang=lang)
            in_time = self._send_all(connector, group.with_context(lang=lang))
            connector._update_activity()
            if cron._commit_progress(len(group)) <= 0 or not in_time:
                return

    @api.model
    def _send_all(self, connector, rows) -> bool:
        """Send the rows of one connector; return whether there was time for all."""
        try:
            client = connector._open()
        except (errors.ConnectorError, UserError) as error:
            for row in rows:
                row._fail(self._describe(connector, error))
            return True
        with closing(client):
            for position, row in enumerate(rows, 1):
                try:
                    error = self._send_one(client, row)
                except OperationalError:
                    # Somebody wrote the same row: it is looked up the next time.
                    self.env.cr.rollback()
                    error = None
                if isinstance(error, STOPPING):
                    rows[position:].next_try = row.next_try
                    return True
                if connector._commit_page() <= 0:
                    return False
        return True

    @api.model
    def _send_one(self, client, row) -> errors.ConnectorError | None:
        """Send a row; return what went wrong, if the system says so."""
        doubtful = row.state == "unknown"
        if not row.try_lock_for_update(allow_referencing=True):
            return None
        if not doubtful and not row._has_news():
            row._finish(row.answer)
            return None
        row.write({"state": "unknown", "started_on": fields.Datetime.now()})
        row.connector_id._commit_page()
        try:
            if doubtful and row.kind == "note" and not self._is_missing(client, row):
                return None
        except errors.ConnectorError as error:
            row._fail(self._describe(row.connector_id, error), unknown=True)
            return error
        return self._write(client, row)

    @api.model
    def _is_missing(self, client, row) -> bool:
        """Look for a note that may have been written; True if it is not there.

        :raises ConnectorError: it could not be looked for
        """
        there = client.has_note(row.link_id.remote_id, row._get_reference())
        if there:
            row._finish()
        elif there is None:
            question = self.env._(
                "Writing was interrupted: the note may be on the ticket or not. Look at"
                " the ticket, then choose: it is there, or write it again."
            )
            row._fail(question, unknown=True, final=True)
        return there is False

    @api.model
    def _write(self, client, row) -> errors.ConnectorError | None:
        try:
            row.text = getattr(self, f"_write_{row.kind}")(client, row)
        except errors.ConnectorError as error:
            row._fail(
                self._describe(row.connector_id, error),
                unknown=row.kind == "note" and self._may_have_arrived(error),
                final=not error.retryable and not isinstance(error, STOPPING),
            )
            return error
        except OperationalError:
            raise
        except Exception as error:
            _logger.exception("write-back %s", row.id)
            kind = type(error).__name__
            text = self.env._("Internal error: %(kind)s", kind=kind)
            row._fail(text, unknown=row.kind == "note")
        else:
            row._finish()
        return None

    @api.model
    def _may_have_arrived(self, error) -> bool:
        """Whether the system may have done what it did not confirm."""
        unheard = isinstance(error, errors.Throttled | errors.Unconnected)
        return error.retryable and not unheard

    @api.model
    def _describe(self, connector, error) -> str:
        if isinstance(error, errors.ConnectorError):
            return connector._describe(error)
        return str(error)

    # The kinds: each returns what it wrote.

    @api.model
    def _write_note(self, client, row) -> str:
        text = row._get_note()
        client.write_back("note", row.link_id.remote_id, text)
        return text

    @api.model
    def _write_field(self, client, row) -> str:
        """Write the numbers of all invoices that stand, none to clear the field."""
        text = ", ".join(row._get_standing_invoices().mapped("name"))
        name = row.connector_id.write_back_field
        client.write_back("field", row.link_id.remote_id, text, name)
        return text or "-"

    @api.model
    def _write_tag(self, client, row) -> str:
        """Add the number of an invoice that stands, remove that of one that does
        not. A credit note has no tag: it removes those of its invoices."""
        standing = set(row._get_standing_invoices().mapped("name"))
        numbers = row._get_corrected() if row.is_credit else [row.number]
        for number in numbers:
            act = client.write_back if number in standing else client.take_back
            act("tag", row.link_id.remote_id, number)
        return ", ".join(numbers)

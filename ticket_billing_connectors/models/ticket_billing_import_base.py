from collections import Counter
from dataclasses import dataclass, field

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError

#: Reasons to hold what was billed already.
AFTER_BILLING = ("changed_after_billing", "deleted_after_billing")
#: What is wrong with one record, not with the database.
RECORD_ERRORS = (UserError, psycopg2.IntegrityError, psycopg2.DataError)


@dataclass(slots=True)
class Batch:
    """What becomes of the records of one type and page.

    ``new`` holds (remote record, values, link or None, link values) to create,
    ``findings`` what waits (see ``ticket.billing.inbox``), ``settled`` the remote
    ids that need not wait (any more). ``counts`` goes to the sync log, under
    ``prefix``.
    """

    remote_type: str
    prefix: str
    counts: Counter
    new: list = field(default_factory=list)
    findings: list = field(default_factory=list)
    settled: list = field(default_factory=list)

    def count(self, outcome, number=1):
        self.counts[f"{self.prefix}_{outcome}"] += number

    def hold(self, remote, reason, **details):
        self.findings.append({"record": remote, "reason": reason, **details})

    def settle(self, remote, outcome):
        self.settled.append(remote.remote_id)
        self.count(outcome)


class TicketBillingImportBase(models.AbstractModel):
    """Storing of remote records and of the links to them, in batches."""

    _name = "ticket.billing.import.base"
    _description = "Storing of Remote Records"

    @api.model
    def _for(self, connector):
        """Return self in the connector's company; links it maps release nothing
        on their own."""
        return self.with_company(connector.company_id).with_context(
            connector_import=True
        )

    @api.model
    def _find_links(self, connector, remote_type, remote_ids):
        """Return the links of a connector for remote ids of one type."""
        return self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", connector.id),
                ("remote_type", "=", remote_type),
                ("remote_id", "in", list(remote_ids)),
            ]
        )

    @api.model
    def _find_targets(self, model, links) -> dict:
        """Return the existing records behind ``links``, by remote id."""
        linked = [link for link in links if link.state == "mapped"]
        records = self.env[model].browse([link.res_id for link in linked]).exists()
        by_id = {record.id: record for record in records}
        return {
            link.remote_id: by_id[link.res_id]
            for link in linked
            if link.res_id in by_id
        }

    @api.model
    def _create_new(self, connector, model, batch):
        """Create what is new in ``batch`` with its links, and close the batch."""
        pairs = [(remote, values) for remote, values, _link, _facts in batch.new]
        records = self._create_each(model, pairs, batch)
        creations = []
        for remote, _values, link, facts in batch.new:
            if remote.remote_id not in records:
                continue
            facts = {**facts, "res_id": records[remote.remote_id].id, "removed": False}
            if link:
                link.write(facts)
            else:
                creations.append(
                    {
                        "connector_id": connector.id,
                        "remote_type": batch.remote_type,
                        "remote_id": remote.remote_id,
                        **facts,
                    }
                )
            batch.settle(remote, "new")
        self.env["ticket.billing.link"].create(creations)
        self._close(connector, batch)

    @api.model
    def _close(self, connector, batch):
        """Keep what waits; what came in waits no more."""
        inbox = self.env["ticket.billing.inbox"]
        batch.count("held", inbox._hold(connector, batch.findings))
        inbox._settle(connector, batch.remote_type, batch.settled)

    @api.model
    def _create_each(self, model, pairs, batch) -> dict:
        """Create records for (remote record, values), at once if possible.

        Returns them by remote id. One bad record does not keep out the others:
        it is held with the reason.
        """
        if not pairs:
            return {}
        try:
            with self.env.cr.savepoint():
                records = model.create([dict(values) for _remote, values in pairs])
            ids = [remote.remote_id for remote, _values in pairs]
            return dict(zip(ids, records, strict=True))
        except RECORD_ERRORS:
            records = {}
        for remote, values in pairs:
            try:
                with self.env.cr.savepoint():
                    records[remote.remote_id] = model.create([dict(values)])
            except RECORD_ERRORS as error:
                detail = str(error) if isinstance(error, UserError) else ""
                batch.hold(remote, "refused", detail=detail)
                batch.count("failed")
        return records

    @api.model
    def _get_differences(self, record, values) -> dict:
        """Return those of ``values`` that ``record`` does not have yet."""
        news = {}
        for name, value in values.items():
            present = record[name]
            if isinstance(present, models.BaseModel):
                present = present.id
            if (present or False) != (value or False):
                news[name] = value
        return news

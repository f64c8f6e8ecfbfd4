import hashlib
import json

from odoo import api, fields, models

ITEM_FIELDS = (
    "company_id", "contract_id", "currency_id", "ticket_id", "entry_id", "charge_id",
    "visit_id", "fee_id", "segment", "kind", "work_date", "start", "stop",
    "raw_minutes", "billable_minutes", "quantity", "unit_price", "surcharge_percent",
    "discount_percent", "net", "explanation", "employee_id", "work_type_id",
    "allotment_id", "allotment_period", "allotment_used",
)  # fmt: skip
ENTRY_FIELDS = (
    "ticket_id", "date", "unit_amount", "raw_minutes", "billing_start",
    "billing_stop", "employee_id", "work_type_id", "billing_type", "billing_rate",
    "billing_emergency", "visit_id",
)  # fmt: skip


class TicketBillingSeal(models.Model):
    """Fingerprints of what a document or a run has settled.

    Each seal is chained to the one before it. A document that is posted again, or
    whose time entry is corrected, gets another seal: the last one counts.
    """

    _name = "ticket.billing.seal"
    _description = "Seal of Settled Work"
    _order = "id desc"

    company_id = fields.Many2one("res.company", required=True, index=True)
    move_id = fields.Many2one(
        "account.move", index="btree_not_null", ondelete="restrict"
    )
    run_id = fields.Many2one(
        "ticket.billing.run", index="btree_not_null", ondelete="restrict"
    )
    previous_id = fields.Many2one("ticket.billing.seal", ondelete="restrict")
    fingerprints = fields.Json(
        help="Of every billing item: its fingerprint and that of its time entry."
    )
    digest = fields.Char(required=True)

    # -------------------------------------------------------------------- make

    @api.model
    def _seal(self, items, owner):
        """Seal what ``owner`` (an invoice or a run) has settled."""
        seals = self.sudo()
        company = owner.company_id
        previous = seals.search([("company_id", "=", company.id)], limit=1)
        marks = self._get_fingerprints(items.sudo())
        name = "move_id" if owner._name == "account.move" else "run_id"
        return seals.create(
            {
                "company_id": company.id,
                name: owner.id,
                "previous_id": previous.id,
                "fingerprints": marks,
                "digest": self._digest([previous.digest or "", owner.id, marks]),
            }
        )

    @api.model
    def _reseal(self, entries):
        """Seal again what stands on time entries that were corrected openly."""
        items = entries.sudo().billing_item_ids.filtered("settled")
        for move in items.invoice_id.filtered(lambda m: m.state == "posted"):
            self._seal(move.billing_item_ids, move)
        for run in items.filtered(lambda i: not i.invoice_line_id).run_id:
            self._seal(run._get_items_without_invoice(), run)

    @api.model
    def _get_fingerprints(self, items) -> dict[str, list]:
        """Fingerprints of items and their time entries, as the database has them."""
        rows = self._read(items, ITEM_FIELDS)
        entries = self._read(items.entry_id, ENTRY_FIELDS)
        return {
            str(key): [self._digest(row), self._digest(entries.get(row["entry_id"]))]
            for key, row in rows.items()
        }

    @api.model
    def _read(self, records, names) -> dict[int, dict]:
        records.flush_recordset()
        records.invalidate_recordset(names)
        return {row.pop("id"): row for row in records.read(names, load=None)}

    @api.model
    def _digest(self, value) -> str:
        text = json.dumps(value, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    # ------------------------------------------------------------------ verify

    @api.model
    def _get_findings(self, company) -> tuple[int, list[str]]:
        """Number of sealed items of a company, and what does not agree with them."""
        seals = self.sudo().search([("company_id", "=", company.id)], order="id")
        findings, last = [], {}
        for seal in seals:
            owner = seal.move_id or seal.run_id
            chain = [seal.previous_id.digest or "", owner.id, seal.fingerprints]
            if seal.digest != self._digest(chain):
                findings.append(
                    self.env._("The seal of %s was changed.", owner.display_name)
                )
            last[owner] = seal
        count = 0
        for owner, seal in last.items():
            if owner._name == "account.move" and owner.state != "posted":
                continue
            count += len(seal.fingerprints)
            findings += seal._compare(owner)
        return count, findings + self._get_unsealed(company, last)

    def _compare(self, owner) -> list[str]:
        """Items and time entries that are not what was sealed."""
        self.ensure_one()
        ids = [int(key) for key in self.fingerprints]
        items = self.env["ticket.billing.item"].sudo().browse(ids)
        current = self._get_fingerprints(items.exists())
        findings = []
        for item in items:
            sealed, now = self.fingerprints[str(item.id)], current.get(str(item.id))
            if not now:
                text = self.env._(
                    "Billing item %(item)s of %(owner)s is gone.",
                    item=item.id,
                    owner=owner.display_name,
                )
            elif now[0] != sealed[0]:
                text = self.env._(
                    "Billing item %(item)s of %(owner)s was changed.",
                    item=item.display_name,
                    owner=owner.display_name,
                )
            elif now[1] != sealed[1]:
                text = self.env._(
                    "Time entry %(entry)s, settled by %(owner)s, was changed.",
                    entry=item.entry_id.display_name,
                    owner=owner.display_name,
                )
            else:
                continue
            findings.append(text)
        return findings

    @api.model
    def _get_unsealed(self, company, owners) -> list[str]:
        """Posted invoices of billing runs that were never sealed."""
        moves = (
            self.env["account.move"]
            .sudo()
            .search(
                [
                    ("company_id", "=", company.id),
                    ("billing_run_id", "!=", False),
                    ("state", "=", "posted"),
                ]
            )
        )
        return [
            self.env._("%s has no seal.", move.display_name)
            for move in moves
            if move not in owners
        ]

import base64
import hashlib
import json
import zlib
from datetime import timedelta

from odoo import api, fields, models

from ..systems.masking import readable

#: Shorter values are too common to be searched for in texts.
MIN_SECRET = 6


class TicketBillingPayload(models.Model):
    """A remote record as it was read last, for those who look for the cause of
    something: compressed, without secrets, and for some days only."""

    _name = "ticket.billing.payload"
    _description = "Content as Read"
    _order = "received desc, id desc"
    _rec_name = "remote_id"

    connector_id = fields.Many2one(
        "ticket.billing.connector", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="connector_id.company_id", store=True)
    remote_type = fields.Selection(
        [("ticket", "Ticket"), ("time_entry", "Time entry")],
        required=True,
        readonly=True,
    )
    remote_id = fields.Char(string="Remote ID", required=True, readonly=True)
    received = fields.Datetime(required=True, readonly=True, index=True)
    digest = fields.Char(required=True, readonly=True)
    content = fields.Binary(
        attachment=False, readonly=True, exportable=False, prefetch=False
    )
    truncated = fields.Boolean(readonly=True, help="It was too long to be kept whole.")
    text = fields.Text(compute="_compute_text", string="Content")

    _remote_uniq = models.Constraint(
        "UNIQUE(connector_id, remote_type, remote_id)",
        "The content of a record is kept once.",
    )

    @api.depends("content")
    def _compute_text(self):
        for payload in self:
            payload.text = payload._unpack()

    def _unpack(self) -> str:
        packed = self.with_context(bin_size=False).content
        return zlib.decompress(base64.b64decode(packed)).decode() if packed else ""

    def _get_row(self):
        """Return the content as decoded JSON, None if it was cut."""
        self.ensure_one()
        return None if self.truncated else json.loads(self._unpack() or "null")

    @api.model
    def _keep(self, connector, raw: dict):
        """Keep what was read; ``raw`` maps (type, remote id) to decoded JSON."""
        if not raw or not connector.payload_days:
            return
        secret = connector._get_secret()
        secrets = [secret] if len(secret) >= MIN_SECRET else []
        found = {
            (payload.remote_type, payload.remote_id): payload
            for payload in self.search(
                [
                    ("connector_id", "=", connector.id),
                    ("remote_id", "in", list({key for _type, key in raw})),
                ]
            )
        }
        creations = []
        for key, row in raw.items():
            text, truncated = readable(row, secrets)
            digest = hashlib.sha256(text.encode()).hexdigest()
            known = found.get(key)
            if known and known.digest == digest:
                continue
            vals = self._prepare_payload(text, truncated, digest)
            if known:
                known.write(vals)
            else:
                remote_type, remote_id = key
                vals |= {"connector_id": connector.id, "remote_type": remote_type}
                creations.append(vals | {"remote_id": remote_id})
        self.create(creations)

    @api.model
    def _prepare_payload(self, text, truncated, digest) -> dict:
        return {
            "received": fields.Datetime.now(),
            "digest": digest,
            "content": base64.b64encode(zlib.compress(text.encode())),
            "truncated": truncated,
        }

    @api.model
    def _view(self, connector, remote_type, remote_id):
        """Return the action that shows the content of a record."""
        payload = self.search(
            [
                ("connector_id", "=", connector.id),
                ("remote_type", "=", remote_type),
                ("remote_id", "=", remote_id),
            ]
        )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing_connectors.ticket_billing_payload_action"
        )
        if payload:
            views = [(False, "form")]
            return dict(action, res_id=payload.id, views=views, target="new")
        return dict(action, domain=[("id", "in", [])])

    @api.autovacuum
    def _gc_payloads(self):
        """Forget old content, but for that of records that still wait."""
        for (connector,) in self._read_group([], ["connector_id"]):
            limit = fields.Datetime.now() - timedelta(days=connector.payload_days)
            held = self.env["ticket.billing.inbox"].search(
                [("connector_id", "=", connector.id), ("state", "=", "held")]
            )
            self.search(
                [
                    ("connector_id", "=", connector.id),
                    ("received", "<", limit),
                    ("remote_id", "not in", held.mapped("remote_id")),
                ],
                limit=10_000,
            ).unlink()

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools.names import mail_domain, mail_domains
from .ticket_billing_link import MODELS, TARGET_FIELDS


class TicketBillingLink(models.Model):
    """Deciding what a remote record is here, and taking it back."""

    _inherit = "ticket.billing.link"  # pylint: disable=consider-merging-classes-inherited

    remote_vat = fields.Char(string="VAT number there", readonly=True)
    remote_domain = fields.Char(string="Mail domain there", readonly=True)
    matched_by = fields.Selection(
        [
            ("hand", "By hand"),
            ("reference", "Customer number"),
            ("vat", "VAT number"),
            ("email", "E-mail address"),
            ("domain", "Mail domain"),
            ("login", "Login"),
            ("code", "Code"),
            ("barcode", "Barcode"),
            ("name", "Name"),
            ("similar", "Similar name"),
        ],
        readonly=True,
        help="What the mapping was made by.",
    )
    proposals = fields.Json(readonly=True)
    proposal_buttons = fields.Json(
        string="Proposals", compute="_compute_proposal_buttons"
    )
    best_score = fields.Integer(string="Score", readonly=True, aggregator=None)
    certain = fields.Boolean(
        readonly=True, help="One proposal stands out: it can be accepted unseen."
    )
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    previous_res_id = fields.Integer(readonly=True)
    rule_ids = fields.Many2many("ticket.billing.mapping.rule", readonly=True)
    entry_rules = fields.Json(
        readonly=True, help="What rules set for the time entries of a ticket."
    )
    customer_link_id = fields.Many2one(
        "ticket.billing.link",
        readonly=True,
        index="btree_not_null",
        help="The mapping a ticket has its customer from.",
    )
    agent_link_id = fields.Many2one(
        "ticket.billing.link",
        readonly=True,
        index="btree_not_null",
        help="The mapping a time entry has its employee from.",
    )
    activity_link_id = fields.Many2one(
        "ticket.billing.link",
        readonly=True,
        index="btree_not_null",
        help="The mapping a time entry has its work type from.",
    )

    @api.depends("proposals", "state")
    @api.depends_context("lang")
    def _compute_proposal_buttons(self):
        reasons = dict(self._fields["matched_by"]._description_selection(self.env))
        for link in self:
            rows = link.proposals if link.state == "unmapped" else []
            records = self.env[link.res_model].browse([row["id"] for row in rows or []])
            names = {record.id: record.display_name for record in records.exists()}
            link.proposal_buttons = [
                {
                    "id": row["id"],
                    "name": names[row["id"]],
                    "score": row["score"],
                    "reason": reasons[row["reason"]],
                }
                for row in rows or []
                if row["id"] in names
            ]

    def _may_be_mapped(self) -> bool:
        """Say whether rules may map: not what a person has decided on before."""
        return self.connector_id.auto_map and not self.decided_on

    def _get_mapping_remark(self) -> str:
        """Say how the mapping was made, or what is proposed."""
        self.ensure_one()
        if self.state == "mapped":
            reasons = dict(self._fields["matched_by"]._description_selection(self.env))
            return reasons.get(self.matched_by, "")
        proposals = [
            f"{row['name']} ({row['score']} %)" for row in self.proposal_buttons or []
        ]
        if not proposals:
            return self.env._("Nothing here fits.")
        return self.env._("Proposals: %s", ", ".join(proposals))

    # Deciding

    def write(self, vals):
        """A decision made by hand releases what waited for it, and moves what came in
        by the one before and is not billed yet."""
        if vals.get("res_id") and not self.env.su:
            self._check_target(vals["res_id"])
        if "res_id" not in vals or self.env.context.get("connector_import"):
            return super().write(vals)
        before = {link: link.res_id for link in self}
        res = super().write(vals)
        changed = self.filtered(lambda link: link.res_id != before[link])
        for link in changed:
            super(TicketBillingLink, link).write(link._prepare_decision(before[link]))
        changed._note_decisions(before)
        self.env["ticket.billing.remap"].sudo()._follow(changed.sudo())
        if vals["res_id"]:
            self._release()
        return res

    def _check_target(self, res_id):
        """Refuse what no person decides, and records of other companies."""
        if any(link.remote_type not in TARGET_FIELDS for link in self):
            raise AccessError(self.env._("Only mappings can be decided by hand."))
        for link in self:
            # Whoever maps agents need not be allowed to read employees.
            record = self.env[link.res_model].sudo().browse(res_id)
            if record.company_id and record.company_id != link.company_id:
                raise AccessError(self.env._("It belongs to another company."))

    def _prepare_decision(self, before) -> dict:
        return {
            "ambiguous": False,
            "matched_by": "hand" if self.res_id else False,
            "previous_res_id": before,
            "decided_by_id": self.env.user.id,
            "decided_on": fields.Datetime.now(),
        }

    def _note_decisions(self, before):
        """Write decisions into the history of the connector."""
        decided = self.filtered(lambda link: link.remote_type in TARGET_FIELDS)
        for connector, links in decided.grouped("connector_id").items():
            lines = [
                self.env._(
                    "%(remote)s: %(before)s → %(after)s",
                    remote=link.display_name,
                    before=link._get_name(before[link]) or self.env._("not mapped"),
                    after=link._get_name(link.res_id) or self.env._("not mapped"),
                )
                for link in links
            ]
            connector.sudo().message_post(
                body="\n".join([self.env._("Mapping decided:"), *lines])
            )

    def _get_name(self, res_id) -> str:
        record = self.env[MODELS[self.remote_type]].browse(res_id or []).exists()
        return record.display_name or ""

    def action_accept(self, res_id):
        """Map to the proposed record ``res_id``."""
        self.ensure_one()
        if res_id not in [row["id"] for row in self.proposals or []]:
            raise UserError(self.env._("This is no proposal any more: load the page."))
        self.res_id = res_id

    def action_accept_certain(self):
        """Accept the best proposal of those chosen, else of all, if it is certain."""
        open_links = Domain([("state", "=", "unmapped"), ("certain", "=", True)])
        links = self.filtered_domain(open_links) if self else self.search(open_links)
        for link in links:
            link.action_accept(link.proposals[0]["id"])
        return self._notify(
            self.env._("%s proposals accepted.", len(links)), bool(links)
        )

    def action_search_again(self):
        """Look again for records that fit, of those chosen, else of all."""
        self.check_access("write")
        undecided = Domain(
            [("state", "=", "unmapped"), ("remote_type", "in", list(TARGET_FIELDS))]
        ) & Domain("remote_type", "!=", "contact")
        links = self.filtered_domain(undecided) if self else self.search(undecided)
        self.env["ticket.billing.import"].sudo()._match_again(links.sudo())
        mapped = links.filtered(lambda link: link.state == "mapped")
        mapped._release()
        return self._notify(self.env._("%s mapped.", len(mapped)), bool(mapped))

    def _notify(self, message, done):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "success" if done else "warning",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_undo(self):
        """Take the last decision back: what it brought waits again, or goes back to
        the record before. Billed work stays where it is and has to be decided on."""
        for link in self.filtered(lambda li: li.remote_type in TARGET_FIELDS):
            link.res_id = link.previous_res_id or False
            link.write({"previous_res_id": 0})
        self.env["ticket.billing.import"].sudo()._match_again(
            self.sudo().filtered(lambda link: link.state == "unmapped")
        )

    def action_create_partner(self):
        """Open the form of a new customer with what the ticket system knows."""
        self.ensure_one()
        domains = sorted(mail_domains(self.remote_domain))
        domain = next(iter(domains), mail_domain(self.remote_email))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New customer"),
            "res_model": "res.partner",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_name": self.remote_name or self.remote_id,
                "default_is_company": True,
                "default_ref": self.remote_number or self.remote_id,
                "default_vat": self.remote_vat,
                "default_website": domain and f"https://{domain}",
                "default_company_id": False,
                "map_link_id": self.id,
            },
        }

    def action_view_payload(self):
        self.ensure_one()
        return self.env["ticket.billing.payload"]._view(
            self.connector_id, self.remote_type, self.remote_id
        )

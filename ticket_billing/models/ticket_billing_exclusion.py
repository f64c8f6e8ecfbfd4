from odoo import api, fields, models
from odoo.exceptions import UserError

SOURCES = ("entry_id", "charge_id", "visit_id")


class TicketBillingExclusion(models.Model):
    """Work that a person has left out of a run: who and when are its create fields."""

    _name = "ticket.billing.exclusion"
    _description = "Work Excluded from a Billing Run"

    run_id = fields.Many2one(
        "ticket.billing.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    entry_id = fields.Many2one(
        "account.analytic.line", index="btree_not_null", ondelete="cascade"
    )
    charge_id = fields.Many2one(
        "ticket.billing.charge", index="btree_not_null", ondelete="cascade"
    )
    visit_id = fields.Many2one(
        "ticket.billing.visit", index="btree_not_null", ondelete="cascade"
    )
    ticket_id = fields.Many2one("helpdesk.ticket", compute="_compute_ticket_id")

    _source = models.Constraint(
        "CHECK(num_nonnulls(entry_id, charge_id, visit_id) = 1)",
        "An exclusion names one time entry, charge or visit.",
    )
    _entry_uniq = models.UniqueIndex(
        "(run_id, entry_id) WHERE entry_id IS NOT NULL",
        "This time entry is excluded already.",
    )
    _charge_uniq = models.UniqueIndex(
        "(run_id, charge_id) WHERE charge_id IS NOT NULL",
        "This charge is excluded already.",
    )
    _visit_uniq = models.UniqueIndex(
        "(run_id, visit_id) WHERE visit_id IS NOT NULL",
        "This visit is excluded already.",
    )

    def _get_source(self):
        """The excluded record."""
        self.ensure_one()
        return self.entry_id or self.charge_id or self.visit_id

    @api.depends(*SOURCES)
    def _compute_ticket_id(self):
        for exclusion in self:
            exclusion.ticket_id = exclusion._get_source().ticket_id

    @api.depends(*SOURCES)
    @api.depends_context("lang")
    def _compute_display_name(self):
        for exclusion in self:
            exclusion.display_name = exclusion._get_source().display_name

    @api.model
    def _exclude(self, items, run):
        """Leave the work of proposed ``items`` out of ``run``, and rate it again."""
        self._check_preview(run)
        values = {
            (name, item[name].id) for item in items for name in SOURCES if item[name]
        }
        for item in items:
            if not any(item[name] for name in SOURCES):
                raise UserError(
                    self.env._(
                        "%(item)s belongs to the contract as a whole: exclude the"
                        " customer instead.",
                        item=item.display_name,
                    )
                )
        known = {
            (name, e[name].id) for e in run.exclusion_ids for name in SOURCES if e[name]
        }
        new = self.sudo().create(
            [{"run_id": run.id, name: key} for name, key in sorted(values - known)]
        )
        new._drop_proposals()
        run.action_preview()

    @api.model
    def _check_preview(self, run):
        self.env["ticket.billing.rater"]._check_biller()
        if not run:
            raise UserError(self.env._("Open the items from the preview of a run."))
        run.check_access("write")
        run._check_state("draft")

    def _drop_proposals(self):
        """Excluded work is unrated again."""
        for name in SOURCES:
            self.mapped(name).billing_item_ids.filtered(
                lambda i: i.live and not i.settled and not i.invoice_line_id
            ).unlink()

    def action_include(self):
        """Take this work into its run again."""
        runs = self.run_id
        for run in runs:
            self._check_preview(run)
        self.sudo().unlink()
        runs.action_preview()

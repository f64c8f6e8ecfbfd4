import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date


class TicketBillingPrivacy(models.TransientModel):
    """Answers to a person who asks for the own data, or to be forgotten."""

    _name = "ticket.billing.privacy"
    _description = "Personal Data of a Technician or Contact"

    kind = fields.Selection(
        [("employee", "Technician"), ("partner", "Contact")],
        string="Person",
        required=True,
        default="employee",
    )
    employee_id = fields.Many2one("hr.employee", string="Technician")
    partner_id = fields.Many2one("res.partner", string="Contact")
    numbers = fields.Text(compute="_compute_preview", string="Found")
    retained = fields.Text(compute="_compute_preview", string="What stays")
    export_file = fields.Binary(readonly=True, attachment=False)
    export_name = fields.Char(readonly=True)
    pseudonym = fields.Char(readonly=True)

    @api.depends("kind", "employee_id", "partner_id")
    def _compute_preview(self):
        data = self.env["ticket.billing.personal.data"]
        for wizard in self:
            subject = wizard._get_person()
            wizard.numbers = wizard.retained = False
            if subject:
                wizard._check_officer()
                wizard.numbers = "\n".join(
                    f"{source.title}: {len(source.records)}"
                    for source in data._get_sources(subject)
                    if source.records
                )
                wizard.retained = wizard._format_retained(data._get_retained(subject))

    def _check_officer(self):
        if not self.env.user.has_group("ticket_billing.group_privacy"):
            raise AccessError(
                self.env._("Only those in charge of data protection may do this.")
            )

    def _get_person(self):
        self.ensure_one()
        person = self.employee_id if self.kind == "employee" else self.partner_id
        return person._origin

    def _get_chosen_person(self):
        self._check_officer()
        person = self._get_person()
        if not person:
            raise UserError(self.env._("Choose the person first."))
        person.check_access("read")
        return person

    @api.model
    def _format_retained(self, rows) -> str:
        return "\n".join(
            self.env._(
                "%(title)s: %(count)s, until %(day)s. %(reason)s",
                title=row.title,
                count=row.count,
                day=format_date(self.env, row.until) if row.until else "–",
                reason=row.reason,
            )
            for row in rows
        )

    def action_export(self):
        """Everything about the person as a file."""
        person = self._get_chosen_person()
        content = self.env["ticket.billing.personal.data"]._export(person)
        self.export_name = f"{person._name.replace('.', '_')}_{person.id}.zip"
        self.export_file = base64.b64encode(content)
        self._log("export", person, self.numbers)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/export_file/{self.export_name}"
            "?download=true",
            "target": "download",
        }

    def action_pseudonymise(self):
        """Put a pseudonym for the person wherever the name need not stay."""
        person = self._get_chosen_person()
        data = self.env["ticket.billing.personal.data"]
        retained = self._format_retained(data._get_retained(person))
        self.pseudonym, counts = data._pseudonymise(person)
        numbers = "\n".join(f"{title}: {count}" for title, count in counts.items())
        log = self._log("pseudonymise", person, numbers, retained)
        return log.get_formview_action()

    def _log(self, action: str, person, numbers: str, retained: str = ""):
        return (
            self.env["ticket.billing.privacy.log"]
            .sudo()
            .create(
                {
                    "action": action,
                    "res_model": person._name,
                    "res_id": person.id,
                    "numbers": numbers,
                    "retained": retained,
                }
            )
            .sudo(False)
        )

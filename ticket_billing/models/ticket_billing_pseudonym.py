import re

from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError

EMPLOYEE_FIELDS = (
    "work_email", "work_phone", "mobile_phone", "job_title", "private_email",
    "private_phone", "private_street", "private_street2", "private_zip",
    "private_city", "private_car_plate", "birthday", "place_of_birth",
    "identification_id", "ssnid", "passport_id", "emergency_contact",
    "emergency_phone", "barcode", "pin", "image_1920", "id_card", "driving_license",
)  # fmt: skip
CONTACT_FIELDS = ("email", "phone", "function", "comment", "website", "image_1920")
ADDRESS_FIELDS = ("street", "street2", "zip", "city", "vat")

# Texts of live records in which people are named.
TEXTS = {
    "helpdesk.ticket": ("name", "description", "partner_name", "partner_email"),
    "account.analytic.line": ("name",),
    "ticket.billing.charge": ("name",),
    "mail.message": ("subject", "body", "email_from", "record_name"),
}


class TicketBillingPersonalData(models.AbstractModel):
    """Puts a pseudonym for a person wherever the name need not stay."""

    _inherit = "ticket.billing.personal.data"

    @api.model
    def _pseudonymise(self, subject) -> tuple[str, dict[str, int]]:
        """Replace the person by a pseudonym; return it, and what was changed."""
        employees, partners, users = self._get_people(subject)
        self._check_can_be_pseudonymised(partners, users)
        quiet = self.with_context(tracking_disable=True, mail_notrack=True).sudo()
        label = quiet._get_pseudonym(employees)
        pattern = quiet._get_pattern(employees, partners, users)
        sources = {s.key: s.records for s in quiet._get_sources(subject)}
        counts = quiet._replace_in_texts(sources, pattern, label)
        counts[self.env._("Tracked changes")] = quiet._replace_in_tracking(
            pattern, label
        )
        quiet._replace_people(employees, partners, users, label)
        return label, {title: count for title, count in counts.items() if count}

    @api.model
    def _get_pseudonym(self, employees) -> str:
        number = self.env["ir.sequence"].next_by_code("ticket.billing.pseudonym")
        if employees:
            return self.env._("Technician %s", number)
        return self.env._("Contact %s", number)

    @api.model
    def _check_can_be_pseudonymised(self, partners, users):
        """Raise for those without whom the system or a contract stands still."""
        fixed = self.env.ref("base.user_root") | self.env.ref("base.user_admin")
        if users & (fixed | self.env.user):
            raise UserError(
                self.env._("This login is in use: take another one for it first.")
            )
        contracts = self._search(
            "ticket.billing.contract",
            [("partner_id", "in", partners.ids), ("state", "=", "active")],
        )
        if contracts:
            raise UserError(
                self.env._(
                    "%(contract)s is active: close it first.",
                    contract=contracts[0].display_name,
                )
            )

    @api.model
    def _get_pattern(self, employees, partners, users) -> re.Pattern:
        """All ways to write the person, the longest first."""
        words = {
            *employees.mapped("name"), *employees.mapped("work_email"),
            *partners.mapped("name"), *partners.mapped("email"),
            *users.mapped("login"),
        }  # fmt: skip
        found = sorted((w for w in words if w and len(w) > 2), key=len, reverse=True)
        parts = "|".join(re.escape(word) for word in found)
        return re.compile(rf"(?<!\w)(?:{parts})(?!\w)", re.I)

    # ------------------------------------------------------------------- texts

    @api.model
    def _replace_in_texts(self, sources, pattern, label) -> dict[str, int]:
        """Number of records changed, by their kind."""
        tickets = sources["tickets"]
        on_tickets = self._search(
            "mail.message",
            [("model", "=", "helpdesk.ticket"), ("res_id", "in", tickets.ids)],
        )
        messages = (sources["messages"] | on_tickets).filtered(
            # Those of invoices are part of the books.
            lambda m: m.model != "account.move"
        )
        groups = [
            tickets,
            sources["time_entries"] | tickets.time_entry_ids,
            tickets.charge_ids,
            messages,
        ]
        return {
            self.env["ir.model"]._get(records._name).name: sum(
                self._replace_in_record(record, pattern, label) for record in records
            )
            for records in groups
        }

    @api.model
    def _replace_in_record(self, record, pattern, label) -> bool:
        vals = {}
        for name in TEXTS[record._name]:
            if name not in record._fields or not record._fields[name].store:
                continue
            text = record[name]
            changed = pattern.sub(label, str(text)) if text else text
            if text and changed != str(text):
                vals[name] = Markup(changed) if isinstance(text, Markup) else changed
        if vals:
            record.write(vals)
        return bool(vals)

    @api.model
    def _replace_in_tracking(self, pattern, label) -> int:
        values = self._search(
            "mail.tracking.value",
            [("mail_message_id.model", "!=", "account.move"),
             "|", ("old_value_char", "!=", False), ("new_value_char", "!=", False)],
        )  # fmt: skip
        count = 0
        for value in values:
            vals = {
                name: pattern.sub(label, value[name])
                for name in ("old_value_char", "new_value_char")
                if value[name] and pattern.search(value[name])
            }
            if vals:
                value.write(vals)
                count += 1
        return count

    # ------------------------------------------------------------------ people

    @api.model
    def _replace_people(self, employees, partners, users, label):
        employees, partners, users = (
            records.with_env(self.env) for records in (employees, partners, users)
        )
        login = label.lower().replace(" ", "-")
        for number, user in enumerate(users):
            user.write(
                {"active": False, "login": f"{login}-{number}" if number else login}
            )
        employees.write({"name": label, **self._get_empty(employees, EMPLOYEE_FIELDS)})
        employees.filtered("active").action_archive()
        for partner in partners:
            self._replace_partner(partner, label)

    @api.model
    def _replace_partner(self, partner, label):
        """A contact that the books name keeps name and address, but is blocked."""
        vals = {"active": False, **self._get_empty(partner, CONTACT_FIELDS)}
        if not self._is_in_books(partner):
            vals |= {"name": label, **self._get_empty(partner, ADDRESS_FIELDS)}
        partner.write(vals)

    @api.model
    def _is_in_books(self, partner) -> bool:
        """Whether posted invoices in retention are addressed to the contact."""
        moves = self._search(
            "account.move",
            [("state", "=", "posted"), "|", ("partner_id", "=", partner.id),
             ("partner_shipping_id", "=", partner.id)],
        )  # fmt: skip
        return bool(self._get_books(moves))

    @api.model
    def _get_empty(self, records, names) -> dict:
        return {name: False for name in names if name in records._fields}

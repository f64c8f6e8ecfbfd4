import base64
from collections import Counter
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.base.models.res_partner import _tz_get

from ..intake.cells import Notation, guess_columns, make_rows
from ..intake.checks import check_row
from ..intake.files import MAX_BYTES, MAX_ROWS, FileRefused, read_file
from ..intake.tables import MAX_ROWS as AT_ONCE
from ..intake.tables import TABLES
from ..systems.pushed import CODE

#: Outcomes by the endings of the log's fields.
LOGGED = {"tickets": "ticket", "time-entries": "entry"}


class _RolledBack(Exception):
    """Ends a preview: nothing of it stays."""


class TicketBillingFileImport(models.TransientModel):
    """Imports tickets, times and charges from a CSV or Excel file, after a preview.

    Rows take the same way as those of connectors.
    """

    _name = "ticket.billing.file.import"
    _description = "Import from a File"
    _rec_name = "file_name"

    connector_id = fields.Many2one(
        "ticket.billing.connector",
        string="Source",
        required=True,
        domain=[("system", "=", CODE), ("state", "=", "receiving")],
        default=lambda self: self._get_default_connector(),
        help="The system the file comes from. Its ids are its own; the same source"
        " again finds what came in before.",
    )
    kind = fields.Selection(
        [
            ("tickets", "Tickets"),
            ("time-entries", "Time entries"),
            ("charges", "Charges"),
        ],
        string="Holds",
        required=True,
        default="tickets",
        help="Import tickets first: times and charges belong to them.",
    )
    file = fields.Binary(
        attachment=False, help="CSV or Excel (xlsx), with headings in the first row."
    )
    file_name = fields.Char()
    decimal = fields.Selection(
        [("comma", "1.234,50"), ("point", "1,234.50")],
        string="Numbers",
        required=True,
        default="comma",
    )
    time_unit = fields.Selection(
        [("minutes", "Minutes"), ("hours", "Hours")],
        string="Worked time is in",
        required=True,
        default="minutes",
        help="1:30 is always an hour and a half.",
    )
    time_zone = fields.Selection(
        _tz_get,
        string="Time zone",
        required=True,
        default=lambda self: self.env.company.partner_id.tz or "Europe/Berlin",
        help="Zone of times that do not name one.",
    )
    state = fields.Selection(
        [
            ("file", "File"),
            ("columns", "Columns"),
            ("preview", "Preview"),
            ("done", "Imported"),
        ],
        default="file",
        required=True,
    )
    column_ids = fields.One2many("ticket.billing.file.import.column", "import_id")
    line_ids = fields.One2many("ticket.billing.file.import.line", "import_id")
    summary = fields.Char(compute="_compute_summary")

    @api.model
    def _get_default_connector(self):
        return self.env["ticket.billing.connector"].search(
            [("system", "=", CODE), ("state", "=", "receiving")], limit=1
        )

    @api.depends("line_ids.outcome")
    def _compute_summary(self):
        for wizard in self:
            counts = Counter(wizard.line_ids.mapped("outcome"))
            wizard.summary = self.env._(
                "%(new)s new, %(changed)s changed, %(unchanged)s unchanged, %(held)s"
                " wait, %(wrong)s wrong",
                new=counts["new"],
                changed=counts["changed"],
                unchanged=counts["unchanged"] + counts["outdated"],
                held=counts["held"] + counts["dismissed"],
                wrong=counts["wrong"],
            )

    # Steps

    def action_read(self):
        """Read the file and guess what its columns are."""
        sheet = self._read_sheet()
        guesses = guess_columns(TABLES[self.kind], sheet.headings)
        examples = [
            next((row[at] for row in sheet.rows if at < len(row) and row[at]), "")
            for at in range(len(sheet.headings))
        ]
        columns = zip(sheet.headings, examples, guesses, strict=True)
        self.column_ids.unlink()
        self.column_ids = [
            fields.Command.create(
                {
                    "position": at,
                    "heading": heading[:250],
                    "example": str(example)[:80],
                    "field_name": guess or False,
                }
            )
            for at, (heading, example, guess) in enumerate(columns)
        ]
        return self._go_to("columns")

    def action_preview(self):
        """Show what would become of each row; nothing stays."""
        try:
            with self.env.cr.savepoint():
                lines = self._process()
                raise _RolledBack
        except _RolledBack:
            self.env.invalidate_all()
        self._show(lines)
        return self._go_to("preview")

    def action_import(self):
        """Bring the rows in."""
        connector = self._get_connector()
        connector._claim_intake()
        lines = self._process()
        self._show(lines)
        self._note(connector, lines)
        connector._update_activity()
        return self._go_to("done")

    def action_back(self):
        return self._go_to("columns" if self.state == "preview" else "file")

    def action_view_held(self):
        return self.connector_id.action_view_held()

    def _go_to(self, state):
        self.state = state
        action = self.env["ir.actions.actions"]._for_xml_id(
            "ticket_billing_connectors.ticket_billing_file_import_action"
        )
        return action | {"res_id": self.id}

    # The file

    def _get_connector(self):
        self.connector_id.check_access("write")
        if self.connector_id.system != CODE or self.connector_id.state != "receiving":
            raise UserError(
                self.env._("Choose a source that sends by itself and is active.")
            )
        return self.connector_id.sudo()

    def _read_sheet(self):
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        try:
            return read_file(base64.b64decode(self.file))
        except FileRefused as refused:
            raise UserError(self._describe_fault(refused.code)) from None

    def _describe_fault(self, code):
        return {
            "large": self.env._(
                "The file is larger than %(size)s MB, or too large when unpacked."
                " Split it.",
                size=MAX_BYTES // 1024 // 1024,
            ),
            "long": self.env._(
                "The file has more than %(rows)s rows, or too many columns. Split it.",
                rows=MAX_ROWS,
            ),
            "empty": self.env._(
                "The file has no rows. The first row holds the headings."
            ),
            "unknown": self.env._(
                "The file cannot be read. Save it as CSV or as Excel workbook (xlsx)."
            ),
        }[code]

    def _get_names(self):
        """Return the field of each column, '' for those that are left out."""
        table = TABLES[self.kind]
        names = [c.field_name or "" for c in self.column_ids.sorted("position")]
        chosen = Counter(filter(None, names))
        labels = dict(
            self.column_ids._fields["field_name"]._description_selection(self.env)
        )
        for name, count in chosen.items():
            if name not in table.by_name:
                text = self.env._(
                    "%(field)s is no field of what the file holds.", field=labels[name]
                )
                raise UserError(text)
            if count > 1:
                text = self.env._("%(field)s is chosen twice.", field=labels[name])
                raise UserError(text)
        for item in table.fields:
            if item.required and item.name != "id" and item.name not in chosen:
                text = self.env._(
                    "Choose the column that holds: %(field)s.", field=labels[item.name]
                )
                raise UserError(text)
        return names

    # The rows

    def _process(self) -> list[dict]:
        """Take the rows in; return the values of a line for each."""
        table, connector = TABLES[self.kind], self._get_connector()
        lines, good = self._check_rows(table)
        intake = self.env["ticket.billing.intake"].sudo()
        outcomes = {}
        for at in range(0, len(good), AT_ONCE):
            outcomes |= intake._take(connector, table, good[at : at + AT_ONCE])
        for line in lines:
            if line["outcome"] != "wrong":
                outcome = outcomes[line["remote_id"]]
                line |= {"outcome": outcome.state, "message": outcome.message}
        return lines

    def _check_rows(self, table):
        """Return a line for each row, and the values of those that are right."""
        notation = Notation(
            ZoneInfo(self.time_zone), self.decimal == "comma", self.time_unit == "hours"
        )
        rows = make_rows(table, self._read_sheet(), self._get_names(), notation)
        lines, good, seen = [], [], set()
        for number, (values, errors) in enumerate(rows, 2):
            checked = check_row(table, values)
            misread = {name for name, _why in errors}
            errors += [e for e in checked.errors if e[0] not in misread]
            key = checked.values.get("id", "")
            texts = [self._describe_refusal(name, why) for name, why in errors]
            if not texts and key in seen:
                texts = [self.env._("This ID is in the file twice.")]
            if not texts:
                seen.add(key)
                good.append(checked.values)
            lines.append(
                {
                    "number": number,
                    "remote_id": key,
                    "content": ", ".join(str(v) for v in values.values())[:250],
                    "outcome": "wrong" if texts else False,
                    "message": " ".join(texts),
                }
            )
        return lines, good

    def _describe_refusal(self, name, refusal):
        """Return what is wrong with a field, in the language of the user."""
        column = self.column_ids.filtered(lambda c: c.field_name == name)[:1]
        label = column.heading or name
        return f"{label}: {self._get_refusals(refusal.facts)[refusal.code]}"

    @api.model
    def _get_refusals(self, facts) -> dict[str, str]:
        facts = Counter(facts)
        return {
            "no_object": self.env._("This is no record."),
            "unknown": self.env._("This field is not known."),
            "missing": self.env._("This field is missing."),
            "one_of": self.env._("Give the start or the date."),
            "stop": self.env._("It lies before the start."),
            "text": self.env._("Give a text."),
            "long": self.env._(
                "It is longer than %(longest)s characters.", longest=facts["longest"]
            ),
            "choice": self.env._("Give one of: %(choices)s.", choices=facts["choices"]),
            "id": self.env._(
                "Give 1 to 128 letters, digits and signs without umlauts and slashes."
            ),
            "flag": self.env._("Give yes or no."),
            "number": self.env._("Give a number."),
            "bounds": self.env._(
                "Give %(least)s to %(most)s.", least=facts["least"], most=facts["most"]
            ),
            "decimals": self.env._("It has more than two decimals."),
            "whole": self.env._("Give a whole number."),
            "time": self.env._("Give a time. Example: 12.10.2026 09:30"),
            "day": self.env._("Give a day. Example: 12.10.2026"),
        }

    # What is kept

    def _show(self, lines):
        self.line_ids.unlink()
        self.line_ids = [fields.Command.create(line) for line in lines]

    def _note(self, connector, lines):
        """Keep in the log of the source what came from which file."""
        counts = Counter()
        prefix = LOGGED.get(self.kind)
        for line in lines:
            name = f"{prefix}_{line['outcome']}"
            if prefix and name in self.env["ticket.billing.sync.log"]._fields:
                counts[name] += 1
        self.env["ticket.billing.sync.log"].sudo().create(
            {
                "connector_id": connector.id,
                "state": "done",
                "finished": fields.Datetime.now(),
                "notes": f"{self.file_name or ''}: {self.summary}",
                **counts,
            }
        )

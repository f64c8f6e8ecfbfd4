from collections import defaultdict
from datetime import UTC, datetime, time
from typing import NamedTuple

from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_datetime

from ..rating import Item, Line, lines
from ..tools.number import format_number


class InvoiceDraft(NamedTuple):
    """Items of one future invoice, and their lines in printing order."""

    contract: models.BaseModel
    items: tuple[Item, ...]
    lines: tuple[Line, ...]


class TicketBillingInvoicer(models.AbstractModel):
    """Turns rated items into invoices. The one place where invoices are made."""

    _name = "ticket.billing.invoicer"
    _description = "Invoices of Tickets"

    # ------------------------------------------------------------------- group

    @api.model
    def _get_drafts(self, contract, items) -> list[InvoiceDraft]:
        """Future invoices of a contract: items with something to bill, grouped."""
        printed = [
            item
            for item in items
            if item.state == "open"
            or (item.state == "covered" and contract.policy_id.show_covered_lines)
        ]
        groups = defaultdict(list)
        for item in printed:
            groups[self._get_invoice_key(contract, item)].append(item)
        return [
            InvoiceDraft(contract, tuple(group), self._sort_lines(lines(group)))
            for group in groups.values()
        ]

    @api.model
    def _get_invoice_key(self, contract, item: Item):
        """What shares one invoice."""
        grouping = contract.policy_id.invoice_grouping
        ticket = self.env["helpdesk.ticket"].browse(item.ticket)
        if grouping == "ticket":
            return item.ticket
        if grouping == "project":
            return ticket._get_timesheet_project().id
        if grouping == "purchase_order":
            return ticket.purchase_order_ref or contract.purchase_order_ref or ""
        return None

    @api.model
    def _sort_lines(self, drafted) -> tuple[Line, ...]:
        """By ticket; its work by day, then its charges."""
        tickets = self.env["helpdesk.ticket"]

        def key(line):
            first = line.items[0]
            number = tickets.browse(first.ticket).number or ""
            is_charge = bool(first.charge)
            begin = first.start or datetime.combine(first.day, time.max, UTC)
            return number, first.ticket, is_charge, first.day, begin, first.segment

        return tuple(sorted(drafted, key=key))

    # ------------------------------------------------------------------- check

    @api.model
    def _check_draft(self, draft: InvoiceDraft):
        currency = draft.contract.currency_id
        if not currency.active:
            raise UserError(
                self.env._(
                    "Currency %(currency)s is not active. Activate it under Invoicing,"
                    " Configuration, Currencies, or choose another one in the"
                    " contract.",
                    currency=currency.name,
                )
            )
        for line in draft.lines:
            self._check_product(self._get_line_product(draft, line))

    @api.model
    def _check_product(self, product):
        """Odoo would bill an archived product, and guess a missing account."""
        if not product.active:
            raise UserError(
                self.env._(
                    "Product %(product)s is archived. Bring it back, or choose another"
                    " one where it is used (work type, charge or flat fee).",
                    product=product.display_name,
                )
            )
        if not product._get_product_accounts()["income"]:
            raise UserError(
                self.env._(
                    "Product %(product)s has no income account. Set one on the product"
                    " or on its category.",
                    product=product.display_name,
                )
            )

    @api.model
    def _check_taxes(self, moves):
        """Every line names its tax rate or exemption (Sec. 14 (4) No. 8 UStG)."""
        for line in moves.invoice_line_ids:
            if line.display_type == "product" and not line.tax_ids:
                raise UserError(
                    self.env._(
                        "Product %(product)s has no sales tax for this customer. Choose"
                        " one on the product or in the fiscal position; for exempt"
                        " services one of 0 %%.",
                        product=line.product_id.display_name,
                    )
                )

    # ----------------------------------------------------------------- prepare

    @api.model
    def _prepare_invoice(self, draft: InvoiceDraft, run) -> dict:
        contract = draft.contract
        self._check_draft(draft)
        invoicer = self.with_context(lang=contract.partner_id.lang)
        tickets = self.env["helpdesk.ticket"].browse(
            dict.fromkeys(line.items[0].ticket for line in draft.lines)
        )
        days = [item.day for item in draft.items]
        orders = {t.purchase_order_ref for t in tickets if t.purchase_order_ref}
        vals = {
            "move_type": "out_invoice",
            "partner_id": contract._get_invoice_partner().id,
            "company_id": contract.company_id.id,
            "currency_id": contract.currency_id.id,
            "invoice_date": run.date,
            "delivery_date": max(days),
            "service_period_start": min(days),
            "service_period_end": max(days),
            "billing_run_id": run.id,
            "invoice_origin": contract.code,
            "ref": ", ".join(sorted(orders)) or contract.purchase_order_ref,
            "invoice_user_id": contract.user_id.id,
            "invoice_line_ids": invoicer._prepare_invoice_lines(draft),
        }
        if contract.payment_term_id:
            vals["invoice_payment_term_id"] = contract.payment_term_id.id
        return vals

    @api.model
    def _prepare_invoice_lines(self, draft: InvoiceDraft) -> list:
        """A section per ticket, then its lines, in the order of ``draft.lines``."""
        commands, ticket = [], None
        for line in draft.lines:
            if line.items[0].ticket != ticket:
                ticket = line.items[0].ticket
                commands.append(Command.create(self._prepare_section(ticket)))
            commands.append(Command.create(self._prepare_line(draft, line)))
        for sequence, command in enumerate(commands, start=1):
            command[2]["sequence"] = sequence
        return commands

    @api.model
    def _prepare_section(self, ticket_id: int) -> dict:
        ticket = self.env["helpdesk.ticket"].browse(ticket_id)
        return {
            "display_type": "line_section",
            "name": self.env._(
                "Ticket %(number)s – %(title)s", number=ticket.number, title=ticket.name
            ),
        }

    @api.model
    def _prepare_line(self, draft: InvoiceDraft, line: Line) -> dict:
        return {
            "name": self._get_line_text(draft, line),
            "product_id": self._get_line_product(draft, line).id,
            "discount": float(line.discount_percent),
            **self._get_line_quantity(line),
        }

    @api.model
    def _get_line_quantity(self, line: Line) -> dict:
        """Quantity, unit and price such that Odoo multiplies to the net of the line.

        Odoo keeps two decimals of a quantity: minutes that are no multiple of three
        would not fit in hours and are billed in minutes at a sixtieth of the price.
        """
        if not line.minutes:
            return {
                "quantity": float(line.quantity),
                "price_unit": float(line.unit_price),
            }
        if line.minutes % 3 == 0:
            return {
                "quantity": line.minutes / 60,
                "price_unit": float(line.unit_price),
                "product_uom_id": self.env.ref("uom.product_uom_hour").id,
            }
        return {
            "quantity": line.minutes,
            "price_unit": float(line.unit_price / 60),
            "product_uom_id": self.env.ref("uom.product_uom_minute").id,
        }

    @api.model
    def _get_line_product(self, draft: InvoiceDraft, line: Line):
        item = line.items[0]
        if item.charge:
            return self.env["ticket.billing.charge"].browse(item.charge).product_id
        if item.kind == "flat":
            category = self.env["helpdesk.ticket"].browse(item.ticket).category_id
            fees = draft.contract.flat_fee_ids
            of_category = fees.filtered(lambda fee: fee.category_id == category)
            return (of_category or fees.filtered(lambda f: not f.category_id))[
                :1
            ].product_id
        if item.work_type:
            work_type = self.env["ticket.billing.work.type"].browse(item.work_type)
            return work_type.product_id
        return draft.contract.company_id._get_ticket_product()

    # -------------------------------------------------------------------- text

    @api.model
    def _get_line_text(self, draft: InvoiceDraft, line: Line) -> str:
        """Kind and scope of the service, when, by whom, as Sec. 14 UStG asks for."""
        item = line.items[0]
        if item.charge:
            charge = self.env["ticket.billing.charge"].browse(item.charge)
            return f"{charge.name} · {format_date(self.env, charge.date)}"
        head = [self._get_service_name(draft, item), self._get_times(draft, line)]
        if draft.contract.policy_id.show_worker and line.minutes:
            head.append(", ".join(self._get_workers(line)))
        text = [" · ".join(part for part in head if part)]
        text += self._get_notes(line)
        return "\n".join(text)

    @api.model
    def _get_service_name(self, draft: InvoiceDraft, item: Item) -> str:
        work_type = self.env["ticket.billing.work.type"].browse(item.work_type)
        kinds = dict(
            self.env["ticket.billing.item"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        name = work_type.name or kinds[item.kind]
        if item.kind in ("overage", "quota_covered", "goodwill"):
            name = f"{name} ({kinds[item.kind]})"
        elif item.kind in ("flat", "emergency_fee", "surcharge", "rounding_adjust"):
            name = kinds[item.kind]
        if item.surcharge_percent:
            windows = self._get_surcharge_names(draft, item)
            percent = format_number(self.env, item.surcharge_percent)
            name = f"{name} ({windows} +{percent} %)"
        return name

    @api.model
    def _get_surcharge_names(self, draft: InvoiceDraft, item: Item) -> str:
        keys = {
            int(key)
            for step in item.steps
            if step.code == "window"
            for key in str(step.figures["keys"]).split(", ")
            if key.isdigit()
        }
        windows = draft.contract.surcharge_ids.filtered(lambda w: w.id in keys)
        return ", ".join(windows.mapped("name")) or self.env._("Surcharge")

    @api.model
    def _get_times(self, draft: InvoiceDraft, line: Line) -> str:
        """Day and clock times of one entry, or first and last day of several."""
        first, last = line.items[0], line.items[-1]
        if len(line.items) == 1 and first.start and first.stop:
            tz = draft.contract.tz
            start = first.start.replace(tzinfo=None)
            stop = first.stop.replace(tzinfo=None)
            begin = format_datetime(self.env, start, tz=tz, dt_format="short")
            end = format_datetime(self.env, stop, tz=tz, dt_format="HH:mm")
            return f"{begin}–{end}"
        days = sorted({first.day, last.day, *(item.day for item in line.items)})
        texts = [format_date(self.env, day) for day in (days[0], days[-1])]
        return " – ".join(dict.fromkeys(texts))

    @api.model
    def _get_workers(self, line: Line) -> list[str]:
        keys = dict.fromkeys(item.employee for item in line.items if item.employee)
        return self.env["hr.employee"].sudo().browse(keys).mapped("name")

    @api.model
    def _get_notes(self, line: Line) -> list[str]:
        """What was done: the text of each time entry, once."""
        keys = dict.fromkeys(item.entry for item in line.items if item.entry)
        entries = self.env["account.analytic.line"].browse(keys)
        return [
            text
            for text in dict.fromkeys(entry.name for entry in entries)
            if text and text != "/"
        ]

    # ------------------------------------------------------------------ create

    @api.model
    def _create_invoices(self, drafts: list[InvoiceDraft], run):
        """Create the draft invoices in one batch.

        :return: pairs (move, draft) in the order of ``drafts``
        """
        moves = (
            self.env["account.move"]
            .with_context(default_move_type="out_invoice", mail_create_nolog=True)
            .create([self._prepare_invoice(draft, run) for draft in drafts])
        )
        self._check_taxes(moves)
        return list(zip(moves, drafts, strict=True))

    @api.model
    def _get_item_lines(self, created) -> dict[int, int]:
        """Invoice line id per ``id()`` of the item it bills."""
        result = {}
        for move, draft in created:
            records = move.invoice_line_ids.filtered(
                lambda li: li.display_type == "product"
            ).sorted("sequence")
            for record, line in zip(records, draft.lines, strict=True):
                for item in line.items:
                    result[id(item)] = record.id
        return result

    @api.model
    def _create_items(self, ratings, created, run):
        """Write the ledger for the rated work, with the lines that bill it."""
        item_lines = self._get_item_lines(created)
        rater = self.env["ticket.billing.rater"]
        contracts = self.env["ticket.billing.contract"]
        vals_list = []
        for contract_id, items in ratings.items():
            contract = contracts.browse(contract_id)
            for item in items:
                vals = rater._prepare_item_vals(contract, item)
                vals["invoice_line_id"] = item_lines.get(id(item))
                if item.state != "held":
                    vals["run_id"] = run.id
                vals_list.append(vals)
        return self.env["ticket.billing.item"].create(vals_list)

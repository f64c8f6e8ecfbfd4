from collections import defaultdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_datetime

from ..rating import Item, Line, lines
from ..tools.number import format_number


class DraftLine(NamedTuple):
    """One future invoice line, with the contract that prices it."""

    contract: models.BaseModel
    line: Line


class InvoiceDraft(NamedTuple):
    """Items of one future document, and its lines in printing order.

    ``contract`` (the first of ``contracts``) gives the header. What is owed to the
    customer on balance becomes a credit note: its lines count the other way.
    """

    contract: models.BaseModel
    contracts: models.BaseModel
    items: tuple[Item, ...]
    lines: tuple[DraftLine, ...]

    @property
    def net(self) -> Decimal:
        return sum((draft.line.net for draft in self.lines), Decimal(0))

    @property
    def is_credit(self) -> bool:
        return self.net < 0

    def is_empty(self) -> bool:
        """Whether nothing on it is due, and nothing else is to be shown."""
        is_shown = self.contract.policy_id.trigger != "overage"
        if is_shown and any(item.state == "covered" for item in self.items):
            return False
        return not any(draft.line.net for draft in self.lines)

    def is_below_minimum(self) -> bool:
        """Whether the policy wants this invoice to wait for more."""
        policy = self.contract.policy_id
        if policy.below_minimum != "carry_forward" or not policy.minimum_invoice:
            return False
        return 0 < self.net < Decimal(str(policy.minimum_invoice))


class TicketBillingInvoicer(models.AbstractModel):
    """Turns rated items into invoices. The one place where invoices are made."""

    _name = "ticket.billing.invoicer"
    _description = "Invoices of Tickets"

    # ------------------------------------------------------------------- group

    @api.model
    def _get_drafts(self, ratings: dict) -> list[InvoiceDraft]:
        """Future documents: items with something to bill, grouped.

        Contracts of one customer share an invoice where they agree on its header.

        :param ratings: items per contract record
        """
        grouping = self.env["ticket.billing.grouping"]
        groups = defaultdict(lambda: defaultdict(list))
        for contract, items in ratings.items():
            header = self._get_header_key(contract)
            for item in items:
                if self._is_printed(contract, item):
                    key = (header, grouping._get_invoice_key(contract, item))
                    groups[key][contract].append(item)
        return [self._prepare_draft(group) for group in groups.values()]

    @api.model
    def _is_printed(self, contract, item: Item) -> bool:
        if item.state == "covered":
            return contract.policy_id.show_covered_lines and item.line is not None
        return item.state == "open"

    @api.model
    def _get_header_key(self, contract) -> tuple:
        """What contracts have to agree on to share an invoice."""
        return (
            contract._get_invoice_partner(),
            contract.company_id,
            contract.currency_id,
            contract.policy_id,
            contract.payment_term_id,
        )

    @api.model
    def _prepare_draft(self, group: dict) -> InvoiceDraft:
        contracts = self.env["ticket.billing.contract"].concat(*group)
        drafted = [
            DraftLine(contract, line)
            for contract, items in group.items()
            for line in lines(items)
        ]
        items = tuple(item for items in group.values() for item in items)
        return InvoiceDraft(
            contracts[0], contracts, items, tuple(self._sort_lines(drafted))
        )

    @api.model
    def _sort_lines(self, drafted: list[DraftLine]) -> list[DraftLine]:
        """By ticket; its work by day, then its charges."""
        tickets = self.env["helpdesk.ticket"]

        def key(draft):
            first = draft.line.items[0]
            number = tickets.browse(first.ticket).number or ""
            is_charge = bool(first.charge)
            begin = first.start or datetime.combine(first.day, time.max, UTC)
            ticket = first.ticket or 0
            return number, ticket, is_charge, first.day, begin, first.segment

        return sorted(drafted, key=key)

    # ------------------------------------------------------------------- check

    @api.model
    def _check_drafts(self, drafts: list[InvoiceDraft], run):
        currencies = self.env["res.currency"].union(
            *(draft.contract.currency_id for draft in drafts)
        )
        for currency in currencies.filtered(lambda c: not c.active):
            raise UserError(
                self.env._(
                    "Currency %(currency)s is not active. Activate it under Invoicing,"
                    " Configuration, Currencies, or choose another one in the"
                    " contract.",
                    currency=currency.name,
                )
            )
        for contract in self.env["ticket.billing.contract"].union(
            *(draft.contract for draft in drafts)
        ):
            self._check_exchange_rate(contract, run.date)
        lines = (drafted for draft in drafts for drafted in draft.lines)
        products = map(self._get_line_product, lines)
        for product in self.env["product.product"].union(*products):
            self._check_product(product)

    @api.model
    def _check_exchange_rate(self, contract, day: date):
        """Odoo would book the invoice at 1.0 where there is no rate."""
        company, currency = contract.company_id, contract.currency_id
        if currency._get_known_rate(company, day) is None:
            raise UserError(
                self.env._(
                    "Currency %(currency)s has no exchange rate to %(company)s on"
                    " %(day)s. Enter it under Invoicing, Configuration, Currencies.",
                    currency=currency.name,
                    company=company.currency_id.name,
                    day=format_date(self.env, day),
                )
            )

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
        invoicer = self.with_context(lang=contract.partner_id.lang)
        first, last = self._get_service_period(draft)
        orders = self._get_orders(draft)
        vals = {
            "move_type": "out_refund" if draft.is_credit else "out_invoice",
            "partner_id": contract._get_invoice_partner().id,
            "company_id": contract.company_id.id,
            "currency_id": contract.currency_id.id,
            "invoice_date": run.date,
            "delivery_date": last,
            "service_period_start": first,
            "service_period_end": last,
            "billing_run_id": run.id,
            "invoice_origin": ", ".join(draft.contracts.mapped("code")),
            "ref": ", ".join(orders) or contract.purchase_order_ref,
            "invoice_user_id": contract.user_id.id,
            "invoice_line_ids": invoicer._prepare_invoice_lines(draft),
            **self.env["ticket.billing.grouping"]._prepare_header(draft),
        }
        if contract.payment_term_id:
            vals["invoice_payment_term_id"] = contract.payment_term_id.id
        return vals

    @api.model
    def _get_service_period(self, draft: InvoiceDraft) -> tuple[date, date]:
        """First and last day of the services on an invoice."""
        days = [item.day for item in draft.items]
        for item in draft.items:
            if item.charge and item.charge[0] == "fee":
                fee = self.env["ticket.billing.fee"].browse(item.charge[1])
                days.append(fee._get_last_day(item.day))
        return min(days), max(days)

    @api.model
    def _get_orders(self, draft: InvoiceDraft) -> list[str]:
        """The customer's order numbers of the work on an invoice."""
        rater = self.env["ticket.billing.rater"]
        return sorted(
            {
                order
                for drafted in draft.lines
                for item in drafted.line.items
                if (order := rater._get_item_order(drafted.contract, item))
            }
        )

    @api.model
    def _prepare_invoice_lines(self, draft: InvoiceDraft) -> list:
        """A section per ticket, then its lines, in the order of ``draft.lines``."""
        commands, last = [], None
        for drafted in draft.lines:
            ticket = drafted.line.items[0].ticket
            if not commands or ticket != last:
                last = ticket
                section = self._prepare_section(drafted.contract, ticket)
                commands.append(Command.create(section))
            commands.append(Command.create(self._prepare_line(draft, drafted)))
        for sequence, command in enumerate(commands, start=1):
            command[2]["sequence"] = sequence
        return commands

    @api.model
    def _prepare_section(self, contract, ticket_id: int | None) -> dict:
        if ticket_id:
            ticket = self.env["helpdesk.ticket"].browse(ticket_id)
            name = self.env._(
                "Ticket %(number)s – %(title)s", number=ticket.number, title=ticket.name
            )
        else:
            name = self.env._(
                "Contract %(number)s – %(title)s",
                number=contract.code,
                title=contract.name,
            )
        return {"display_type": "line_section", "name": name}

    @api.model
    def _prepare_line(self, draft: InvoiceDraft, drafted: DraftLine) -> dict:
        grouping = self.env["ticket.billing.grouping"]
        vals = {
            "name": self._get_line_text(drafted),
            "product_id": self._get_line_product(drafted).id,
            "discount": float(drafted.line.discount_percent),
            **self._get_line_quantity(drafted.line),
            **grouping._prepare_analytic(drafted),
            "cost_center_ref": grouping._get_cost_centers([drafted]),
        }
        if draft.is_credit:
            # An adjustment is one piece at an amount, the amount changes its sign.
            is_amount = drafted.line.kind in ("minimum_adjust", "cap_adjust")
            name = "price_unit" if is_amount else "quantity"
            vals[name] = -vals[name]
        return vals

    @api.model
    def _get_line_quantity(self, line: Line) -> dict:
        """Quantity, unit and price such that Odoo multiplies to the net of the line.

        Odoo keeps two decimals of a quantity: minutes that are no multiple of three
        would not fit in hours and are billed in minutes at a sixtieth of the price.
        """
        if not line.minutes:
            vals = {
                "quantity": float(line.quantity),
                "price_unit": float(line.unit_price),
            }
            if not line.items[0].charge:  # the product counts work in hours
                vals["product_uom_id"] = self._get_unit_id("unit")
            return vals
        if line.minutes % 3 == 0:
            return {
                "quantity": line.minutes / 60,
                "price_unit": float(line.unit_price),
                "product_uom_id": self._get_unit_id("hour"),
            }
        return {
            "quantity": line.minutes,
            "price_unit": float(line.unit_price / 60),
            "product_uom_id": self._get_unit_id("minute"),
        }

    @api.model
    def _get_unit_id(self, name: str) -> int:
        """Id of one of Odoo's units, without asking the database for each line."""
        return self.env["ir.model.data"]._xmlid_to_res_id(
            f"uom.product_uom_{name}", raise_if_not_found=True
        )

    @api.model
    def _get_line_product(self, drafted: DraftLine):
        item, contract = drafted.line.items[0], drafted.contract
        if item.charge:
            return self._get_charge_product(contract, item)
        if item.kind == "flat":
            category = self.env["helpdesk.ticket"].browse(item.ticket).category_id
            fees = contract.flat_fee_ids.filtered(lambda fee: fee._is_valid(item.day))
            of_category = fees.filtered(lambda fee: fee.category_id == category)
            of_all = fees.filtered(lambda fee: not fee.category_id)
            return (of_category or of_all)[:1].product_id
        if item.work_type:
            work_type = self.env["ticket.billing.work.type"].browse(item.work_type)
            return work_type.product_id
        return contract.company_id._get_ticket_product()

    @api.model
    def _get_charge_product(self, contract, item: Item):
        source, key, *_part = item.charge
        if source == "visit":
            return contract.policy_id.travel_product_id
        if source == "block":
            block = self.env["ticket.billing.allotment"].browse(key)
            return block._get_block_product()
        model = {"charge": "ticket.billing.charge", "fee": "ticket.billing.fee"}[source]
        return self.env[model].browse(key).product_id

    # -------------------------------------------------------------------- text

    @api.model
    def _get_line_text(self, drafted: DraftLine) -> str:
        """Kind and scope of the service, when, by whom, as Sec. 14 UStG asks for."""
        line = drafted.line
        item = line.items[0]
        if item.charge:
            return self._get_charge_text(drafted)
        head = [self._get_service_name(drafted, item), self._get_times(drafted)]
        if drafted.contract.policy_id.show_worker and line.minutes:
            head.append(", ".join(self._get_workers(line)))
        text = [" · ".join(part for part in head if part)]
        text += self._get_notes(line)
        return "\n".join(text)

    @api.model
    def _get_charge_text(self, drafted: DraftLine) -> str:
        """What a charge is, and when: material, journeys, a block, a fee's period."""
        item = drafted.line.items[0]
        source, key, *_part = item.charge
        if source == "visit":
            return self._get_journey_text(drafted)
        if source == "block":
            block = self.env["ticket.billing.allotment"].browse(key)
            return f"{block.display_name} · {format_date(self.env, item.day)}"
        if source == "fee":
            fee = self.env["ticket.billing.fee"].browse(key)
            last = format_date(self.env, fee._get_last_day(item.day))
            return f"{fee.name} · {format_date(self.env, item.day)} – {last}"
        charge = self.env["ticket.billing.charge"].browse(key)
        return f"{charge.name} · {format_date(self.env, charge.date)}"

    @api.model
    def _get_journey_text(self, drafted: DraftLine) -> str:
        """Visits whose way stands on a line, with their days."""
        keys = dict.fromkeys(item.charge[1] for item in drafted.line.items)
        visits = self.env["ticket.billing.visit"].browse(keys)
        kinds = dict(
            self.env["ticket.billing.item"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        texts = [f"{v.name} ({format_date(self.env, v.date)})" for v in visits]
        return f"{kinds['travel']} · {', '.join(texts)}"

    @api.model
    def _get_service_name(self, drafted: DraftLine, item: Item) -> str:
        work_type = self.env["ticket.billing.work.type"].browse(item.work_type)
        kinds = dict(
            self.env["ticket.billing.item"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        name = work_type.name or kinds[item.kind]
        if item.kind in ("overage", "quota_covered", "goodwill", "correction"):
            name = f"{name} ({kinds[item.kind]})"
        elif item.kind != "time":
            name = kinds[item.kind]
        if item.surcharge_percent:
            windows = self._get_surcharge_names(drafted, item)
            percent = format_number(self.env, item.surcharge_percent)
            name = f"{name} ({windows} +{percent} %)"
        return name

    @api.model
    def _get_surcharge_names(self, drafted: DraftLine, item: Item) -> str:
        keys = {
            int(key)
            for step in item.steps
            if step.code == "window"
            for key in str(step.figures["keys"]).split(", ")
            if key.isdigit()
        }
        windows = drafted.contract.surcharge_ids.filtered(lambda w: w.id in keys)
        return ", ".join(windows.mapped("name")) or self.env._("Surcharge")

    @api.model
    def _get_times(self, drafted: DraftLine) -> str:
        """Day and clock times of one entry, or first and last day of several."""
        line = drafted.line
        first, last = line.items[0], line.items[-1]
        if len(line.items) == 1 and first.start and first.stop:
            tz = drafted.contract.tz
            start = first.start.replace(tzinfo=None)
            begin = format_datetime(self.env, start, tz=tz, dt_format="short")
            return f"{begin}–{first.stop.astimezone(ZoneInfo(tz)):%H:%M}"
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
        """Create the draft invoices together.

        :return: pairs (move, draft) in the order of ``drafts``
        """
        self._check_drafts(drafts, run)
        vals_list = [self._prepare_invoice(draft, run) for draft in drafts]
        moves = self.env["ticket.billing.invoice.values"]._create(vals_list)
        self._check_taxes(moves)
        for move, draft in zip(moves, drafts, strict=True):
            policy = draft.contract.policy_id
            self.env["ticket.billing.lock"]._leave_locked_period(move, policy)
        return list(zip(moves, drafts, strict=True))

    @api.model
    def _prepare_billed(self, item: Item, line) -> dict:
        """What an invoice line makes of its item, as it is computed in any case.

        Equal values need not be written a second time.
        """
        vals = {"invoice_line_id": line.id, "invoice_id": line.move_id.id}
        if item.state == "open":
            vals.update(state="billed", live=True, settled=True)
        return vals

    @api.model
    def _get_item_lines(self, created) -> dict:
        """Invoice line per ``id()`` of the item it bills."""
        result = {}
        for move, draft in created:
            records = move.invoice_line_ids.filtered(
                lambda li: li.display_type == "product"
            ).sorted("sequence")
            for record, line in zip(records, draft.lines, strict=True):
                for item in line.line.items:
                    result[id(item)] = record
        return result

    @api.model
    def _create_items(self, ratings: dict, created, run):
        """Write the ledger for the rated work, with the lines that bill it.

        :param ratings: items per contract record
        """
        item_lines = self._get_item_lines(created)
        rater = self.env["ticket.billing.rater"]
        vals_list = []
        for contract, items in ratings.items():
            for item in items:
                vals = rater._prepare_item_vals(contract, item)
                if line := item_lines.get(id(item)):
                    vals |= self._prepare_billed(item, line)
                if item.state != "held":
                    vals["run_id"] = run.id
                vals_list.append(vals)
        return self.env["ticket.billing.item"].create(vals_list)

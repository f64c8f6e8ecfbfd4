from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.ticket_billing.tools.duration import format_minutes

#: Percent of an allotment at which the customer is told.
THRESHOLDS = (80, 100)
UNPAID = ("not_paid", "partial", "in_payment")


class TicketBillingNotice(models.Model):
    """What a customer was told by e-mail: written with the mail, so told once."""

    _name = "ticket.billing.notice"
    _description = "Notice to a Customer"
    _order = "id desc"
    _rec_name = "kind"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    customer_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [("allotment", "Use of an allotment"), ("statement", "Monthly statement")],
        required=True,
        readonly=True,
    )
    allotment_id = fields.Many2one(
        "ticket.billing.allotment", readonly=True, ondelete="cascade"
    )
    period = fields.Date(required=True, readonly=True, help="Its first day.")
    percent = fields.Integer(readonly=True)
    partner_ids = fields.Many2many("res.partner", string="Told", readonly=True)

    _once = models.UniqueIndex(
        "(company_id, customer_id, kind, COALESCE(allotment_id, 0), period,"
        " COALESCE(percent, 0))",
        "The customer was told this already.",
    )

    # -------------------------------------------------------------------- tell

    @api.model
    def _tell(self, values: dict):
        """Mail to the billing contacts, and write it down; nothing if it was told."""
        known = [(name, "=", value) for name, value in values.items()]
        if self.search_count(known, limit=1):
            return self.browse()
        recipients = self._get_recipients(values["customer_id"])
        if not recipients:
            return self.browse()
        notice = self.create({**values, "partner_ids": [Command.set(recipients.ids)]})
        template = self.env.ref(f"ticket_billing_portal.mail_template_{notice.kind}")
        for partner in recipients:
            template.with_context(template_preview_lang=partner.lang).send_mail(
                notice.id,
                force_send=False,
                email_values={"recipient_ids": [Command.set(partner.ids)]},
            )
        return notice

    @api.model
    def _get_recipients(self, customer_id: int):
        """Billing contacts, or the customer where there are none, who want notices."""
        customer = self.env["res.partner"].browse(customer_id)
        contacts = customer._get_billing_portal_contacts(customer) or customer
        return contacts.filtered(lambda p: p.email and not p.billing_no_notices)

    # --------------------------------------------------------------- allotments

    @api.model
    def _cron_tell(self):
        """Scheduled action: tell customers of allotments, and send statements."""
        cron = self.env["ir.cron"]
        contracts = self.env["ticket.billing.contract"].search(
            Domain("state", "=", "active")
            & (
                Domain("policy_id.notify_allotment", "=", True)
                | Domain("policy_id.statement_day", ">", 0)
            )
        )
        customers = contracts.grouped(lambda c: (c.company_id, c.partner_id))
        cron._commit_progress(remaining=len(customers))
        for (company, customer), group in customers.items():
            notices = self.with_company(company)
            notices._tell_of_allotments(group.with_company(company))
            notices._tell_statement(company, customer, group)
            if not cron._commit_progress(1):
                break

    @api.model
    def _tell_of_allotments(self, contracts):
        contracts = contracts.filtered("policy_id.notify_allotment")
        for allotment, balance in contracts.allotment_ids._get_usage().items():
            percent = allotment._get_percent(balance)
            reached = max((each for each in THRESHOLDS if each <= percent), default=0)
            if reached:
                self._tell(
                    {
                        "company_id": allotment.company_id.id,
                        "customer_id": allotment.contract_id.partner_id.id,
                        "kind": "allotment",
                        "allotment_id": allotment.id,
                        "period": balance.period,
                        "percent": reached,
                    }
                )

    def _get_allotment_words(self) -> dict:
        """What is used and left, and the period, for the mail."""
        self.ensure_one()
        allotment = self.allotment_id
        balance = allotment._get_usage().get(allotment)
        left = max(balance.available - balance.used, 0) if balance else 0
        return {
            "name": allotment.display_name,
            "contract": allotment.contract_id.name,
            "period": allotment._get_portal_period(self.period),
            "left": allotment._get_portal_quantity(left),
        }

    # --------------------------------------------------------------- statements

    @api.model
    def _tell_statement(self, company, customer, contracts):
        """The statement of last month, from its day on."""
        today = fields.Date.context_today(self)
        days = [day for day in contracts.policy_id.mapped("statement_day") if day]
        if not days or today.day < min(days):
            return
        values = {
            "company_id": company.id,
            "customer_id": customer.id,
            "kind": "statement",
            "period": today.replace(day=1) - relativedelta(months=1),
        }
        if self.new(values)._has_statement():
            self._tell(values)

    def _has_statement(self) -> bool:
        return bool(self._get_hours() or self._get_open_invoices())

    def _get_hours(self) -> dict:
        """Minutes of the month that are released, by worked, billed and covered."""
        self.ensure_one()
        items = self.env["ticket.billing.item"].sudo()
        domain = (
            items._get_portal_below(self.customer_id, "partner_id")
            & items._get_portal_released_domain()
            & Domain("company_id", "=", self.company_id.id)
            & Domain("entry_id.date", ">=", self.period)
            & Domain("entry_id.date", "<", self.period + relativedelta(months=1))
        )
        return items._get_portal_figures(domain).get(None) or {}

    def _get_open_invoices(self):
        self.ensure_one()
        moves = self.env["account.move"].sudo()
        return moves.search(
            self.env["ticket.billing.item"]._get_portal_below(
                self.customer_id, "partner_id"
            )
            & Domain("company_id", "=", self.company_id.id)
            & Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", UNPAID),
            order="invoice_date_due, id",
        )

    def _get_statement_words(self) -> dict:
        """Hours, and invoices with what is to be paid, for the mail."""
        hours = self._get_hours()
        return {
            "month": format_date(self.env, self.period, date_format="LLLL yyyy"),
            "worked": format_minutes(hours.get("worked", 0)),
            "billed": format_minutes(hours.get("billed", 0)),
            "covered": format_minutes(hours.get("covered", 0)),
            "invoices": [
                {
                    "name": move.name,
                    "due": format_date(self.env, move.invoice_date_due),
                    "amount": move.currency_id.format(move.amount_residual),
                    "url": move.get_base_url() + move.get_portal_url(),
                }
                for move in self._get_open_invoices()
            ],
        }

import inspect

from odoo.exceptions import AccessError
from odoo.models import BaseModel
from odoo.tests import tagged

from .common import TicketBillingCase

# Methods of Odoo itself that ours extend: access rights of the model guard them.
ORM = {name for name, _method in inspect.getmembers(BaseModel, inspect.isfunction)}

# What an agent may call, and why.
ALLOWED = {
    # They open lists and forms, which check the rights themselves.
    ("account.move", "action_view_billing_approvals"),
    ("account.move", "action_view_billing_items"),
    ("account.move", "action_view_billing_tickets"),
    ("account.move", "action_view_kept_documents"),
    ("account.move", "get_extra_print_items"),
    ("account.move.line", "action_view_billing_items"),
    ("helpdesk.ticket", "action_view_billing_invoices"),
    ("helpdesk.ticket", "action_view_billing_items"),
    ("helpdesk.ticket", "action_view_time_entries"),
    ("res.partner", "action_view_billing_contracts"),
    ("ticket.billing.allotment", "action_view_items"),
    ("ticket.billing.contract", "action_view_held"),
    ("ticket.billing.contract", "action_view_invoices"),
    ("ticket.billing.contract", "action_view_items"),
    ("ticket.billing.contract", "action_view_tickets"),
    ("ticket.billing.item", "action_view_entry"),
    ("ticket.billing.policy", "action_view_contracts"),
    ("ticket.billing.run", "action_certificate"),
    ("ticket.billing.run", "action_view_billed"),
    ("ticket.billing.run", "action_view_covered"),
    ("ticket.billing.run", "action_view_held"),
    ("ticket.billing.run", "action_view_invoices"),
    ("ticket.billing.run", "action_view_items"),
    ("ticket.billing.run", "action_view_lines"),
    ("ticket.billing.run", "action_view_undelivered"),
    ("ticket.billing.run", "action_view_written_off"),
    # Odoo's own: they check the rights themselves, ours only narrows them.
    ("ir.module.module", "button_uninstall"),
    ("mail.mail", "send"),
}

# Models whose records an agent may write: what was done is recorded there.
WRITABLE = {"ticket.billing.charge", "ticket.billing.visit"}

MODULES = ("odoo.addons.ticket_billing.",)


@tagged("post_install", "-at_install")
class TestRpcRights(TicketBillingCase):
    """An agent who calls methods of billing by RPC is refused, every one of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls._create_user("agent", "ticket_billing.group_agent")
        cls.contract.allotment_ids = [(0, 0, {"hours": 0.25})]
        cls._log(60)
        cls.run_ = cls._run()
        cls.move = cls.run_.invoice_ids
        cls.move.action_post()
        # Brings a version and a kept document.
        cls.env["ticket.billing.procedure"]._make(cls.company)

    def _get_public_methods(self):
        """(model, method) of every method of ours that RPC can call."""
        for name, model in sorted(self.env.registry.items()):
            if model._abstract and model._inherit_children:
                continue  # its methods are those of the models that inherit it
            for method, function in inspect.getmembers(model, inspect.isfunction):
                if method.startswith("_") or method in ORM:
                    continue
                module = inspect.unwrap(function).__module__
                if module.startswith(MODULES) and not hasattr(function, "_api_private"):
                    yield name, method

    def _get_record(self, model: str):
        """A record to call a method on."""
        known = {
            "account.move": self.move,
            "account.move.line": self.move.invoice_line_ids[:1],
            "account.analytic.line": self.run_.item_ids.entry_id[:1],
            "ticket.billing.run": self.run_,
            "ticket.billing.item": self.run_.item_ids[:1],
        }
        if model in known:
            return known[model]
        records = self.env[model]
        if records._abstract:
            return records
        return self._get_wizard(model) or records.search([], limit=1)

    def _get_wizard(self, model: str):
        values = {
            "res.config.settings": {},
            "ticket.billing.confirmation": {
                "action": "release",
                "line_ids": self.run_.line_ids.ids,
            },
            "ticket.billing.correction": {
                "entry_id": self.run_.item_ids.entry_id[:1].id,
                "reason": "x",
            },
            "ticket.billing.simulation": {
                "partner_id": self.partner.id,
                "contract_id": self.contract.id,
                "date_from": "2026-01-01",
                "date_to": "2026-01-31",
            },
            "ticket.billing.privacy": {"employee_id": self.anna.id},
        }
        if model in values:
            return self.env[model].create(values[model])
        return None

    def test_agent_is_refused(self):
        found = set(self._get_public_methods())
        self.assertGreater(len(found), 50)
        for model, method in sorted(found - ALLOWED):
            with self.subTest(f"{model}.{method}"):
                record = self._get_record(model).with_user(self.agent)
                with self.assertRaises(AccessError), self.cr.savepoint():
                    getattr(record, method)()
                    self.env.flush_all()

    def test_list_of_exceptions_is_current(self):
        self.assertEqual(ALLOWED - set(self._get_public_methods()), set())

    def test_agent_writes_only_work(self):
        for name, model in self.env.registry.items():
            if not name.startswith("ticket.billing.") or model._abstract:
                continue
            if not model._module.startswith("ticket_billing"):
                continue
            records = self.env[name].with_user(self.agent)
            for operation in ("create", "write", "unlink"):
                with self.subTest(f"{name} {operation}"):
                    allowed = records.has_access(operation)
                    self.assertEqual(allowed, name in WRITABLE)

    def test_agent_does_not_post_or_credit(self):
        for method in ("action_post", "button_draft", "button_cancel"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(self.move.with_user(self.agent), method)()
        with self.assertRaises(AccessError):
            self.env["account.move.reversal"].with_user(self.agent).create(
                {"move_ids": self.move.ids, "journal_id": self.move.journal_id.id}
            )

from odoo.tests import HttpCase

from odoo.addons.ticket_billing.tests.common import TicketBillingCase

from ..intake.messages import BASE

WORK = {
    "id": "w1",
    "ticket": "t1",
    "minutes": 30,
    "start": "2026-10-12T09:30:00+02:00",
    "agent": "anna",
    "agent_name": "Anna Huber",
    "activity": "remote",
    "text": "Toner replaced",
}


class ApiCase(HttpCase, TicketBillingCase):
    """A source with a key that may do everything; its customer ACME is known."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner.ref = "ACME"
        cls.source = cls._create_source("Field service")
        cls.key = cls._create_key(cls.source)
        cls.secret = cls._get_secret(cls.key)

    @classmethod
    def _create_source(cls, name, **values):
        source = cls.env["ticket.billing.connector"].create(
            {
                "name": name,
                "system": "pushed",
                "company_id": cls.company.id,
                "date_from": "2026-01-01",
                **values,
            }
        )
        source.action_activate()
        return source

    @classmethod
    def _create_key(cls, source, **values):
        return cls.env["ticket.billing.api.key"].create(
            {"name": "Key", "connector_id": source.id, "per_minute": 1000, **values}
        )

    @classmethod
    def _get_secret(cls, key):
        return key.action_new_key()["context"]["default_key"]

    def _call(self, method, path, data=None, *, secret=None, **headers):
        """Call the API; return (status, decoded answer)."""
        answer = self._fetch(method, path, data, secret=secret, **headers)
        return answer.status_code, answer.json()

    def _fetch(self, method, path, data=None, *, secret=None, **headers):
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        options = {"data": data} if isinstance(data, bytes) else {"json": data}
        secret = self.secret if secret is None else secret
        return self.opener.request(
            method,
            f"{self.base_url()}{BASE}{path}",
            headers={"Authorization": f"Bearer {secret}", **headers},
            timeout=30,
            **(options if data is not None else {}),
        )

    def _send_ticket(self, **values):
        data = {"id": "t1", "title": "Printer", "customer": "ACME", **values}
        return self._call("POST", "/tickets", data)

    def _get_linked(self, remote_type, source=None):
        links = self.env["ticket.billing.link"].search(
            [
                ("connector_id", "=", (source or self.source).id),
                ("remote_type", "=", remote_type),
                ("state", "=", "mapped"),
            ],
            order="id",
        )
        model = {"ticket": "helpdesk.ticket", "charge": "ticket.billing.charge"}
        model = model.get(remote_type, "account.analytic.line")
        return self.env[model].browse(links.mapped("res_id"))

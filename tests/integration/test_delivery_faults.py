"""Delivery against a real mail server that fails, and workers that are killed.

Everything is committed, in a database of its own.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from smtp_sink import SmtpSink

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.sql_db import close_db
from odoo.tools import config, mute_logger

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

from cache import open_cache  # noqa: E402
from databases import PREFIX, Databases  # noqa: E402
from demo_services import free_port  # noqa: E402
from postgres import EmbeddedServer  # noqa: E402

MAIL_LOG = "odoo.addons.mail.models.mail_mail"
# Odoo prints no PDF while it is tested unless it is asked to.
CONTEXT = {"lang": "en_US", "force_report_rendering": True}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Office:
    """A company whose invoices are posted and wait for their delivery."""

    def __init__(self, database):
        self.database = database
        # No tests at its installation, and real commits.
        with patch.dict(config.options, test_enable=False):
            self.registry = Registry(database)
        self.port = free_port()
        with self.env() as env:
            env["ir.mail_server"].search([]).active = False
            env["ir.mail_server"].create(
                {
                    "name": "sink",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": self.port,
                    "smtp_encryption": "none",
                }
            )
            env.ref("base.main_company").email = "office@nordlicht-it.example"
            env.ref("base.partner_root").email = "office@nordlicht-it.example"

    @contextmanager
    def env(self):
        with self.registry.cursor() as cursor:
            yield api.Environment(cursor, SUPERUSER_ID, CONTEXT)

    def post_invoices(self, count, documents=True) -> list[int]:
        """Invoices to as many customers, with small documents of their own."""
        with self.env() as env:
            env["ticket.billing.delivery"].search([]).unlink()
            partners = env["res.partner"].create(
                [
                    {
                        "name": f"Customer {number:02}",
                        "email": f"customer{number:02}@kunde.example",
                        "country_id": env.ref("base.de").id,
                    }
                    for number in range(count)
                ]
            )
            line = Command.create({"name": "Support", "quantity": 1, "price_unit": 90})
            moves = env["account.move"].create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": partner.id,
                        "invoice_date": "2026-11-01",
                        "invoice_line_ids": [line],
                    }
                    for partner in partners
                ]
            )
            moves.action_post()
            if documents:
                env["ir.attachment"].create(
                    [
                        {
                            "name": f"{move.id}.pdf",
                            "raw": PDF,
                            "mimetype": "application/pdf",
                            "res_model": move._name,
                            "res_id": move.id,
                            "res_field": "invoice_pdf_report_file",
                        }
                        for move in moves
                    ]
                )
            moves.action_deliver_billing()
            return moves.ids

    def deliver(self):
        """The scheduled action, here, with its real commits."""
        with self.env() as env, mute_logger(MAIL_LOG):
            env["account.move"]._cron_deliver_billing()

    def retry(self, moves):
        with self.env() as env:
            env["account.move"].browse(moves).action_deliver_billing()

    def start_worker(self):
        return subprocess.Popen(
            [
                sys.executable,
                HERE / "delivery_worker.py",
                f"--config={config['config']}",
                f"--database={self.database}",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )

    def count(self, moves) -> dict[str, int]:
        with self.env() as env:
            states = env["account.move"].browse(moves).mapped("billing_delivery_state")
            return {state: states.count(state) for state in set(states)}

    def make_older(self):
        """Let the time pass after which an interrupted mail is looked for."""
        with self.env() as env:
            env.cr.execute(
                "UPDATE ticket_billing_delivery"
                " SET started_on = started_on - interval '5 minutes'"
            )


@pytest.fixture(scope="module")
def office():
    """A copy of the template that these tests run in a copy of, too."""
    databases = Databases(
        Path(config["data_dir"]),
        dict(os.environ),
        EmbeddedServer(open_cache()).programs / "psql",
    )
    (template,) = (n for n in databases.names() if n.startswith(f"{PREFIX}tests_"))
    database = databases.copy_for_this_process(template, "_delivery")
    yield Office(database)
    Registry.delete(database)
    close_db(database)
    databases.drop(database)


@pytest.fixture
def sink(office):
    with SmtpSink(office.port) as server:
        yield server


def kill(worker):
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stderr.close()


def restart(sink):
    """The mail server works again."""
    sink.stop()
    taken = sink.handler.taken
    sink.handler = type(sink.handler)()
    sink.handler.taken = taken
    sink.start()


def test_limit_at_the_21st_of_50(office, sink):
    moves = office.post_invoices(50)
    sink.stop()
    office.deliver()
    assert office.count(moves) == {"pending": 50}
    sink.start()
    sink.handler.limit = 20
    office.deliver()
    assert office.count(moves) == {"sent": 20, "pending": 30}
    office.deliver()
    assert len(sink.handler.taken) == 20, "the server asked to wait"
    sink.handler.limit = None
    office.retry(moves)
    office.deliver()
    assert office.count(moves) == {"sent": 50}
    assert len(sink.handler.taken) == len(set(sink.handler.recipients)) == 50
    assert len({message_id for _to, message_id in sink.handler.taken}) == 50


def test_worker_killed_between_commit_and_mail(office, sink):
    moves = office.post_invoices(3)
    sink.handler.hang_at = "greeting"
    worker = office.start_worker()
    assert sink.handler.hanging.wait(60)
    kill(worker)
    assert office.count(moves) == {"queued": 3}
    with office.env() as env:
        assert set(env["account.move"].browse(moves).mapped("state")) == {"posted"}
    restart(sink)
    office.deliver()
    office.deliver()
    assert office.count(moves) == {"sent": 3}
    assert sorted(sink.handler.recipients) == sorted(set(sink.handler.recipients))
    assert len(sink.handler.taken) == 3


def test_worker_killed_between_acceptance_and_commit(office, sink):
    moves = office.post_invoices(3)
    sink.handler.hang_at = "accepted"
    worker = office.start_worker()
    assert sink.handler.hanging.wait(60)
    kill(worker)
    assert len(sink.handler.taken) == 1
    assert office.count(moves) == {"sending": 1, "queued": 2}
    restart(sink)
    office.make_older()
    office.deliver()
    office.retry(moves)
    office.deliver()
    assert office.count(moves) == {"unknown": 1, "sent": 2}
    assert len(sink.handler.taken) == len(set(sink.handler.recipients)) == 3
    with office.env() as env:
        move = (
            env["account.move"]
            .browse(moves)
            .filtered(lambda m: m.billing_delivery_state == "unknown")
        )
        assert len(move.activity_ids) == 1
        row = move.billing_delivery_ids
        # Whoever looks into the log of the mail server finds it.
        assert (row.address, row.message_id) == sink.handler.taken[0]
        row.action_confirm_sent()
        assert not move.activity_ids
    office.deliver()
    assert office.count(moves) == {"sent": 3}
    assert len(sink.handler.taken) == 3


def test_two_workers_at_once(office, sink):
    moves = office.post_invoices(30)
    workers = [office.start_worker() for _number in range(2)]
    for worker in workers:
        worker.communicate(timeout=90)
    deadline = time.monotonic() + 30
    while office.count(moves) != {"sent": 30} and time.monotonic() < deadline:
        office.deliver()
    assert office.count(moves) == {"sent": 30}
    assert len(sink.handler.taken) == len(set(sink.handler.recipients)) == 30


def test_accepted_then_bounced(office, sink):
    from odoo.addons.ticket_billing.tests.test_delivery_bounce import DSN

    moves = office.post_invoices(1, documents=False)
    office.deliver()
    assert office.count(moves) == {"sent": 1}
    recipient, message_id = sink.handler.taken[0]
    notification = DSN.format(
        to="bounce@nordlicht-it.example",
        subject="Undelivered Mail Returned to Sender",
        number=1,
        recipient=recipient,
        action="failed",
        status="5.1.1",
        diagnosis="550 5.1.1 User unknown",
        message_id=message_id,
    )
    with office.env() as env:
        env["mail.thread"].message_process("account.move", notification)
    assert office.count(moves) == {"bounced": 1}
    with office.env() as env:
        move = env["account.move"].browse(moves)
        assert "User unknown" in move.activity_ids.note
        assert move.invoice_pdf_report_id.raw.startswith(b"%PDF")

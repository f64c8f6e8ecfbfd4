"""What it costs to render and to mail an invoice, in a batch.

    python tests/benchmark/bench_delivery.py --config odoo.conf --database NAME \\
        --url http://127.0.0.1:8069

The database is served at that address: style sheets of the PDF come from there.
"""

import argparse
import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from aiosmtpd.controller import Controller
from billing_benchmark import PostingBenchmark, say
from dataset import Dataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from odoo_session import add_arguments, odoo_environment  # noqa: E402
from served_odoo import free_port  # noqa: E402


class Postbox:
    """Mail server that counts what it takes."""

    def __init__(self):
        self.mails = 0

    async def handle_DATA(self, server, session, envelope):
        self.mails += 1
        return "250 OK"


@contextmanager
def mail_server(env):
    """A mail server that Odoo uses; yields its postbox."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    postbox = Postbox()
    controller = Controller(postbox, "127.0.0.1", free_port())
    controller.start()
    env["ir.mail_server"].create(
        {
            "name": "Benchmark",
            "smtp_host": "127.0.0.1",
            "smtp_port": controller.port,
            "smtp_encryption": "none",
        }
    )
    try:
        yield postbox
    finally:
        controller.stop()


def create_invoices(dataset: Dataset, count: int):
    """Posted invoices that wait for delivery."""
    contracts = dataset.create_contracts(count)
    for partner in contracts.partner_id:
        partner.email = f"kunde{partner.id}@customer.example"
    bench = PostingBenchmark(dataset.env, contracts, count)
    bench.play(0)
    moves = bench.run.invoice_ids
    moves._start_delivery()
    dataset.env.cr.commit()
    return moves


def render(moves) -> float:
    """Seconds to make PDF and e-invoice."""
    start = perf_counter()
    moves.env["account.move.send"]._generate_and_send_invoices(
        moves, sending_methods=["manual"]
    )
    moves.env.cr.commit()
    seconds = perf_counter() - start
    if not all(move.invoice_pdf_report_id for move in moves):
        raise RuntimeError("not every invoice has its PDF")
    return seconds


def mail(moves, postbox: Postbox) -> float:
    """Seconds to write the mails and to hand them to the mail server."""
    before, start = postbox.mails, perf_counter()
    moves._queue_billing()
    moves.env.cr.commit()
    moves.env["ticket.billing.mailer"]._send_due()
    seconds = perf_counter() - start
    if postbox.mails - before != len(moves):
        raise RuntimeError(f"mails failed: {moves.mapped('billing_delivery_message')}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--url", required=True, help="where the database is served")
    parser.add_argument("--batch", type=int, default=10, help="invoices at once")
    options = parser.parse_args()
    with (
        odoo_environment(options.config, options.database) as env,
        mail_server(env) as postbox,
    ):
        env["ir.config_parameter"].set_param("report.url", options.url)
        dataset = Dataset(env, 5, 4)
        for count in (2, options.batch):  # the first to warm up
            moves = create_invoices(dataset, count)
            rendering, mailing = render(moves), mail(moves, postbox)
        say("pdf_per_invoice", 1000 * rendering / len(moves), 0, "ms")
        say("mail_per_invoice", 1000 * mailing / len(moves), 0, "ms")


if __name__ == "__main__":
    main()

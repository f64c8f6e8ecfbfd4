"""Stand-ins of the demonstration: a ticket server and a mail server, on loopback.

The ticket server answers as a recorded Znuny did. The mail server accepts
everything and keeps each mail as a file named after the invoice in it. Both run
until they are terminated; where they listen is written to a file.
"""

import argparse
import email
import email.policy
import json
import signal
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from cache import CHECKOUT
from served_odoo import free_port

sys.path.insert(0, str(CHECKOUT / "tests" / "connectors"))

from replay_server import ReplayServer  # noqa: E402

RECORDINGS = CHECKOUT / "tests" / "connectors" / "recordings" / "znuny"


class MailFolder:
    """Handler that keeps every mail as a file."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server, session, envelope):
        content = envelope.original_content or envelope.content
        message = email.message_from_bytes(content, policy=email.policy.default)
        (self.folder / f"{self._name(message, envelope)}.eml").write_bytes(content)
        return "250 OK"

    def _name(self, message, envelope) -> str:
        """The invoice's file name, else a number and the recipient."""
        for part in message.iter_attachments():
            name = part.get_filename() or ""
            if name.endswith(".pdf"):
                return Path(name).stem
        number = len(list(self.folder.iterdir())) + 1
        return f"{number:04d}-{envelope.rcpt_tos[0].replace('/', '_')}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=Path, required=True, help="folder for mails")
    parser.add_argument("--state", type=Path, required=True, help="file for addresses")
    arguments = parser.parse_args()
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    controller = Controller(MailFolder(arguments.mails), "127.0.0.1", free_port())
    controller.start()
    try:
        with ReplayServer(RECORDINGS) as znuny:
            addresses = {
                "znuny_url": znuny.url,
                "smtp_port": controller.port,
            }
            arguments.state.write_text(json.dumps(addresses))
            signal.sigwait(stops)
    finally:
        controller.stop()


if __name__ == "__main__":
    main()

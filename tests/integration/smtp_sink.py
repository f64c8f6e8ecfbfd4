"""A mail server on loopback that takes mails, or fails on demand."""

import asyncio
import email
import email.policy
import threading

from aiosmtpd.controller import Controller


class Sink:
    """Handler of aiosmtpd; what it has answered 250 to, or was about to, is kept."""

    def __init__(self):
        self.taken = []
        self.limit = None
        """Mails per connection; the next one is refused with 452."""
        self.hang_at = None
        """``greeting`` or ``accepted``: where it stops answering."""
        self.hanging = threading.Event()
        self._ehlos = 0
        self._counts = {}

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _message_id in self.taken]

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self._ehlos += 1
        # The first connection only asks whether the server is there.
        if self.hang_at == "greeting" and self._ehlos > 1:
            await self._hang()
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        count = self._counts.get(session, 0)
        if self.limit is not None and count >= self.limit:
            return "452 4.5.3 Too many messages in this session"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self._counts[session] = self._counts.get(session, 0) + 1
        message = email.message_from_bytes(
            envelope.content, policy=email.policy.default
        )
        for recipient in envelope.rcpt_tos:
            self.taken.append((recipient, message["Message-Id"]))
        if self.hang_at == "accepted":
            await self._hang()
        return "250 OK"

    async def _hang(self):
        self.hanging.set()
        await asyncio.sleep(60)


class SmtpSink:
    """The server, as a context manager; it can go down and come back on its port."""

    def __init__(self, port: int):
        self.port = port
        self.handler = Sink()
        self._controller = None

    def start(self):
        self._controller = Controller(self.handler, "127.0.0.1", self.port)
        self._controller.start()

    def stop(self):
        if self._controller:
            self._controller.stop(no_assert=True)
            self._controller = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.stop()

"""A real SMTP server on loopback, in a thread, that keeps what it is given."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from interfaces.mail import Server

SENDER = "casetrail@bolton.example"


class Letterbox:
    """What arrived. `to_recipient` and `to_mail` are answered in their order, then 250; `on_mail` runs before a mail is
    acknowledged, and with `hang_up` it is not."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.to_recipient: list[str] = []
        self.to_mail: list[str] = []
        self.on_mail: Callable[[], None] = lambda: None
        self.hang_up = False
        self.port = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.to_recipient:
            return self.to_recipient.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_mail:
            return self.to_mail.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(email.message_from_bytes(content, policy=email.policy.default))
        self.on_mail()
        if self.hang_up and server.transport is not None:
            server.transport.close()
        return "250 OK"

    @property
    def server(self) -> Server:
        return Server("127.0.0.1", self.port, SENDER, starttls=False)


@contextmanager
def letterbox(**more: Any) -> Iterator[Letterbox]:
    """Such a server, until the block ends. `more`: as aiosmtpd's controller takes it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Letterbox()
    box.port = port
    running = Controller(box, hostname="127.0.0.1", port=port, **more)
    running.start()
    try:
        yield box
    finally:
        running.stop()

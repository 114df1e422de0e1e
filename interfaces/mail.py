"""Sending a mail by SMTP, and knowing what became of it: sent, refused, not yet, or nobody can say."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage

import aiosmtplib
from aiosmtplib import SMTPAuthenticationError, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException
from pydantic import SecretStr

TIMEOUT, GOOD_BYE = 20.0, 2.0
"""Seconds for each step of the conversation, and for its last word, on which nothing depends."""


class Outcome(Exception):
    """The mail is not known to be sent. `why`: a short word or the server's code, never what it said, which may repeat an address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotYet(Outcome):
    """It was not sent, and may be later: the server is away, busy, or does not let us in."""


class Refused(Outcome):
    """It was not sent, and will not be: the server refuses this mail for good."""


class InDoubt(Outcome):
    """The server was given the whole mail, and nothing is known of what it did with it."""


@dataclass(frozen=True)
class Server:
    """A mail server, and who we are to it. `tls`: encrypted from the first byte; `starttls`: before anything is said."""

    host: str
    port: int
    sender: str
    username: str | None = None
    password: SecretStr | None = field(default=None, repr=False)
    tls: bool = False
    starttls: bool = True

    @property
    def domain(self) -> str:
        """Whose mail it is: what stands after the @ of the sender."""
        return self.sender.rpartition("@")[2]

    @asynccontextmanager
    async def sent(self, mail: EmailMessage, to: str) -> AsyncIterator[None]:
        """Give a mail to the server. Within the block it is sent, so that this is noted before anything else is said.

        Raises:
            NotYet, Refused, InDoubt.
        """
        server = aiosmtplib.SMTP(
            hostname=self.host, port=self.port, timeout=TIMEOUT, use_tls=self.tls, start_tls=self.starttls and not self.tls,
            local_hostname=self.domain, tls_context=ssl.create_default_context() if self.tls or self.starttls else None,
        )  # fmt: skip
        try:
            await self._say_whose(server, to)
            await _hand_over(server, mail)
            yield
        finally:
            await _leave(server)

    async def _say_whose(self, server: aiosmtplib.SMTP, to: str) -> None:
        """As far as nothing can have been sent."""
        try:
            await server.connect()
            if self.username is not None:
                await server.login(self.username, self.password.get_secret_value() if self.password else "")
            await server.mail(self.sender)
            await server.rcpt(to)
        except SMTPRecipientRefused as error:
            raise _answer(error) from None
        except SMTPAuthenticationError as error:
            raise NotYet(f"login-{error.code}") from None
        except SMTPResponseException as error:
            raise NotYet(f"smtp-{error.code}") from None
        except (SMTPException, OSError) as error:
            raise NotYet("tls" if isinstance(error, ssl.SSLError) else "no-connection") from None


async def _hand_over(server: aiosmtplib.SMTP, mail: EmailMessage) -> None:
    try:
        await server.data(mail.as_bytes())
    except SMTPDataError as error:
        raise _answer(error) from None
    except (SMTPException, OSError):
        raise InDoubt("no-answer") from None


async def _leave(server: aiosmtplib.SMTP) -> None:
    """Say good-bye, where somebody is there: nothing depends on it."""
    with suppress(SMTPException, OSError):
        await server.quit(timeout=GOOD_BYE)
    server.close()


def _answer(error: SMTPResponseException) -> Outcome:
    """What the server said of this very mail: 5… for good, 4… for now; anything else is no answer."""
    kind = {4: NotYet, 5: Refused}.get(error.code // 100, InDoubt)
    return kind(f"smtp-{error.code}")

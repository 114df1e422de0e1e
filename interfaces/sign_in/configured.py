"""How people and programs sign in here, as the settings say."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from application.sessions import Lasting
from interfaces.sign_in.claims import Mapped


@dataclass(frozen=True)
class Client:
    """This service as the provider knows it."""

    issuer: str
    id: str
    secret: str | None = field(default=None, repr=False)
    audience: str | None = None
    scope: str = "openid profile"


@dataclass(frozen=True)
class SignIn:
    """Where people come in: through a provider, or in a demonstration by choosing one of its invented persons."""

    base_url: str
    client: Client | None = None
    mapped: Mapped = field(default_factory=Mapped)
    lasting: Lasting = field(default_factory=Lasting)

    @property
    def origin(self) -> str:
        """What a browser calls this service, as it stands in `Origin`."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def secure(self) -> bool:
        """Whether cookies travel over TLS alone."""
        return self.base_url.startswith("https://")

    @property
    def callback(self) -> str:
        """The address to which the provider sends people back; it has to be registered there."""
        return f"{self.base_url.rstrip('/')}/sign-in/callback"

    @property
    def afterwards(self) -> str:
        """The address to which the provider sends people who signed out there; to be registered as well."""
        return f"{self.base_url.rstrip('/')}/signed-out"

    def cookie(self, which: Literal["session", "sign-in"]) -> str:
        """The name of a cookie. `__Host-` binds it to this very host, which browsers keep to over TLS alone."""
        prefix = "__Host-casetrail" if self.secure else "casetrail-loopback"
        return prefix if which == "session" else f"{prefix}-sign-in"


def loopback(host: str | None) -> bool:
    """Whether this is a name or an address of the machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def safe(url: str) -> bool:
    """Whether nobody on the way can listen: TLS, or never on a way at all."""
    parts = urlsplit(url)
    return parts.hostname is not None and (parts.scheme == "https" or (parts.scheme == "http" and loopback(parts.hostname)))

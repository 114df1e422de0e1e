"""What the environment says, read once and in one place. Every setting begins with `CASETRAIL_`."""

from __future__ import annotations

import os
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from application.ledger.notes import Policy
from application.reminders import ADDRESS
from application.sessions import Lasting
from interfaces.addresses import must_be_private
from interfaces.mail import Server
from interfaces.private_folder import state_folder
from interfaces.sign_in.claims import Mapped, read_claims
from interfaces.sign_in.configured import Client, SignIn, safe


class Settings(BaseSettings):
    """How this process reaches its databases and keys.

    Without `database_url` a PostgreSQL of our own is started in `home` (trial, rehearsal, tests). With it, `keys_url` names
    the second database, where the wrapped keys lie, and `key_file` the key that wraps them. Secrets may be given as files:
    `secrets_dir` is read as well.
    """

    model_config = SettingsConfigDict(env_prefix="CASETRAIL_", extra="ignore", secrets_dir=os.environ.get("CASETRAIL_SECRETS_DIR"))

    home: Path = Field(default_factory=lambda: state_folder(os.environ))
    database_url: SecretStr | None = None
    keys_url: SecretStr | None = None
    projections_url: SecretStr | None = Field(default=None, description="As the role that keeps the read models; default: `database_url`.")
    ledger_url: SecretStr | None = Field(default=None, description="As the role that adds to the ledger: for whoever publishes.")
    auditor_url: SecretStr | None = Field(default=None, description="For `fsck`: the record, as the role that only reads.")
    owner_url: SecretStr | None = Field(default=None, description="For `migrate` and `rebuild`: the owner of the tables.")
    owner_keys_url: SecretStr | None = None
    service_password: SecretStr | None = Field(default=None, description="For `migrate`: the password the service logs in with.")
    projections_password: SecretStr | None = None
    keys_password: SecretStr | None = None
    ledger_password: SecretStr | None = None
    auditor_password: SecretStr | None = None
    key_file: Path | None = None
    ledger_key_file: Path | None = Field(default=None, description="For `worker`: the key that signs checkpoints; made where missing.")
    ledger_origin: str | None = Field(
        default=None, pattern=r"^[^\s+/]+(/[^\s+/]+)*$", description="What the logs are called, for good; default: after the key."
    )
    publish_every: float = Field(default=10.0, gt=0, le=86_400, description="Seconds from one checkpoint to the next, where the log grew.")
    witnesses: str = Field(default="", description="The keys of the witnesses, as `casetrail witness` tells them, with spaces between.")
    witness_quorum: int = Field(default=0, ge=0, description="So many must have cosigned before a checkpoint counts as witnessed.")
    timestamp_url: str | None = Field(default=None, pattern=r"^https?://\S+$", description="For `worker`: who time-stamps checkpoints.")
    timestamp_roots: Path | None = Field(default=None, description="The certificates that time-stamps must lead to, as PEM.")
    timestamp_every: float = Field(default=3600.0, gt=0, le=31_536_000, description="Seconds from one time-stamp to the next, at least.")
    largest_document: int = Field(default=100 * 1024 * 1024, ge=1, description="Bytes of an attached document.")
    base_url: str = Field(
        default="http://127.0.0.1:8000", pattern=r"^https?://[^\s?#@]+$", description="Where this service is, as people's browsers see it."
    )
    issuer: str | None = Field(default=None, pattern=r"^https?://[^\s?#@]+$", description="The provider that people sign in with.")
    client_id: str | None = Field(default=None, min_length=1, description="This service, as the provider knows it.")
    client_secret: SecretStr | None = Field(default=None, description="What it shows the provider; best as a file of secrets.")
    audience: str | None = Field(default=None, min_length=1, description="Whom tokens of programs are made for; without it none is taken.")
    scope: str = Field(default="openid profile", pattern=r"^openid( [!#-\[\]-~]+)*$", description="What is asked of the provider.")
    claims: Path | None = Field(default=None, description="A file, TOML or JSON: which claims stand for which posts.")
    session_idle: float = Field(default=1800, ge=60, le=86_400, description="Seconds after which an unused session is over.")
    session_longest: float = Field(default=43_200, ge=300, le=604_800, description="Seconds after which every session is over.")
    asks_per_minute: int | None = Field(default=None, ge=0, le=1_000_000, description="Of one person; 0: as many as they like.")
    sign_ins_per_minute: int | None = Field(default=None, ge=0, le=1_000_000, description="Of one address, by whoever is not signed in.")
    open_per_minute: int | None = Field(default=None, ge=0, le=1_000_000, description="Of one address, of what is open to all.")
    proxies: str = Field(default="127.0.0.1 ::1", description="Who may say where a request came from: addresses or networks.")
    digest_at: str = Field(
        default="07:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", description="When on a working day digests are sent, in London."
    )
    smtp_host: str | None = Field(default=None, min_length=1, description="The mail server; without it nobody is reminded.")
    smtp_port: int | None = Field(default=None, ge=1, le=65535, description="Default: 587, 465 with `tls`, 25 with `none`.")
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_sender: str | None = Field(default=None, pattern=ADDRESS, description="Whom reminders come from.")

    @model_validator(mode="after")
    def _a_whole_mail_server(self) -> Settings:
        if self.smtp_host is not None and self.smtp_sender is None:
            raise ValueError("CASETRAIL_SMTP_SENDER is missing: the address that reminders come from")
        if self.smtp_security == "none" and self.smtp_password is not None:
            raise ValueError("CASETRAIL_SMTP_PASSWORD is not sent in the clear: CASETRAIL_SMTP_SECURITY must be starttls or tls")
        return self

    @field_validator("database_url", "keys_url", "projections_url", "ledger_url", "auditor_url", "owner_url", "owner_keys_url")
    @classmethod
    def _nobody_listens(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            must_be_private(url.get_secret_value())
        return url

    @field_validator("proxies")
    @classmethod
    def _addresses_of_proxies(cls, text: str) -> str:
        for part in text.split():
            try:
                ip_network(part)
            except ValueError:
                raise ValueError("names an address or a network, such as 10.0.0.7 or 10.0.0.0/24, with spaces between") from None
        return text

    @model_validator(mode="after")
    def _a_whole_sign_in(self) -> Settings:
        if self.issuer is None:
            return self
        if self.client_id is None:
            raise ValueError("CASETRAIL_CLIENT_ID is missing: what the provider calls this service")
        if not safe(self.issuer):
            raise ValueError("CASETRAIL_ISSUER must begin with https://, or be on this machine: who listens could sign in as anybody")
        if not safe(self.base_url):
            raise ValueError("CASETRAIL_BASE_URL must begin with https:// where people sign in, or be on this machine")
        return self

    @model_validator(mode="after")
    def _both_databases(self) -> Settings:
        if (self.database_url is None) != (self.keys_url is None):
            raise ValueError("CASETRAIL_DATABASE_URL and CASETRAIL_KEYS_URL go together: records in one database, keys in the other")
        if self.owner_url is not None and self.database_url is None:
            raise ValueError("CASETRAIL_OWNER_URL goes with CASETRAIL_DATABASE_URL: the owner makes the tables, the service fills them")
        if self.database_url is not None and self.ledger_key_file is not None and self.ledger_url is None:
            raise ValueError("CASETRAIL_LEDGER_URL is missing: the record, as the role that adds to the ledger (casetrail_ledger)")
        if self.database_url is not None and self.key_file is None:
            raise ValueError("CASETRAIL_KEY_FILE is missing: the file with the key that wraps all others, outside both databases")
        return self

    def addresses(self) -> tuple[str, str, Path]:
        """Both databases and the key file, where they are configured."""
        if self.database_url is None or self.keys_url is None or self.key_file is None:
            raise ValueError("the databases are our own")
        return self.database_url.get_secret_value(), self.keys_url.get_secret_value(), self.key_file

    def mail_server(self) -> Server | None:
        """Where mail is given to, if anywhere."""
        if self.smtp_host is None or self.smtp_sender is None:
            return None
        port = self.smtp_port or {"starttls": 587, "tls": 465, "none": 25}[self.smtp_security]
        return Server(
            self.smtp_host, port, self.smtp_sender, self.smtp_username, self.smtp_password,
            tls=self.smtp_security == "tls", starttls=self.smtp_security == "starttls",
        )  # fmt: skip

    def sign_in(self) -> SignIn | None:
        """How people sign in, where a provider is named.

        Raises:
            ClaimsUnfit: the file of claims cannot be used.
        """
        if self.issuer is None or self.client_id is None:
            return None
        secret = self.client_secret.get_secret_value().strip() if self.client_secret else None
        client = Client(self.issuer, self.client_id, secret or None, self.audience, self.scope)
        return SignIn(self.base_url, client, read_claims(self.claims) if self.claims else Mapped(), self.lasting())

    def lasting(self) -> Lasting:
        """How long sessions last."""
        return Lasting(timedelta(seconds=self.session_idle), timedelta(seconds=self.session_longest))

    def witness_policy(self) -> Policy:
        """Who are witnesses, and how many of them must have cosigned.

        Raises:
            Unsound: a key is none, or more are asked for than are known.
        """
        return Policy.of(self.witnesses.split(), self.witness_quorum)

    @property
    def local(self) -> bool:
        """Whether the databases are our own, in `home`."""
        return self.database_url is None

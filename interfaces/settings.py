"""What the environment says, read once and in one place. Every setting begins with `CASETRAIL_`."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from interfaces.private_folder import state_folder


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
    owner_url: SecretStr | None = Field(default=None, description="For `migrate` and `rebuild`: the owner of the tables.")
    owner_keys_url: SecretStr | None = None
    service_password: SecretStr | None = Field(default=None, description="For `migrate`: the password the service logs in with.")
    projections_password: SecretStr | None = None
    keys_password: SecretStr | None = None
    key_file: Path | None = None
    largest_document: int = Field(default=100 * 1024 * 1024, ge=1, description="Bytes of an attached document.")

    @model_validator(mode="after")
    def _both_databases(self) -> Settings:
        if (self.database_url is None) != (self.keys_url is None):
            raise ValueError("CASETRAIL_DATABASE_URL and CASETRAIL_KEYS_URL go together: records in one database, keys in the other")
        if self.owner_url is not None and self.database_url is None:
            raise ValueError("CASETRAIL_OWNER_URL goes with CASETRAIL_DATABASE_URL: the owner makes the tables, the service fills them")
        if self.database_url is not None and self.key_file is None:
            raise ValueError("CASETRAIL_KEY_FILE is missing: the file with the key that wraps all others, outside both databases")
        return self

    def addresses(self) -> tuple[str, str, Path]:
        """Both databases and the key file, where they are configured."""
        if self.database_url is None or self.keys_url is None or self.key_file is None:
            raise ValueError("the databases are our own")
        return self.database_url.get_secret_value(), self.keys_url.get_secret_value(), self.key_file

    @property
    def local(self) -> bool:
        """Whether the databases are our own, in `home`."""
        return self.database_url is None

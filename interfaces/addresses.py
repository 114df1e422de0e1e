"""How a database is reached: on this machine as it is, and on any other over TLS that knows whom it speaks to, or not at all."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from interfaces.sign_in.configured import loopback

VERIFIED = "verify-full"
"""Less would encrypt what is said to whoever answers, and never ask who that is."""

NOT_SAFE = (
    "names a database on another machine without sslmode=verify-full: who listens on the way, or answers in its place, would read along. "
    "Add ?sslmode=verify-full&sslrootcert=…, with the certificate of its authority"
)


def must_be_private(url: str) -> None:
    """Refuse an address at which somebody on the way could listen, or answer.

    Raises:
        ValueError: why, in words that do not repeat the address: it has a password in it.
    """
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        raise ValueError("is no address of a PostgreSQL database, such as postgresql://casetrail_service:…@127.0.0.1/casetrail") from None
    told = _of_the_environment() | given
    if told.get("sslmode") != VERIFIED and not _on_this_machine(told):
        raise ValueError(NOT_SAFE)


def _of_the_environment() -> dict[str, str]:
    """What libpq takes from its variables, and from a service that one of them names, where an address says nothing."""
    return {option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val}


def _on_this_machine(told: dict[str, str]) -> bool:
    if "service" in told and not (told.get("hostaddr") or told.get("host")):
        return False  # it may name any machine
    hosts = (told.get("hostaddr") or told.get("host") or "/").split(",")
    return all(host.startswith(("/", "@")) or loopback(host) for host in hosts)

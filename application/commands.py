"""Every module of the domain, imported, so that all commands and events are known by their names."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import domain
from domain.language import COMMANDS, EVENTS

for _module in pkgutil.walk_packages(domain.__path__, "domain."):
    import_module(_module.name)

__all__ = ["COMMANDS", "EVENTS"]

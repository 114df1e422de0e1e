"""What we rest on: every locked package asked of a database of known weaknesses, and all of it told as a bill of materials (CycloneDX).

    .venv/bin/python requirements/audit.py            # as `make audit` does

0: nothing is known, or the database could not be reached, which is said plainly and is no good news. 1: a weakness is known, or something
else went wrong. Where the database must be reached, `CASETRAIL_EXPECT=advisories` makes its absence a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PROJECT = Path(__file__).parents[1]
LOCK = PROJECT / "requirements/dev.txt"
"""The lock that holds both: what is served, and what tests and builds it."""

SERVED = PROJECT / "requirements/runtime.txt"
VENDORED = PROJECT / "interfaces/static/vendored.toml"
SBOM = PROJECT / "build/sbom.cdx.json"

AWAY = re.compile(
    r"^(?:requests\.exceptions\.(?:ConnectionError|ConnectTimeout|ReadTimeout|Timeout|ProxyError)|\S*interface\.(?:ConnectionError|ServiceError)"
    r"|ERROR:pip_audit\S*:.*(?:5\d\d|[Cc]onnect|[Tt]imed? ?out|429))",
    re.MULTILINE,
)
"""How pip-audit ends when nobody answers, or not as they should; a certificate that cannot be verified is no such case."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit, write the bill of materials, and say how it went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--osv-url", help="another database of the same kind as pip-audit asks by default")
    parser.add_argument("--sbom", type=Path, default=SBOM)
    given = parser.parse_args(arguments)
    written = bill_of_materials(SERVED, given.sbom)
    print(f"Wrote {given.sbom}: {written} components, valid CycloneDX 1.6.")
    return audit(given.lock, given.osv_url)


def audit(lock: Path, osv_url: str | None = None) -> int:
    """Ask of every package in a lock. 0: nothing is known, or nobody answered; 1: something is known, or it could not be asked."""
    wanted = {name for name, _ in locked(lock)}
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command: list[str | Path] = [
            Path(sys.executable).with_name("pip-audit"),
            "--requirement",
            lock,
            "--require-hashes",
            "--disable-pip",
        ]
        command += [
            "--vulnerability-service",
            "osv",
            "--format",
            "json",
            "--output",
            found,
            "--progress-spinner",
            "off",
            "--cache-dir",
            folder,
        ]
        ran = subprocess.run([*command, *(["--osv-url", osv_url] if osv_url else [])], capture_output=True, text=True, check=False)
        told: dict[str, Any] | None = json.loads(found.read_text()) if found.exists() and found.stat().st_size else None
    if told is None:
        return _not_asked(ran.stderr)
    asked = {_plain(one["name"]) for one in told["dependencies"] if "skip_reason" not in one}
    weak = [one for one in told["dependencies"] if one.get("vulns")]
    for one in weak:
        for known in one["vulns"]:
            better = ", ".join(known["fix_versions"]) or "no version yet"
            names = ", ".join([known["id"], *known.get("aliases", [])])
            print(f"✗ {one['name']} {one['version']}: {names}; better in {better}.")
    missing = sorted(_plain(one["name"]) for one in told["dependencies"] if "skip_reason" in one)
    if missing:
        print(f"NOT AUDITED: {', '.join(missing)}: the database does not answer for them.")
    print(f"{len(asked)} of {len(wanted)} locked packages were asked of a database of weaknesses; {len(weak)} have one that is known.")
    return 1 if weak or (missing and _expected()) else 0


def _not_asked(said: str) -> int:
    if not AWAY.search(said):
        print(said, file=sys.stderr)
        print("The locked packages could not be audited, and not because the database of weaknesses is away.")
        return 1
    print("NOT AUDITED: the database of known weaknesses cannot be reached from here. Nothing is known of what is locked, good or bad.")
    return 1 if _expected() else 0


def _expected() -> bool:
    return "advisories" in os.environ.get("CASETRAIL_EXPECT", "").split(",")


def locked(lock: Path) -> list[tuple[str, str]]:
    """Name and version of each package in a lock."""
    return [(_plain(name), version) for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE)]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def bill_of_materials(lock: Path, file: Path) -> int:
    """Write what is served as CycloneDX, with what came from elsewhere than the lock, and check it against the schema. How many parts.

    Raises:
        ValueError: it is not valid.
    """
    command: list[str | Path] = [
        Path(sys.executable).with_name("cyclonedx-py"),
        "requirements",
        lock,
        "--pyproject",
        PROJECT / "pyproject.toml",
    ]
    command += ["--sv", "1.6", "--of", "JSON", "--output-reproducible", "--no-validate", "--output-file", "-"]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for part in made["components"]:
        for reference in part.get("externalReferences", ()):
            reference["url"] = part["purl"]  # what it is, wherever it was fetched from: the locks name no index either
    for tool in made["metadata"].get("tools", {}).get("components", ()):
        tool.pop("externalReferences", None)
    made["components"] += [_vendored(told) for told in tomllib.loads(VENDORED.read_text())["vendored"]]
    text = json.dumps(made, indent=2, sort_keys=True)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"the bill of materials is not valid: {wrong!r}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")
    return len(made["components"])


def _vendored(told: dict[str, Any]) -> dict[str, Any]:
    name, version = told["package"], told["version"]
    files = [
        {"type": "file", "bom-ref": f"{name}/{file}", "name": file, "hashes": [{"alg": "SHA-256", "content": digest}]}
        for file, digest in told["sha256"].items()
    ]
    return {
        "type": "library", "bom-ref": name, "name": name, "version": version, "purl": f"pkg:npm/{name}@{version}",
        "licenses": [{"license": {"id": told["licence"]}}], "components": files,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

"""docker-compose.yml shows the shape of production: what it starts exists, and what it keeps secret stays in files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OF_CASETRAIL = {name: service for name, service in SERVICES.items() if service["image"].startswith("casetrail:")}


def test_a_database_a_web_service_a_worker_and_an_owner_who_migrates():
    assert set(SERVICES) == {"postgres", "migrate", "web", "worker"}
    assert {name: service["command"][0] for name, service in OF_CASETRAIL.items()} == {
        "migrate": "migrate",
        "web": "serve",
        "worker": "worker",
    }


@pytest.mark.skipif(not (PROJECT / "interfaces/cli/main.py").exists(), reason="the command line is not built yet")
def test_every_command_it_names_is_one_that_casetrail_has():
    script = "from interfaces.cli.main import run; run()"
    ran = subprocess.run([sys.executable, "-c", script, "--help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    for service in OF_CASETRAIL.values():
        assert re.search(rf"\b{service['command'][0]}\b", ran.stdout)


def test_only_the_owner_holds_what_an_owner_needs():
    holders = {name for name, service in SERVICES.items() if any("owner" in secret for secret in service["secrets"])}
    assert holders == {"postgres", "migrate"}


@pytest.mark.skipif(not (PROJECT / "interfaces/settings.py").exists(), reason="the settings are not built yet")
def test_every_setting_it_gives_is_one_that_casetrail_reads():
    from interfaces.settings import Settings

    read = {f"casetrail_{name}" for name in Settings.model_fields}
    for name, service in OF_CASETRAIL.items():
        assert {secret for secret in service["secrets"] if secret.startswith("casetrail_")} <= read, name
        assert {variable.lower() for variable in service["environment"]} <= read | {"casetrail_secrets_dir"}, name


def test_no_secret_stands_in_the_file_and_each_is_declared():
    for name, service in SERVICES.items():
        assert set(service["secrets"]) <= set(COMPOSE["secrets"]), name
        for variable, value in service["environment"].items():
            assert not re.search(r"://[^@/]*:[^@/]*@", str(value)), variable
            assert "PASSWORD" not in variable or variable.endswith("_FILE")
    assert all(set(secret) == {"file"} and secret["file"].startswith("secrets/") for secret in COMPOSE["secrets"].values())


def test_no_service_starts_before_the_database_is_ready_and_migrated():
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert SERVICES["migrate"]["restart"] == "no"
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert {name for name, service in SERVICES.items() if "test" in service.get("healthcheck", {})} == {"postgres", "web"}


def test_nothing_is_reached_from_another_machine():
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert SERVICES["web"]["command"] == ["serve", "--rehearsal"]  # which listens on loopback, and says no to anything else

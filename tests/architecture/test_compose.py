"""docker-compose.yml agrees with the code: commands, ports, settings, secrets and health checks."""

import inspect
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import cli
from cli.parts import PARTS, load_part
from cli.stack.finding import find_temporal
from eventlog.settings import SECRETS_DIRECTORY, Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"].startswith("goalcycle:")}
ONE_SHOT = {"migrate", "temporal-schema", "temporal-namespace"}


def test_every_part_has_a_service() -> None:
    assert {tuple(service["command"]) for service in OWN.values()} == {("migrate",), *(("run", part) for part in PARTS)}


@pytest.mark.parametrize("name", OWN)
def test_a_command_is_one_of_ours(name: str) -> None:
    first, *rest = OWN[name]["command"]
    command = cli.get_command(None, first)  # type: ignore[arg-type]
    assert command is not None
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
    given = {key.removeprefix("GOALCYCLE_").lower(): value for key, value in variables.items() if key in known}
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


@pytest.mark.parametrize("name", SERVICES.keys() - ONE_SHOT)
def test_what_runs_has_a_health_check(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    if name in OWN:
        assert test == ["CMD", "goalcycle", "health", name]
        assert "health" in cli.list_commands(None)  # type: ignore[arg-type]


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


def test_the_image_installs_by_hash_what_was_tested() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r requirements/run.lock" in dockerfile
    assert 'ENTRYPOINT ["goalcycle"]' in dockerfile

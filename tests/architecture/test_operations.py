"""docs/operations.md agrees with the code: settings, commands, services, anchors, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml
from pydantic.fields import FieldInfo

from cli.main import cli
from eventlog.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "operations.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "ops" / "prometheus" / "goalcycle.rules.yml").read_text(encoding="utf-8"))
BLOCKS = re.findall(r"^```\n(.*?)^```", TEXT, re.S | re.M)
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"^```\n.*?^```", "", TEXT, flags=re.S | re.M))
LINES = [line for block in BLOCKS for line in block.splitlines()] + [" ".join(code.split()) for code in INLINE]
OURS = sorted({line for line in LINES if re.match(r"(\w+=\S+ )*goalcycle ", line)})
CONTAINERS = sorted({line for line in LINES if line.startswith("docker compose ")})


def table() -> str:
    """The settings as the document shows them."""

    def default(field: FieldInfo) -> str:
        if field.default in (None, ()):
            return "–"
        return str(field.default).lower() if isinstance(field.default, bool) else f"`{field.default}`"

    rows = [
        f"| `GOALCYCLE_{name.upper()}` | {default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def test_the_settings_are_those_of_the_code() -> None:
    """Where it fails, this is what belongs between the marks: `python -m tests.architecture.test_operations`."""
    assert f"-->\n{table()}\n<!--" in TEXT


def test_every_setting_that_is_named_exists() -> None:
    known = {f"GOALCYCLE_{name.upper()}" for name in Settings.model_fields}
    of_compose = set(re.findall(r"\$\{(GOALCYCLE_[A-Z_]+):-", (ROOT / "docker-compose.yml").read_text()))
    assert set(re.findall(r"GOALCYCLE_[A-Z_]+", TEXT)) <= known | of_compose


@pytest.mark.parametrize("line", OURS)
def test_a_command_can_be_called_so(line: str) -> None:
    words = shlex.split(line.replace("…", ""))
    check(words[words.index("goalcycle") + 1 :])


@pytest.mark.parametrize("line", CONTAINERS)
def test_a_container_can_be_called_so(line: str) -> None:
    words = shlex.split(line)[2:]
    if words[:1] == ["--profile"]:
        assert words[1] in {name for service in COMPOSE["services"].values() for name in service.get("profiles", [])}
        words = words[2:]
    verb, *rest = words
    named = [word for word in rest if not word.startswith("-")]
    if verb in {"run", "rm", "logs"}:
        assert named[0] in COMPOSE["services"]
        if named[0] == "tools":
            check(rest[rest.index("tools") + 1 :])
    else:
        assert verb in {"up", "down"}
        assert not named


def check(words: list[str]) -> None:
    """That a command takes these words, to the last option; nothing is run."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(None, words[0])  # type: ignore[arg-type]
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    if isinstance(command, click.Group):  # named as a whole, as in "`goalcycle worker`"
        assert not words
        return
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            parameter.type.exists = False  # the document's folders are not here
    if words != ["--help"]:
        command.make_context(command.name, list(words))


def test_every_alert_has_its_runbook() -> None:
    anchors = [anchor(heading) for heading in re.findall(r"^### (.+)$", TEXT, re.M)]
    asked = [
        rule["annotations"]["runbook_url"] for group in RULES["groups"] for rule in group["rules"] if "alert" in rule
    ]
    assert [f"docs/operations.md#{name}" for name in anchors] == asked, "in the order of the rules"


def test_links_lead_somewhere() -> None:
    headings = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", TEXT, re.M)}
    for place, part in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", TEXT):
        if place:
            assert (DOCUMENT.parent / place).exists(), place
        elif part:
            assert part in headings, part


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"`((?:tests|ops|eventlog|docs)/[^`*]+)`", TEXT):
        assert (ROOT / name).exists(), name


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    print(table())

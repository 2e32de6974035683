"""What every command and event keeps to, whoever adds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from domain.canonical import canonical_bytes
from domain.messages import Command, Event, Kind
from domain.problems import PROBLEMS, Problem, problem
from domain.registry import COMMANDS, DECIDERS, EVENTS
from eventlog.codec import Codec, UnknownEventError
from eventlog.log import Recorded
from tests.golden.writing import FOLDER, decoded, recorded

OURS = {"TakeEffect", "AssignGoals", "KeepDefinition"}
"""A duty, a bulk command and an answer to a changed metric (R3.10) that rules.md does not name."""
RULES = Path(__file__).parents[3] / "shared" / "rules.md"


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _types(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models(part)


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _types(part)


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.__name__)
def test_a_field_that_may_be_absent_says_so(event: type[Event]) -> None:
    """Absent fields are not stored, so one without a default could never be read back."""
    for model in models(event):
        for name, field in model.model_fields.items():
            if type(None) in _types(field.annotation):
                assert not field.is_required(), f"{model.__name__}.{name} needs the default None"


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.__name__)
def test_every_event_ever_stored_stays_readable(event: type[Event]) -> None:
    """Write a new type's golden file with `python -m tests.golden.writing`, and read what it wrote."""
    golden = FOLDER / f"{event.__name__}.v{event.schema_version}.json"
    assert golden.exists(), f"no golden file for {event.__name__}: run python -m tests.golden.writing"


@pytest.mark.parametrize("golden", sorted(FOLDER.glob("*.json")), ids=lambda golden: golden.stem)
def test_a_golden_payload_decodes_and_its_bytes_are_still_the_same(golden: Path) -> None:
    name, _, version = golden.stem.partition(".v")
    payload = golden.read_bytes().rstrip(b"\n")
    event = decoded(name, int(version), payload)
    if event.schema_version == int(version):
        assert canonical_bytes(event) == payload


def test_an_old_version_goes_through_every_upcaster_to_todays() -> None:
    class Renamed(Event):
        schema_version = 3
        target: str
        unit: str

    codec = Codec(
        {"Renamed": Renamed},
        {
            ("Renamed", 1): lambda old: {"target": old["goal"]},
            ("Renamed", 2): lambda old: {**old, "unit": "%"},
        },
    )
    assert codec.decode(recorded("Renamed", 1, b'{"goal":"20"}')) == Renamed(target="20", unit="%")
    assert codec.decode(recorded("Renamed", 2, b'{"target":"20"}')) == Renamed(target="20", unit="%")
    unknown: list[Recorded] = [recorded("Renamed", 4, b"{}"), recorded("Never", 1, b"{}")]
    for event in unknown:
        with pytest.raises(UnknownEventError):
            codec.decode(event)
    gap = Codec({"Renamed": Renamed}, {("Renamed", 2): lambda old: old})
    with pytest.raises(UnknownEventError):
        gap.decode(recorded("Renamed", 1, b"{}"))


@pytest.mark.parametrize("command", [pair[1] for pair in COMMANDS.values()], ids=lambda command: command.__name__)
def test_every_command_says_what_it_means(command: type[Command]) -> None:
    assert command.__doc__


@pytest.mark.skipif(not RULES.exists(), reason="the rules of practice do not lie beside this checkout")
def test_every_command_has_a_name_of_rules_md() -> None:
    text = RULES.read_text(encoding="utf-8").partition("## Commands, by these names")[2]
    named = {name for name, (_, command) in COMMANDS.items() if not command.inner}  # parts of others have no address
    assert named - OURS <= set(re.findall(r"[A-Z][A-Za-z]+", text))


def test_no_two_kinds_share_a_name() -> None:
    kinds: set[Kind] = set(DECIDERS)
    assert sum(len(decider.commands) for decider in DECIDERS.values()) == len(COMMANDS)
    assert sum(len(decider.events) for decider in DECIDERS.values()) == len(EVENTS)
    assert kinds == {"directory", "cycle", "plan", "metric"}


def test_a_problem_code_is_declared_once() -> None:
    code, known = next(iter(PROBLEMS.items()))
    with pytest.raises(ValueError, match="twice"):
        problem(code, 409, "Again")
    assert isinstance(known, Problem)

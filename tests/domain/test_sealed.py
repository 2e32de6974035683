"""No sealed value is overlooked: the fields in which texts are looked for are told by the models' types."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from api.example_bodies import example_of
from domain.canonical import canonical_bytes
from domain.messages import Command
from domain.registry import CALLABLE
from domain.sealed import AuthorText, Sealed, all_sealed
from domain.values import Frozen
from tests.golden.writing import FOLDER, decoded


def every_sealed(value: Any) -> Iterator[Sealed]:
    """Sealed values wherever they stand, looking at everything."""
    if isinstance(value, Sealed):
        yield value
    elif isinstance(value, BaseModel):
        yield from (found for _, item in value for found in every_sealed(item))
    elif isinstance(value, dict):
        yield from (found for pair in value.items() for item in pair for found in every_sealed(item))
    elif isinstance(value, tuple | list | set | frozenset):
        yield from (found for item in value for found in every_sealed(item))


GOLDEN = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_every_sealed_value_of_an_event_is_found(file: Path) -> None:
    name, _, version = file.stem.partition(".v")
    event = decoded(name, int(version), file.read_bytes())
    assert all_sealed(event) == list(every_sealed(event))


@pytest.mark.parametrize("command", [command for _, command in CALLABLE.values()], ids=lambda kind: kind.__name__)
def test_every_text_of_a_command_is_found(command: type[Command]) -> None:
    given = command.model_validate(example_of(command))
    assert all_sealed(given) == list(every_sealed(given))


class Anything(Frozen):
    """What a field's type says nothing about may hold a text."""

    item: Any
    model: Frozen
    several: dict[str, Any]
    none: int = 0


class Holder(Frozen):
    text: AuthorText


def test_what_a_type_does_not_tell_is_looked_at() -> None:
    found = Anything(item=AuthorText("a"), model=Holder(text=AuthorText("b")), several={"c": (AuthorText("c"),)})
    assert [sealed.text for sealed in all_sealed(found)] == ["a", "b", "c"]


class Branch(Frozen):
    """A type that leads back to itself, by way of another one."""

    leaves: tuple[Leaf, ...] = ()
    branches: tuple[Branch, ...] = ()


class Leaf(Frozen):
    text: AuthorText | None = None
    grown: Branch | None = None


def test_a_text_is_found_where_a_type_leads_back_to_itself() -> None:
    leaf = Leaf(text=AuthorText("a"), grown=Branch(leaves=(Leaf(text=AuthorText("b")),)))
    found = all_sealed(Branch(branches=(Branch(leaves=(leaf,)),)))
    assert [sealed.text for sealed in found] == ["a", "b"]


def test_a_copy_is_the_same_value_with_other_fields() -> None:
    first = Anything(item=1, model=Holder(text=AuthorText("b")), several={})
    copied = first.model_copy(update={"item": 2})
    assert copied == Anything(item=2, model=first.model, several={})
    assert (first.item, copied.model_fields_set) == (1, {"item", "model", "several"})
    with pytest.raises(ValidationError, match="frozen"):
        copied.item = 3  # type: ignore[misc]


class Counted(Frozen):
    items: tuple[int, ...] = ()
    name: str = ""

    @cached_property
    def total(self) -> int:
        return sum(self.items)


def test_what_a_value_worked_out_of_itself_is_no_part_of_it_and_no_copy_has_it() -> None:
    first = Counted(items=(1, 2))
    assert first.total == 3
    assert first == Counted(items=(1, 2))
    assert list(first) == [("items", (1, 2)), ("name", "")]
    assert canonical_bytes(first) == canonical_bytes(Counted(items=(1, 2)))
    assert first.model_copy(update={"items": (4,)}).total == 4

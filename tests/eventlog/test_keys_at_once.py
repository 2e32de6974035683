"""Keys of thousands of people: made together, before the order is decided, and beside the event loop."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY
from domain.problems import DomainError
from domain.sealed import PersonName
from eventlog.handler import CommandHandler, Step
from eventlog.keyring import DirectoryKeyring, Key, MemoryKeyring
from eventlog.orders import Order
from tests.eventlog.toy import World

ORGANIZATION = uuid4()


@dataclass
class Noting(MemoryKeyring):
    """Says who made keys, and which were missing when they were used."""

    makers: list[int] = field(default_factory=list)
    missed: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def make(self, organization: UUID, subjects: Collection[UUID]) -> None:
        self.makers.append(threading.get_ident())
        super().make(organization, subjects)

    def key(self, organization: UUID, subject: UUID) -> Key:
        if self.find(organization, subject) is None and threading.current_thread() is threading.main_thread():
            self.missed.append(subject)
        return super().key(organization, subject)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(keyring=Noting())
    yield made
    await made.close()


def adding(world: World, people: int) -> Order:
    added = [AddPerson(person=uuid4(), name=PersonName(f"Person {n}")) for n in range(people)]
    steps = tuple(Step(DIRECTORY, command) for command in added)
    return replace(world.order(DIRECTORY, added[0]), steps=steps)


def noted(world: World) -> Noting:
    assert isinstance(world.keyring, Noting)
    world.keyring.missed.clear()
    return world.keyring


async def test_the_keys_of_many_are_made_beside_the_event_loop_before_they_are_used(world: World) -> None:
    handler = world.handler()
    await world.found(handler)
    keys = noted(world)
    await handler.execute(adding(world, 40))
    assert keys.missed == []
    assert len(keys.makers) == 1
    assert keys.makers[0] != threading.get_ident()


async def test_few_wait_for_no_thread_and_a_dry_run_makes_nothing(world: World) -> None:
    handler: CommandHandler = world.handler()
    await world.found(handler)
    keys = noted(world)
    await handler.execute(adding(world, 2))
    dry = replace(adding(world, 40), dry_run=True)
    await handler.execute(dry)
    assert keys.makers == []
    assert len(keys.missed) == 2


async def test_no_keys_are_made_for_an_organization_that_is_not_there(world: World) -> None:
    with pytest.raises(DomainError, match=r"organization\.unknown"):
        await world.handler().execute(adding(world, 40))
    assert noted(world).makers == []


def test_keys_made_together_are_as_good_as_any_and_made_once(tmp_path: Path) -> None:
    people = [uuid4() for _ in range(60)]
    first, second = DirectoryKeyring(tmp_path / "keys"), DirectoryKeyring(tmp_path / "keys")
    own = first.key(ORGANIZATION, people[0])
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda keyring: keyring.make(ORGANIZATION, people), (first, second)))
    made = {person: first.find(ORGANIZATION, person) for person in people}
    assert made == {person: second.find(ORGANIZATION, person) for person in people}
    assert made[people[0]] == own
    assert len(set(made.values()) - {None}) == len(people)
    files = list((tmp_path / "keys" / str(ORGANIZATION)).iterdir())
    assert {file.name for file in files} == {f"{person}.key" for person in people}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_an_erased_key_is_made_anew_and_never_brought_back(tmp_path: Path) -> None:
    keyring, person = DirectoryKeyring(tmp_path / "keys"), uuid4()
    old = keyring.key(ORGANIZATION, person)
    keyring.erase(ORGANIZATION, person)
    keyring.make(ORGANIZATION, [person])
    assert keyring.find(ORGANIZATION, person) not in {None, old}
    keyring.make(ORGANIZATION, [])

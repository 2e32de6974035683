"""Sealed values: what a commitment binds, what opens it, and what an erased key leaves."""

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.decider import Ref
from domain.problems import DomainError
from domain.sealed import AuthorText, CommonName, OwnerText, PersonName, all_sealed
from domain.values import SYSTEM
from eventlog.keyring import DirectoryKeyring, Key, Keyring, MemoryKeyring, RehearsalKeyring
from eventlog.seal import Opener, TamperedTextError, body_mac, open_text, seal_command, seal_text
from tests.eventlog.toy import Draft, Open, Remind, World

ROOT = Path(__file__).parents[2]
ORGANIZATION, PERSON, STREAM = uuid4(), uuid4(), uuid4()


def draft(text: str = "grow", note: str | None = None) -> Draft:
    return Draft(cycle=STREAM, owner=PERSON, text=OwnerText(text), note=AuthorText(note) if note else None)


def sealed_draft(keyring: Keyring, *, stream: UUID = STREAM, owner: UUID | None = PERSON, **given: Any) -> Draft:
    sealed, _ = seal_command(
        draft(**given), organization=ORGANIZATION, owner=owner, actor=PERSON, keyring=keyring, stream=stream
    )
    return sealed


def test_unchanged_text_keeps_its_commitment_and_anything_else_changes_it() -> None:
    keyring = MemoryKeyring()
    first = sealed_draft(keyring).text
    assert first == sealed_draft(keyring).text
    assert first.text == "grow", "decide may look at the text of its command"
    others = [
        sealed_draft(keyring, text="grow!"),
        sealed_draft(keyring, stream=uuid4()),
        sealed_draft(keyring, owner=uuid4()),
        sealed_draft(MemoryKeyring()),
    ]
    assert len({first.commitment, *(other.text.commitment for other in others)}) == 5
    same_words = sealed_draft(keyring, text="same", note="same")
    assert same_words.note is not None
    assert same_words.text.commitment != same_words.note.commitment


def test_each_role_is_sealed_under_its_own_subject() -> None:
    keyring, author, owner = MemoryKeyring(), uuid4(), uuid4()

    def subjects(command: Any, actor: UUID, of: UUID | None) -> list[UUID | None]:
        sealed, disclosures = seal_command(
            command, organization=ORGANIZATION, owner=of, actor=actor, keyring=keyring, stream=STREAM
        )
        assert {item.subject for item in disclosures} == {value.subject for value in all_sealed(sealed)}
        return [value.subject for value in all_sealed(sealed)]

    assert subjects(draft(note="n"), author, owner) == [owner, author]
    assert subjects(draft(note="n"), SYSTEM, None) == [ORGANIZATION, ORGANIZATION]
    assert subjects(Open(name=CommonName("Q1")), author, owner) == [ORGANIZATION]


def test_a_named_person_is_the_subject_of_their_name() -> None:
    from domain.directory.people import AddPerson

    person = uuid4()
    sealed, _ = seal_command(
        AddPerson(person=person, name=PersonName("Ada")),
        organization=ORGANIZATION,
        owner=None,
        actor=PERSON,
        keyring=MemoryKeyring(),
        stream=STREAM,
    )
    assert sealed.name.subject == person


def test_a_bare_commitment_is_refused_from_outside_and_handed_on_by_a_duty() -> None:
    keyring = MemoryKeyring()
    commitment = sealed_draft(keyring).text.commitment
    bare = {"commitment": commitment, "subject": str(PERSON)}
    command = Draft.model_validate({"cycle": STREAM, "owner": PERSON, "text": bare})
    for actor in (PERSON, SYSTEM):  # being SYSTEM is not enough: the command must be a duty's
        with pytest.raises(DomainError) as refusal:
            seal_command(command, organization=ORGANIZATION, owner=PERSON, actor=actor, keyring=keyring, stream=STREAM)
        assert refusal.value.code == "text.expected"
        assert refusal.value.pointer == "/text"

    class Duty(Remind):
        text: OwnerText

    duty = Duty(since=1, text=command.text)
    handed_on, disclosures = seal_command(
        duty, organization=ORGANIZATION, owner=PERSON, actor=SYSTEM, keyring=keyring, stream=STREAM
    )
    assert handed_on.text.commitment == commitment
    assert disclosures == []
    with pytest.raises(DomainError):
        seal_command(duty, organization=ORGANIZATION, owner=PERSON, actor=PERSON, keyring=keyring, stream=STREAM)


def test_a_disclosure_opens_only_under_its_key_organization_and_commitment() -> None:
    key, other = Key(bytes(32)), Key(b"\x01" * 32)
    commitment, disclosed = seal_text(key, ORGANIZATION, STREAM, "text", "目标 grow")
    assert b"grow" not in disclosed
    assert open_text(key, ORGANIZATION, commitment, disclosed) == "目标 grow"
    assert open_text(other, ORGANIZATION, commitment, disclosed) is None, "sealed under a key that is gone"
    wrong, moved = seal_text(key, ORGANIZATION, STREAM, "text", "another")
    broken = disclosed[:-1] + bytes([disclosed[-1] ^ 1])
    for given in (
        (uuid4(), commitment, disclosed),
        (ORGANIZATION, wrong, disclosed),
        (ORGANIZATION, commitment, moved),
    ):
        with pytest.raises(TamperedTextError):
            open_text(key, *given)
    with pytest.raises(TamperedTextError):
        open_text(key, ORGANIZATION, commitment, broken)


def test_the_mac_of_a_body_depends_on_the_organizations_key() -> None:
    one, two = MemoryKeyring(), MemoryKeyring()
    assert body_mac(one, ORGANIZATION, b"x") == body_mac(one, ORGANIZATION, b"x")
    assert body_mac(one, ORGANIZATION, b"x") != body_mac(two, ORGANIZATION, b"x")
    assert body_mac(one, ORGANIZATION, b"x") != body_mac(one, ORGANIZATION, b"y")


async def test_an_opener_reads_texts_back_until_the_key_is_erased() -> None:
    world = World()
    handler = world.handler()
    await world.begin(handler)
    plan: Ref = await world.draft(handler, "grow", note=AuthorText("why not"))
    state = (await handler.cache.load(world.organization, plan)).state

    def opener() -> Opener:
        return Opener(world.log, world.keyring, world.organization)

    opened = await opener().open(state)
    assert (opened.text.text, opened.note.text) == ("grow", "why not")
    assert (opened.text.commitment, state.text.text) == (state.text.commitment, None)
    assert [found.text.text for found in await opener().open([state, state])] == ["grow", "grow"]
    nested = await opener().open({"plans": [{"a": state}]})
    assert nested["plans"][0]["a"].text.text == "grow"
    rendered = await opener().render(state)
    assert (rendered["text"], rendered["note"], rendered["version"]) == ("grow", "why not", 1)
    assert (await opener().render([state.model_dump(mode="json")]))[0]["text"] == "grow"

    assert world.keyring.erase(world.organization, world.person)
    gone = await opener().open(state)
    assert gone.text.text is None
    assert gone.text.commitment == state.text.commitment
    assert (await opener().render(state))["text"] is None
    await world.draft(handler, "a new key for the same person")
    assert (await opener().render(state))["text"] is None, "a new key opens nothing old, and is no sign of tampering"
    await world.close()


async def test_texts_are_loaded_in_one_batch() -> None:
    world = World()
    handler = world.handler()
    await world.begin(handler)
    states = [
        (await handler.cache.load(world.organization, await world.draft(handler, f"text {place}"))).state
        for place in range(5)
    ]
    asked: list[int] = []
    real = world.log.disclosures

    async def counting(organization: UUID, commitments: Any) -> Any:
        asked.append(len(commitments))
        return await real(organization, commitments)

    world.log.disclosures = counting  # type: ignore[method-assign]
    opened = await Opener(world.log, world.keyring, world.organization).open(tuple(states))
    assert [state.text.text for state in opened] == [f"text {place}" for place in range(5)]
    assert asked == [5]
    await world.close()


def test_keys_are_private_files_that_survive_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ring = DirectoryKeyring(folder)
    assert ring.find(ORGANIZATION, PERSON) is None
    key = ring.key(ORGANIZATION, PERSON)
    assert len(key) == 32
    assert ring.key(ORGANIZATION, PERSON) == key == DirectoryKeyring(folder).find(ORGANIZATION, PERSON)
    assert ring.key(ORGANIZATION, uuid4()) != key
    file = folder / str(ORGANIZATION) / f"{PERSON}.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [found.suffix for found in file.parent.iterdir()] == [".key", ".key"], "no draft is left"


def test_an_erasure_by_another_process_counts_at_once(tmp_path: Path) -> None:
    ring, other = DirectoryKeyring(tmp_path), DirectoryKeyring(tmp_path)
    key = ring.key(ORGANIZATION, PERSON)
    assert other.erase(ORGANIZATION, PERSON)
    assert ring.find(ORGANIZATION, PERSON) is None
    assert not ring.erase(ORGANIZATION, PERSON)
    assert ring.key(ORGANIZATION, PERSON) != key


def test_a_damaged_key_never_passes_for_an_erased_one(tmp_path: Path) -> None:
    DirectoryKeyring(tmp_path).key(ORGANIZATION, PERSON)
    (tmp_path / str(ORGANIZATION) / f"{PERSON}.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="damaged"):
        DirectoryKeyring(tmp_path).find(ORGANIZATION, PERSON)


MAKE_KEYS = """
import sys
from pathlib import Path
from uuid import UUID
from eventlog.keyring import Key, DirectoryKeyring
folder, organization, *subjects = sys.argv[1:]
ring = DirectoryKeyring(Path(folder))
print("ready", flush=True)
sys.stdin.readline()
for subject in subjects:
    print(ring.key(UUID(organization), UUID(subject)).hex())
"""


def test_processes_that_make_a_key_at_once_agree(tmp_path: Path) -> None:
    subjects = [str(uuid4()) for _ in range(60)]
    command = [sys.executable, "-c", MAKE_KEYS, str(tmp_path), str(ORGANIZATION), *subjects]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    made = [process.communicate("go\n", timeout=30)[0].split() for process in processes]
    assert made[0] == made[1] == made[2]
    assert len(set(made[0])) == 60


def test_a_rehearsal_keeps_nothing() -> None:
    kept = MemoryKeyring()
    known = kept.key(ORGANIZATION, PERSON)
    rehearsal = RehearsalKeyring(kept)
    assert rehearsal.key(ORGANIZATION, PERSON) == known
    stranger = uuid4()
    assert rehearsal.key(ORGANIZATION, stranger) == rehearsal.key(ORGANIZATION, stranger)
    assert kept.find(ORGANIZATION, stranger) is None

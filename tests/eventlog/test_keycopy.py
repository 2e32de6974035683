"""A second copy of a keyring: nothing is lost by it, and nothing erased comes back through it."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from eventlog.keycopy import copy_keys, keys_of, known_erased
from eventlog.keyring import DirectoryKeyring

ORGANIZATION = UUID(int=1)


@pytest.fixture
def keyring(tmp_path: Path) -> DirectoryKeyring:
    return DirectoryKeyring(tmp_path / "keyring")


def copy_of(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def test_a_copy_holds_the_same_keys_and_lets_nobody_else_read_them(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    people = [uuid4() for _ in range(5)]
    keys = {person: keyring.key(ORGANIZATION, person) for person in people}
    done = copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    assert (done.keys, done.copied, done.absent, done.differing) == (5, 5, [], [])
    copied = DirectoryKeyring(copy_of(tmp_path))
    assert {person: copied.find(ORGANIZATION, person) for person in people} == keys
    for path in [copy_of(tmp_path), *copy_of(tmp_path).rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_only_what_is_new_is_copied_again(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    keyring.key(ORGANIZATION, uuid4())
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    keyring.key(ORGANIZATION, uuid4())
    done = copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    assert (done.keys, done.copied) == (2, 1)


def test_an_erased_key_leaves_the_copy_and_never_comes_back(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    person = uuid4()
    keyring.key(ORGANIZATION, person)
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    old = tmp_path / "old"
    shutil.copytree(copy_of(tmp_path), old)
    assert keyring.erase(ORGANIZATION, person)
    done = copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    assert (done.erased, done.absent) == (1, [])
    assert DirectoryKeyring(copy_of(tmp_path)).find(ORGANIZATION, person) is None

    shutil.rmtree(tmp_path / "keyring")
    copy_keys(copy_of(tmp_path), tmp_path / "keyring")
    copy_keys(old, tmp_path / "keyring")  # a copy of the copy, from before
    assert keyring.find(ORGANIZATION, person) is None
    assert known_erased(tmp_path / "keyring", (ORGANIZATION, person))


def test_a_key_that_came_back_by_other_means_is_erased_again(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    """The keyring's own disk was set back to an older image; the copy remembers."""
    person = uuid4()
    keyring.key(ORGANIZATION, person)
    shutil.copytree(tmp_path / "keyring", tmp_path / "image")
    keyring.erase(ORGANIZATION, person)
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    done = copy_keys(copy_of(tmp_path), tmp_path / "image")
    assert done.erased == 1
    assert keys_of(tmp_path / "image") == set()


def test_somebody_erased_who_writes_again_gets_a_new_key_that_is_copied(
    keyring: DirectoryKeyring, tmp_path: Path
) -> None:
    person = uuid4()
    first = keyring.key(ORGANIZATION, person)
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    keyring.erase(ORGANIZATION, person)
    second = keyring.key(ORGANIZATION, person)
    assert first != second
    done = copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    assert (done.erased, done.copied, done.differing) == (1, 1, [])
    assert DirectoryKeyring(copy_of(tmp_path)).find(ORGANIZATION, person) == second


def test_a_lost_keyring_does_not_empty_its_copy(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    """A volume that was not mounted must not pass for a thousand erasures."""
    person = uuid4()
    key = keyring.key(ORGANIZATION, person)
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    shutil.rmtree(tmp_path / "keyring")
    done = copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    assert done.absent == [(ORGANIZATION, person)]
    assert DirectoryKeyring(copy_of(tmp_path)).find(ORGANIZATION, person) == key


def test_a_second_or_damaged_key_is_reported_and_changes_nothing(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    one, two = sorted((uuid4(), uuid4()))
    for person in (one, two):
        keyring.key(ORGANIZATION, person)
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    before = {person: DirectoryKeyring(copy_of(tmp_path)).find(ORGANIZATION, person) for person in (one, two)}
    folder = tmp_path / "keyring" / str(ORGANIZATION)
    (folder / f"{one}.key").write_bytes(bytes(32))
    (folder / f"{two}.key").write_bytes(b"short")
    done = copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    assert done.differing == [(ORGANIZATION, one)]
    assert done.damaged == [(ORGANIZATION, two)]
    assert {person: DirectoryKeyring(copy_of(tmp_path)).find(ORGANIZATION, person) for person in (one, two)} == before


def test_a_damaged_key_is_replaced_by_the_one_that_was_copied(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    person = uuid4()
    key = keyring.key(ORGANIZATION, person)
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    (tmp_path / "keyring" / str(ORGANIZATION) / f"{person}.key").write_bytes(b"short")
    done = copy_keys(copy_of(tmp_path), tmp_path / "keyring")
    assert (done.copied, done.keys, done.differing, done.damaged) == (1, 1, [], [])
    assert DirectoryKeyring(tmp_path / "keyring").find(ORGANIZATION, person) == key


def test_an_erasure_cut_short_still_counts(keyring: DirectoryKeyring, tmp_path: Path) -> None:
    """The note is written first: killed before the key is removed, the copy forgets it all the same."""
    person = uuid4()
    key_file = tmp_path / "keyring" / str(ORGANIZATION) / f"{person}.key"
    key = keyring.key(ORGANIZATION, person)
    copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    keyring.erase(ORGANIZATION, person)
    key_file.write_bytes(key)
    note = key_file.with_suffix(".erased")
    note.write_text(note.read_text().strip()[:10] + note.read_text())  # behind a line that a crash cut short
    done = copy_keys(tmp_path / "keyring", copy_of(tmp_path))
    assert (done.erased, done.copied) == (1, 0)

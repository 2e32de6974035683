"""Keys of people and organizations, kept outside Postgres: erasing a key erases what it sealed, backups included.

Invariant: a key is made once. Two processes that make the same key at once end with one and the same.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
IDENTITY_BYTES = 8
MAKERS = 16
"""Keys that are made at a time."""
ERASED = ".erased"
"""The suffix of the note beside a subject's key: the fingerprints of its keys that were erased."""


class Key(bytes):
    """A subject's key. What is derived from it is kept with it, and goes when it goes."""

    @cached_property
    def identity(self) -> bytes:
        """Tells a key from another one of the same subject."""
        return self._derived(b"id")[:IDENTITY_BYTES]

    @cached_property
    def body(self) -> bytes:
        """For the HMAC of request bodies."""
        return self._derived(b"body")

    @cached_property
    def disclosure(self) -> AESGCM:
        """Encrypts and decrypts texts."""
        return AESGCM(self._derived(b"disclosure"))

    def _derived(self, purpose: bytes) -> bytes:
        """One key per purpose, so that no use of the subject's key can stand in for another."""
        return hmac.digest(self, framed(b"goalcycle/key/1", purpose), "sha256")


def framed(*parts: bytes) -> bytes:
    """Length-prefixed parts, so that no two lists of parts share one encoding."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


class Keyring(Protocol):
    """Holds one 32-byte key per subject (a person, or the organization itself) of an organization."""

    def key(self, organization: UUID, subject: UUID) -> Key:
        """The subject's key, made when it does not exist."""
        ...

    def make(self, organization: UUID, subjects: Collection[UUID]) -> None:
        """Make the keys of many at once, as far as they have none. It may take seconds: not for an event loop."""
        ...

    def find(self, organization: UUID, subject: UUID) -> Key | None:
        """The subject's key, or None where it was never made or is erased."""
        ...

    def erase(self, organization: UUID, subject: UUID) -> bool:
        """Forget the key for ever; false where there was none."""
        ...


class MemoryKeyring:
    """Keys that end with the process: for tests."""

    def __init__(self) -> None:
        self._keys: dict[tuple[UUID, UUID], Key] = {}

    def key(self, organization: UUID, subject: UUID) -> Key:
        return self._keys.setdefault((organization, subject), Key(secrets.token_bytes(KEY_BYTES)))

    def make(self, organization: UUID, subjects: Collection[UUID]) -> None:
        for subject in subjects:
            self.key(organization, subject)

    def find(self, organization: UUID, subject: UUID) -> Key | None:
        return self._keys.get((organization, subject))

    def erase(self, organization: UUID, subject: UUID) -> bool:
        return self._keys.pop((organization, subject), None) is not None


class RehearsalKeyring:
    """A keyring for dry runs: what is missing is made up and never kept."""

    def __init__(self, kept: Keyring) -> None:
        self._kept = kept
        self._made = MemoryKeyring()

    def key(self, organization: UUID, subject: UUID) -> Key:
        return self._kept.find(organization, subject) or self._made.key(organization, subject)

    def make(self, organization: UUID, subjects: Collection[UUID]) -> None:
        """Not before they are used."""

    def find(self, organization: UUID, subject: UUID) -> Key | None:
        return self._kept.find(organization, subject) or self._made.find(organization, subject)

    def erase(self, organization: UUID, subject: UUID) -> bool:
        raise PermissionError("a dry run erases nothing")


class DirectoryKeyring:
    """One file per subject under a directory: folders of mode 700, files of mode 600.

    A key is remembered together with its file's identity, and the file is looked at on every use: an erasure by
    another process counts at once. Which keys were erased is noted beside them, by fingerprint, so that no copy of a
    keyring ever brings one back.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cached: dict[tuple[UUID, UUID], tuple[str, tuple[int, int], Key]] = {}

    def key(self, organization: UUID, subject: UUID) -> Key:
        found = self.find(organization, subject)
        while found is None:
            self._make(organization, subject)
            sync_folder(self._file(organization, subject).parent)
            found = self.find(organization, subject)
        return found

    def make(self, organization: UUID, subjects: Collection[UUID]) -> None:
        """Many at a time: a disk makes them durable together in little more than the time of one."""
        missing = [subject for subject in subjects if not self._file(organization, subject).exists()]
        with ThreadPoolExecutor(MAKERS) as makers:
            list(makers.map(partial(self._make, organization), missing))
        if subjects:  # also those that another process has made just now
            sync_folder(self._path / str(organization))

    def find(self, organization: UUID, subject: UUID) -> Key | None:
        """Raises ValueError where the file does not hold a key: a damaged key must never pass for an erased one."""
        cached = self._cached.get((organization, subject))
        path = cached[0] if cached is not None else str(self._file(organization, subject))
        try:
            seen = os.stat(path)
        except FileNotFoundError:
            self._cached.pop((organization, subject), None)
            return None
        identity = (seen.st_ino, seen.st_mtime_ns)
        if cached is not None and cached[1] == identity:
            return cached[2]
        try:
            key = Key(Path(path).read_bytes())
        except FileNotFoundError:
            return None
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key file of subject {subject} is damaged")
        self._cached[organization, subject] = (path, identity, key)
        return key

    def erase(self, organization: UUID, subject: UUID) -> bool:
        self._cached.pop((organization, subject), None)
        file = self._file(organization, subject)
        try:
            note_erased(file.with_suffix(ERASED), fingerprint(file.read_bytes()))  # first: a crash here is no way back
            file.unlink()
        except FileNotFoundError:
            return False
        sync_folder(file.parent)
        return True

    def _file(self, organization: UUID, subject: UUID) -> Path:
        return self._path / str(organization) / f"{subject}.key"

    def _make(self, organization: UUID, subject: UUID) -> None:
        """Write a whole file under a name of its own, then link it: the link fails for all but the first. The folder is
        still to be synced.
        """
        file = self._file(organization, subject)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        draft = file.with_name(f".{secrets.token_hex(8)}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(secrets.token_bytes(KEY_BYTES))
                stream.flush()
                os.fsync(stream.fileno())
            try:
                os.link(draft, file)
            except FileExistsError:
                return  # another process was first: its key is the key
        finally:
            draft.unlink()


def fingerprint(key: bytes) -> str:
    """Names a key without telling anything about it."""
    return hashlib.sha256(b"goalcycle/erased/1" + key).hexdigest()


def erased_fingerprints(note: Path) -> frozenset[str]:
    """Of a subject's keys, those that were erased."""
    try:
        return frozenset(note.read_text(encoding="ascii").split())
    except FileNotFoundError:
        return frozenset()


def note_erased(note: Path, *fingerprints: str) -> None:
    """Note that keys were erased, durably."""
    descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as stream:
        # A line of its own even behind one that a crash cut short.
        stream.write("".join(f"\n{one}\n" for one in fingerprints))
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(note.parent)


def sync_folder(folder: Path) -> None:
    """Make a new or removed name durable: a key lost in a crash would lose every text that it sealed."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

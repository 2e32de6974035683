"""A second copy of a keyring, for the day when the first is lost.

Invariant: a copy never brings an erased key back. Keys are made once and never change, so one copy serves log backups
of every age; what was erased is noted beside the keys, and whoever copies forgets it on the other side too.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from eventlog.keyring import ERASED, KEY_BYTES, erased_fingerprints, fingerprint, note_erased, sync_folder

SUFFIX = ".key"
Subject = tuple[UUID, UUID]
"""An organization, and a person of it or itself."""


@dataclass
class KeyCopy:
    """What a copy did, and what it found amiss. Subjects are `(organization, subject)`."""

    keys: int = 0
    """In the target, when it was done."""
    copied: int = 0
    erased: int = 0
    """Keys that the target held and the source says were erased: they are gone from the target now."""
    absent: list[Subject] = field(default_factory=list)
    """In the target, neither in the source nor erased there: the source has lost it, or it is newer."""
    differing: list[Subject] = field(default_factory=list)
    """Two keys for one subject, which should never be. The target's is kept."""
    damaged: list[Subject] = field(default_factory=list)
    """No key, whatever the source's file holds. It was not copied."""


def copy_keys(source: Path, target: Path) -> KeyCopy:
    """Bring to the target what the source has and the target lacks, and forget there what either knows as erased.

    Folders get mode 700, files 600. Killed in the middle it may be run again. Raises OSError.
    """
    done = KeyCopy()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for subject in sorted({*_subjects(source), *_subjects(target)}):
        _copy(subject, source, target, done)
    return done


def keys_of(folder: Path) -> set[Subject]:
    """Whose keys a keyring holds."""
    return {subject for subject in _subjects(folder) if _place(folder, subject).exists()}


def known_erased(folder: Path, subject: Subject) -> bool:
    """Whether a key of the subject was ever erased."""
    return bool(erased_fingerprints(_place(folder, subject).with_suffix(ERASED)))


def _copy(subject: Subject, source: Path, target: Path, done: KeyCopy) -> None:
    ours, theirs = _place(source, subject), _place(target, subject)
    theirs.parent.mkdir(mode=0o700, exist_ok=True)
    noted = erased_fingerprints(theirs.with_suffix(ERASED))
    erased = noted | erased_fingerprints(ours.with_suffix(ERASED))
    if erased - noted:
        note_erased(theirs.with_suffix(ERASED), *sorted(erased - noted))
    has, had = _read(ours), _read(theirs)
    if had is not None and fingerprint(had) in erased:
        theirs.unlink()
        sync_folder(theirs.parent)
        done.erased += 1
        had = None
    if has is not None and fingerprint(has) in erased:
        has = None  # erased while we looked, or by the target's account
    if had is not None and len(had) != KEY_BYTES and has is not None and len(has) == KEY_BYTES:
        theirs.unlink()  # what is no key stands in nobody's way
        had = None
    if has is not None and len(has) != KEY_BYTES:
        done.damaged.append(subject)
    elif has is None and had is not None:
        done.absent.append(subject)
    elif has is not None and had is None and _write(theirs, has):
        done.copied += 1
        had = has
    elif has != had:
        done.differing.append(subject)
    done.keys += had is not None


def _subjects(folder: Path) -> Iterator[Subject]:
    for file in folder.glob("*/*"):
        if file.suffix in {SUFFIX, ERASED}:
            yield UUID(file.parent.name), UUID(file.stem)


def _place(folder: Path, subject: Subject) -> Path:
    return folder / str(subject[0]) / f"{subject[1]}{SUFFIX}"


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _write(file: Path, key: bytes) -> bool:
    """Whole and durable, or not at all; false where somebody made a key there meanwhile."""
    draft = file.with_name(f".{secrets.token_hex(8)}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, file)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    sync_folder(file.parent)
    return True

"""Sealing texts before a rule sees them, and opening them again for rendering.

salt        = HMAC-SHA256(subject's key, scope ‖ field ‖ text), each length-prefixed
commitment  = SHA-256(tag ‖ salt ‖ text)
disclosure  = key id ‖ nonce ‖ AES-256-GCM(key derived from the subject's, salt ‖ text, AAD organization ‖ commitment)

Invariant: unchanged text in the same field of the same thing has the same commitment; without the subject's key a
commitment tells nothing about its text, not even to somebody who can guess it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from cryptography.exceptions import InvalidTag
from pydantic import BaseModel

from domain.messages import Command
from domain.problems import problem
from domain.sealed import Sealed, Subject, all_sealed, map_sealed
from domain.values import SYSTEM
from eventlog.keyring import IDENTITY_BYTES, Key, Keyring, framed
from eventlog.log import Disclosure, Log

T = TypeVar("T", bound=Command)

TAG = b"goalcycle/sealed/1"
SALT_BYTES = 32
NONCE_BYTES = 12

TEXT_EXPECTED = problem(
    "text.expected",
    422,
    "The field {field} needs its text, not a commitment.",
    hint="Send the text itself; a commitment without its text is never accepted.",
)


class TamperedTextError(Exception):
    """A disclosure does not match its commitment although its key does: somebody or something altered it."""


def seal_command(
    command: T, *, organization: UUID, owner: UUID | None, actor: UUID, keyring: Keyring, stream: UUID
) -> tuple[T, list[Disclosure]]:
    """The command with every text sealed (and still readable by `decide`), and what to write beside the log.

    `owner` is the decider's answer to whose key seals `OwnerText`; None: the organization's. Raises DomainError
    `text.expected` for a commitment without text, except in a duty, which hands on what the log already holds.
    """
    scope = command.subject_scope() or stream
    trusted = command.system and actor == SYSTEM
    named = command.named_person()
    author = organization if actor == SYSTEM else actor
    subjects = {
        Subject.OWNER: owner or organization,
        Subject.AUTHOR: author,
        Subject.NAMED: named or author,
        Subject.ORGANIZATION: organization,
    }
    disclosures: dict[bytes, Disclosure] = {}

    def seal(value: Sealed, field: str) -> Sealed:
        if value.text is None:
            if trusted and value.commitment:
                return value
            raise TEXT_EXPECTED(pointer=f"/{field}", field=field)
        subject = subjects[value.role]
        key = keyring.key(organization, subject)
        commitment, disclosed = seal_text(key, organization, scope, field, value.text)
        disclosures[commitment] = Disclosure(commitment, subject, disclosed)
        return type(value)(value.text, commitment.hex(), subject)

    sealed = cast("T", map_sealed(command, seal))
    return sealed, list(disclosures.values())


def seal_text(key: Key, organization: UUID, scope: UUID, field: str, text: str) -> tuple[bytes, bytes]:
    """The commitment to a text and its encrypted disclosure."""
    value = text.encode()
    salt = hmac.digest(key, framed(b"salt", scope.bytes, field.encode(), value), "sha256")
    commitment = _commitment(salt, value)
    nonce = os.urandom(NONCE_BYTES)
    sealed = key.disclosure.encrypt(nonce, salt + value, organization.bytes + commitment)
    return commitment, key.identity + nonce + sealed


def open_text(key: Key, organization: UUID, commitment: bytes, disclosed: bytes) -> str | None:
    """The text of a disclosure; None where it was sealed under a key that is gone.

    Raises TamperedTextError where the key is the right one and the text is not what was committed to.
    """
    if not hmac.compare_digest(disclosed[:IDENTITY_BYTES], key.identity):
        return None
    nonce = disclosed[IDENTITY_BYTES : IDENTITY_BYTES + NONCE_BYTES]
    body = disclosed[IDENTITY_BYTES + NONCE_BYTES :]
    try:
        plain = key.disclosure.decrypt(nonce, body, organization.bytes + commitment)
    except InvalidTag:
        raise TamperedTextError(f"the disclosure of {commitment.hex()} was altered") from None
    salt, value = plain[:SALT_BYTES], plain[SALT_BYTES:]
    if _commitment(salt, value) != commitment:
        raise TamperedTextError(f"the disclosure of {commitment.hex()} holds another text")
    return value.decode()


def without_texts(value: Any) -> Any:
    """The value with the plain text of every sealed value dropped: what events, states and caches may hold."""
    return map_sealed(value, lambda sealed, _field: _bare(sealed))


def _bare(sealed: Sealed) -> Sealed:
    return sealed if sealed.text is None else type(sealed)(None, sealed.commitment, sealed.subject)


def body_mac(keyring: Keyring, organization: UUID, body: bytes) -> bytes:
    """HMAC of a request's body under the organization's key."""
    return hmac.digest(keyring.key(organization, organization).body, body, "sha256")


class Opener:
    """Opens sealed values for rendering. One opener serves one request: it remembers what it has opened."""

    def __init__(self, log: Log, keyring: Keyring, organization: UUID) -> None:
        self._log = log
        self._keyring = keyring
        self._organization = organization
        self._texts: dict[tuple[str, UUID | None], str | None] = {}

    async def open(self, value: Any) -> Any:
        """The same value with texts in its sealed values. An erased one keeps its commitment and has text None.

        Models, mappings, tuples and lists are searched at any depth. Raises TamperedTextError.
        """
        listed = _as_tuples(value)
        await self._load({(found.commitment, found.subject) for found in all_sealed(listed)})

        def opened(sealed: Sealed, _field: str) -> Sealed:
            return type(sealed)(self._texts[sealed.commitment, sealed.subject], sealed.commitment, sealed.subject)

        changed = map_sealed(listed, opened)
        return list(changed) if isinstance(value, list) else changed

    async def render(self, value: Any) -> Any:
        """The JSON value of a model (or of JSON) with each sealed value replaced by its text, None where erased."""
        tree = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        wanted: set[tuple[str, UUID | None]] = set()
        _walk(tree, lambda commitment, subject: wanted.add((commitment, subject)))
        await self._load(wanted)
        return _walk(tree, lambda commitment, subject: self._texts[commitment, subject])

    async def _load(self, wanted: Iterable[tuple[str, UUID | None]]) -> None:
        missing = [item for item in wanted if item not in self._texts]
        if not missing:
            return
        commitments = list({bytes.fromhex(commitment) for commitment, _ in missing if commitment})
        found = await self._log.disclosures(self._organization, commitments) if commitments else {}
        for commitment, subject in missing:
            self._texts[commitment, subject] = self._text(bytes.fromhex(commitment), subject, found)

    def _text(self, commitment: bytes, subject: UUID | None, found: Mapping[bytes, tuple[UUID, bytes]]) -> str | None:
        disclosed = found.get(commitment)
        if disclosed is None or subject is None:
            return None
        if disclosed[0] != subject:
            raise TamperedTextError(f"the disclosure of {commitment.hex()} names another subject")
        key = self._keyring.find(self._organization, subject)
        return None if key is None else open_text(key, self._organization, commitment, disclosed[1])


def _as_tuples(value: Any) -> Any:
    """Lists as tuples at any depth of plain containers: `map_sealed` knows the containers of frozen models only."""
    if isinstance(value, list | tuple):
        return tuple(_as_tuples(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _as_tuples(item) for key, item in value.items()}
    return value


def _walk(tree: Any, visit: Callable[[str, UUID], Any]) -> Any:
    """Replace each `{commitment, subject}` in a JSON tree by what `visit` makes of it."""
    if isinstance(tree, Mapping):
        if tree.keys() == {"commitment", "subject"}:
            return visit(tree["commitment"], UUID(str(tree["subject"])))
        return {key: _walk(item, visit) for key, item in tree.items()}
    if isinstance(tree, list | tuple):
        return [_walk(item, visit) for item in tree]
    return tree


def _commitment(salt: bytes, value: bytes) -> bytes:
    return hashlib.sha256(TAG + salt + value).digest()

"""Sealed values: free text and names as salted commitments.

Invariant: what leaves `decide` (events, states, hashes) shows a commitment and whose key opens it, never the text.
A command arrives with the text; the command handler seals it before `decide` sees it, and `decide` may still look
at the plain text of that one command (a lint does). Serialising a sealed value never writes its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, ForwardRef, Literal, TypeVar, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MAX_TEXT = 4000
"""Characters of one sealed text."""


class Subject(StrEnum):
    """Whose key seals a text: who can have it erased."""

    OWNER = "owner"
    """The plan's owner (goal text); the organization where the owner is a team."""
    AUTHOR = "author"
    """Who wrote it (comments, narratives, reasons)."""
    NAMED = "named"
    """The person named."""
    ORGANIZATION = "organization"
    """The organization (names of teams and cycles, what a metric counts)."""


class Sealed:
    """A text known by its commitment.

    `commitment` (hex SHA-256) and `subject` (whose key opens it) are what is stored; both are empty until the
    command handler has sealed the value. `text` is there only while a command is handled, or after rendering.
    """

    __slots__ = ("commitment", "subject", "text")
    role: ClassVar[Subject] = Subject.AUTHOR

    def __init__(self, text: str | None = None, commitment: str = "", subject: UUID | None = None) -> None:
        self.text = text
        self.commitment = commitment
        self.subject = subject

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sealed):
            return NotImplemented
        if self.commitment or other.commitment:
            return self.commitment == other.commitment and self.subject == other.subject
        return self.text == other.text

    def __hash__(self) -> int:
        return hash(self.commitment)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.commitment[:12] or 'unsealed'})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._parse,
            serialization=core_schema.plain_serializer_function_ser_schema(cls._dump, when_used="json-unless-none"),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}

    @classmethod
    def _parse(cls, value: Any) -> Sealed:
        if isinstance(value, Sealed):
            return value if type(value) is cls else cls(value.text, value.commitment, value.subject)
        if isinstance(value, str):
            return cls(_checked(value))
        if isinstance(value, Mapping) and set(value) == {"commitment", "subject"}:
            return cls(None, str(value["commitment"]), UUID(str(value["subject"])))
        raise PydanticCustomError("text", "A text is expected")

    def _dump(self) -> dict[str, str]:
        if not self.commitment or self.subject is None:
            raise ValueError("a text must be sealed before it is written")
        return {"commitment": self.commitment, "subject": str(self.subject)}


def _checked(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("text_empty", "The text is empty")
    if len(text) > MAX_TEXT:
        raise PydanticCustomError("text_too_long", "The text has more than {limit} characters", {"limit": MAX_TEXT})
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise PydanticCustomError("text_invalid", "The text has a NUL character or half of a surrogate pair")
    return text


class OwnerText(Sealed):
    """Goal text."""

    role = Subject.OWNER


class AuthorText(Sealed):
    """A comment, narrative or reason."""

    role = Subject.AUTHOR


class PersonName(Sealed):
    """The name of the person the command is about."""

    role = Subject.NAMED


class CommonName(Sealed):
    """The name of a team, a cycle, a metric or the organization itself."""

    role = Subject.ORGANIZATION


class CommonText(Sealed):
    """A text that is the organization's, whoever wrote it: what a metric counts, and where it comes from."""

    role = Subject.ORGANIZATION


Seal = Callable[[Sealed, str], Sealed]
"""Maps a value and the name of the field it stands in to its sealed (or opened) form."""


def map_sealed(value: Any, change: Seal, field: str = "") -> Any:
    """The same value with every sealed value in it, at any depth, replaced by what `change` makes of it."""
    if isinstance(value, Sealed):
        return change(value, field)
    if isinstance(value, tuple):
        items = tuple([map_sealed(item, change, field) for item in value])
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        entries = {key: map_sealed(item, change, field) for key, item in value.items()}
        return entries if any(entries[key] is not item for key, item in value.items()) else value
    altered: dict[str, Any] = {}
    for name in _fields_with_texts(value.__class__):
        item = getattr(value, name)
        if item is not None and (new := map_sealed(item, change, name)) is not item:
            altered[name] = new
    return value.model_copy(update=altered) if altered else value


@cache
def _fields_with_texts(kind: type[object]) -> tuple[str, ...]:
    """The fields of a model in which a sealed value can stand, by their types; none of what is no model."""
    if not issubclass(kind, BaseModel):
        return ()
    return tuple(name for name, field in kind.model_fields.items() if _may_hold_text(field.annotation, frozenset()))


def _may_hold_text(annotation: Any, within: frozenset[type]) -> bool:
    """Whether a value of this type can hold a sealed value; what is not known to hold none may hold one."""
    if annotation is Any or isinstance(annotation, TypeVar | ForwardRef | str):
        return True
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            fields = annotation.model_fields.values()  # without any, it stands for all its subclasses
            deeper = within | {annotation}
            return not fields or (
                annotation not in within and any(_may_hold_text(field.annotation, deeper) for field in fields)
            )
        return annotation is object or issubclass(annotation, Sealed | dict | tuple)
    if get_origin(annotation) is Literal:
        return False
    return any(_may_hold_text(part, within) for part in get_args(annotation) if part is not Ellipsis)


def all_sealed(value: Any) -> list[Sealed]:
    """Every sealed value in a value, at any depth."""
    found: list[Sealed] = []

    def note(sealed: Sealed, _field: str) -> Sealed:
        found.append(sealed)
        return sealed

    map_sealed(value, note)
    return found

"""Models as JSON for people: sealed values opened; an erased one is null and its pointer stands in `erased`.

Sets are sorted, so that the same state has the same bytes in every process: an answer as of a position is immutable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from domain.messages import Event
from domain.sealed import Sealed, all_sealed
from eventlog.log import Recorded
from eventlog.seal import Opener

SEALED_KEYS = frozenset({"commitment", "subject"})
Texts = Mapping[str, str | None]
"""Text by commitment; None: erased."""


class Rendered(NamedTuple):
    """A JSON value, and the pointers of the texts in it that were erased."""

    value: Any
    erased: list[str]


async def rendered(opener: Opener, value: Any) -> Rendered:
    """A model, or a container of models, with its texts. Texts that are at hand (a dry run's) are taken as they are."""
    tree = plain(value)
    sealed: dict[str, dict[str, str]] = {}
    _find(tree, sealed)
    texts: dict[str, str | None] = {item.commitment: item.text for item in all_sealed(value) if item.text is not None}
    closed = [item for commitment, item in sealed.items() if commitment not in texts]
    texts |= zip((item["commitment"] for item in closed), await opener.render(closed), strict=True)
    erased: list[str] = []
    return Rendered(_opened(tree, texts, "", erased), erased)


async def rendered_events(opener: Opener, told: Sequence[tuple[Recorded, Event]]) -> list[dict[str, Any]]:
    """Events of the log as the history and the feed show them."""
    events = await _rendered_each(opener, [event for _, event in told])
    return [
        {
            "position": record.position,
            "stream": {"kind": record.kind, "id": str(record.stream)},
            "version": record.version,
            "type": record.type,
            "notice": not record.fact,
            "at": to_jsonable_python(record.at),
            "recorded_at": to_jsonable_python(record.recorded_at),
            "actor": str(record.actor),
            "command_id": str(record.command_id),
            "hash": record.hash.hex(),
            "allowed_by": event.value.pop("allowed_by"),
            "data": event.value,
            "erased": event.erased,
        }
        for (record, _), event in zip(told, events, strict=True)
    ]


async def _rendered_each(opener: Opener, events: list[Event]) -> list[Rendered]:
    """Open the texts of many events with one look at the log: the opener remembers what it has opened."""
    await opener.open(tuple(events))
    return [await rendered(opener, event) for event in events]


def plain(value: Any) -> Any:
    """The JSON of a model or container, sealed values as `{commitment, subject}`."""
    if isinstance(value, BaseModel):
        return {name: plain(item) for name, item in value}
    if isinstance(value, Mapping):
        return {str(to_jsonable_python(key)): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Sealed):
        return {"commitment": value.commitment, "subject": str(value.subject)}
    return to_jsonable_python(value)


def _find(tree: Any, found: dict[str, dict[str, str]]) -> None:
    if isinstance(tree, dict):
        if tree.keys() == SEALED_KEYS:
            found[tree["commitment"]] = tree
            return
        for item in tree.values():
            _find(item, found)
    elif isinstance(tree, list):
        for item in tree:
            _find(item, found)


def _opened(tree: Any, texts: Texts, pointer: str, erased: list[str]) -> Any:
    if isinstance(tree, dict):
        if tree.keys() == SEALED_KEYS:
            text = texts[tree["commitment"]]
            if text is None:
                erased.append(pointer)
            return text
        return {key: _opened(item, texts, f"{pointer}/{_escaped(key)}", erased) for key, item in tree.items()}
    if isinstance(tree, list):
        return [_opened(item, texts, f"{pointer}/{place}", erased) for place, item in enumerate(tree)]
    return tree


def _escaped(key: str) -> str:
    """A segment of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")

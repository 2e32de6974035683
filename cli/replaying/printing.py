"""A replay as lines for people, or as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import to_jsonable_python

from cli.replaying.history import Replay

HIDDEN = frozenset({"version", "subject", "commitment"})


def replay_lines(replay: Replay) -> Iterator[str]:
    """Who, when, what and why, event by event; then the state."""
    for told in replay.events:
        rule = f"  [{told.allowed_by}]" if told.allowed_by is not None else ""
        yield f"{told.position:>6}  {told.at:%Y-%m-%d %H:%M:%S} UTC  {told.who} {told.words[0]}{rule}"
        for detail in told.words[1:]:
            yield f"{'':>33}{detail}"
    what = f"goal {replay.found.goal}" if replay.found.goal is not None else f"{replay.found.ref.kind}"
    yield ""
    yield f"State of the {what} as of position {replay.position} (version {replay.version} of its stream):"
    if replay.standing:
        yield from (f"  {line}".rstrip() for line in replay.standing)
    else:
        yield from _tree(replay.state, 1)


def replay_object(replay: Replay) -> dict[str, Any]:
    """Everything for programs."""
    found = replay.found
    return {
        "organization": str(found.organization),
        "kind": found.ref.kind,
        "stream": str(found.ref.stream),
        "goal": str(found.goal) if found.goal is not None else None,
        "as_of": replay.position,
        "version": replay.version,
        "events": [
            {
                "position": told.position,
                "version": told.version,
                "at": to_jsonable_python(told.at),
                "who": told.who,
                "type": told.type,
                "allowed_by": told.allowed_by,
                "words": list(told.words),
            }
            for told in replay.events
        ],
        "state": replay.state,
    }


def _tree(value: Any, depth: int) -> Iterator[str]:
    """Nested values as an indented list; what is empty says nothing and is left out."""
    entries = value.items() if isinstance(value, dict) else enumerate(value, start=1)
    for key, item in entries:
        label = f"{'  ' * depth}{str(key).replace('_', ' ')}"
        if isinstance(item, dict | list):
            if item:
                yield f"{label}:"
                yield from _tree(item, depth + 1)
        elif item is not None and key not in HIDDEN:
            yield f"{label}: {item}"

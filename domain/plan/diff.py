"""The computed difference between two revisions of a goal (R4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from domain.goals import Kpi, Okr
from domain.key_results import Maintained, Measured, Milestone, Milestones, Ordinal, YesNo
from domain.sealed import Sealed
from domain.values import Frozen

TARGETS = frozenset({"target", "threshold", "stretch", "baseline", "low", "high", "commit", "direction"})
PAYS = frozenset({"flat_from", "flat_to", "threshold_pays", "stretch_pays", "red_line"})
KINDS = frozenset({"kind", "ambition", "item", "aggregation"})
REASONED = TARGETS | PAYS | KINDS | {"weight", "due"}
"""Fields whose change needs a reason: a target or what it pays, a weight, a date, a kind (R4.1)."""
LISTS = frozenset({"key_results", "milestones"})
"""Lists whose items carry targets and weights: dropping or adding one changes both, so it needs a reason too."""

MODELS = (Okr, Kpi, Measured, Maintained, Milestones, YesNo, Ordinal, Milestone)
_NAME = "|".join(sorted({name for model in MODELS for name in model.model_fields}))
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PATH = re.compile(rf"(?:{_NAME})(?:\.{_ID}(?:\.(?:{_NAME}))?)*")
"""What a path in a difference looks like: names of fields and ids, never a word of anybody's own."""


class Change(Frozen):
    """One changed field. Numbers show before and after; of a sealed text only that it changed."""

    path: str
    before: str | None = None
    after: str | None = None

    @property
    def needs_reason(self) -> bool:
        *above, last = self.path.split(".")
        return last in REASONED or (bool(above) and above[-1] in LISTS)


Changed = Literal["target", "weight", "date", "kind", "measure", "words"]
"""What a change is a change of, as a signer is told (R5.1)."""


def changed(changes: Iterable[Change]) -> tuple[Changed, ...]:
    """What these are changes of, the weightiest first."""
    found = {_changed(change.path) for change in changes}
    return tuple(one for one in get_args(Changed) if one in found)


def _changed(path: str) -> Changed:
    *above, last = path.split(".")
    if above and above[-1] in LISTS:
        return "measure"
    if last in TARGETS | PAYS:
        return "target"
    if last in KINDS:
        return "kind"
    if last == "weight":
        return "weight"
    return "date" if last == "due" else "words"


def diff(before: Okr | Kpi, after: Okr | Kpi) -> tuple[Change, ...]:
    """What a revision changes, field by field; list items are matched by their ids."""
    if before.kind != after.kind:
        return (Change(path="kind", before=before.kind, after=after.kind),)
    return tuple(_walk("", _fields(before), _fields(after)))


def _fields(model: Any) -> dict[str, Any]:
    return {name: value for name, value in model if name != "id"}


def _walk(prefix: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for name in [*before, *(key for key in after if key not in before)]:
        path = f"{prefix}{name}"
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, tuple) or isinstance(new, tuple):
            olds = {str(item.id): item for item in old or ()}
            news = {str(item.id): item for item in new or ()}
            for key in [*olds, *(key for key in news if key not in olds)]:
                if key not in news or key not in olds:
                    state = ("present", None) if key in olds else (None, "present")
                    yield Change(path=f"{path}.{key}", before=state[0], after=state[1])
                else:
                    yield from _walk(f"{path}.{key}.", _fields(olds[key]), _fields(news[key]))
        elif isinstance(old, Sealed) or isinstance(new, Sealed):
            yield Change(path=path)
        else:
            yield Change(path=path, before=_text(old), after=_text(new))


def _text(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)

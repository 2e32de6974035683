"""The difference between two versions of a plan, with the texts on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from api.auth import Caller
from api.rendering import rendered
from api.services import Services
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.goals import Kpi, Okr
from domain.plan.diff import diff
from domain.plan.seeing import Sight
from domain.plan.state import PlanState
from eventlog.log import Recorded
from eventlog.seal import Opener


async def plan_difference(
    services: Services, caller: Caller, ref: Ref, sight: Sight, records: Sequence[Recorded], before: int, after: int
) -> dict[str, Any]:
    """What changed from version `before` to version `after` of a plan whose events are `records`, in what is seen."""
    whole = [await _state_at(services, caller, ref, records, version) for version in (before, after)]
    old, new = [sight.plan(state) or PlanState(cycle=state.cycle, owner=state.owner) for state in whole]
    cycle_id = old.cycle or new.cycle
    cycle = CycleState()
    if cycle_id is not None:
        cycle = (await services.handler.cache.refresh(caller.organization, Ref("cycle", cycle_id))).state
    opener = services.opener(caller.organization)
    goals = []
    for goal in dict.fromkeys((*old.goals, *new.goals)):
        was, now = old.goals.get(goal), new.goals.get(goal)
        if was is not None and now is not None and was.hash == now.hash:
            continue
        goals.append(
            {
                "goal": str(goal),
                "change": "added" if was is None else "dropped" if now is None else "changed",
                "before_hash": was.hash if was else None,
                "after_hash": now.hash if now else None,
                "fields": await _fields(opener, was.definition, now.definition) if was and now else [],
            }
        )
    scoring = cycle.policy.scoring.hash
    return {
        "plan": str(ref.stream),
        "from_version": before,
        "to_version": after,
        "before_hash": old.content_hash(scoring) if old.goals.keys() == whole[0].goals.keys() else None,
        "after_hash": new.content_hash(scoring) if new.goals.keys() == whole[1].goals.keys() else None,
        "goals": goals,
    }


async def _state_at(
    services: Services, caller: Caller, ref: Ref, records: Sequence[Recorded], version: int
) -> PlanState:
    if version == 0:
        return PlanState()
    position = records[version - 1].position  # every event has a position of its own
    return cast("PlanState", (await services.handler.cache.load_at(caller.organization, ref, position)).state)


async def _fields(opener: Opener, before: Okr | Kpi, after: Okr | Kpi) -> list[dict[str, Any]]:
    """Each changed field; a text's two sides are opened, which the event's own record of changes cannot hold."""
    old, new = (await rendered(opener, before)).value, (await rendered(opener, after)).value
    return [
        {
            "path": change.path,
            "before": change.before if change.before is not None else _text_at(old, change.path),
            "after": change.after if change.after is not None else _text_at(new, change.path),
            "needs_reason": change.needs_reason,
        }
        for change in diff(before, after)
    ]


def _text_at(tree: Any, path: str) -> str | None:
    """The text at a path of `domain.plan.diff`: names of fields, ids of list items."""
    for step in path.split("."):
        if isinstance(tree, list):
            tree = next((item for item in tree if item.get("id") == step), None)
        elif isinstance(tree, dict):
            tree = tree.get(step)
    return tree if isinstance(tree, str) else None

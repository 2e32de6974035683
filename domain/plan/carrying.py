"""What a goal or a key result takes along where it goes: its alignments as requests, and what was measured (R3.9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from domain.decider import Context
from domain.plan.goal import Goal, Reading
from domain.plan.ground import Ground
from domain.plan.links import Edge
from domain.plan.patience import by_when
from domain.plan.state import PlanState
from domain.plan.tallies import Tally


def as_requests(edges: Iterable[Edge], state: PlanState, found: Ground, context: Context) -> tuple[Edge, ...]:
    """Alignments as they are asked for anew in the plan that they come into: a parent's owner answered somebody else,
    and no circle may close unseen.
    """
    answer = found.cycle.policy.alignment_answer
    return tuple(
        edge.model_copy(
            update={
                "state": "requested",
                "at": context.at,
                "due": by_when(found, context, {edge.parent_owner}, answer),
                "changed_hash": None,
                "dropped": False,
                "reminded": False,
            }
        )
        for edge in edges
        if edge.state != "declined" and edge.id not in state.edges
    )


def less_measured(goal: Goal, key_result: UUID) -> dict[str, Any]:
    """What changes of a goal where one of its key results leaves it; neither revision of a move is withdrawn alone."""
    readings = {measure: value for measure, value in goal.readings.items() if measure != key_result}
    tallies = {measure: value for measure, value in goal.tallies.items() if measure != key_result}
    came = {id_: plan for id_, plan in goal.key_results_from.items() if id_ != key_result}
    return {"before": None, "readings": readings, "tallies": tallies, "key_results_from": came}


def more_measured(goal: Goal, key_result: UUID, reading: Reading | None, tally: Tally | None) -> dict[str, Any]:
    """What changes of a goal where a key result comes into it, with what was measured of it."""
    readings = goal.readings if reading is None else {**goal.readings, key_result: reading}
    tallies = goal.tallies if tally is None else {**goal.tallies, key_result: tally}
    return {"before": None, "readings": readings, "tallies": tallies}

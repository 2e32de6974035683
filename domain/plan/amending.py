"""Amending a plan that is in force: through negotiation and chain once more, while what was signed goes on (R5.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from domain.cycle.windows import NEGOTIABLE, Phase
from domain.decider import Context
from domain.goals import GoalDefinition, plan_hash
from domain.messages import Event, Wake
from domain.plan.easing import eased, raised
from domain.plan.goal import Goal, key_results_of
from domain.plan.ground import admitted
from domain.plan.state import Amendment, PlanCommand, PlanState, plan
from domain.plan.talks import Side
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash

AMENDED_ALREADY = problem(
    "amendment.open", 409, "The plan is being amended already.", "Sign the amendment, or revert to what is signed."
)
NOT_IN_FORCE = problem(
    "amendment.nothing_signed", 409, "The plan is not signed, so there is nothing to amend.", "Have it signed first."
)
NO_AMENDMENT = problem("amendment.none", 409, "The plan is not being amended.", "What is signed is in force already.")
RULES_CHANGED = problem(
    "amendment.rules_changed",
    409,
    "The cycle's scoring rules have changed since the plan was signed.",
    "Have the plan signed under the present rules.",
)
EASING_UNREASONED = problem(
    "amendment.easing_unreasoned",
    422,
    "The change of {path} asks less than was signed, and needs a reason.",
    "Give one in `reasons` under this path.",
)
RAISE_UNACCEPTED = problem(
    "amendment.raise_unaccepted",
    409,
    "Goal {goal} asks more than was signed, and its owner has not accepted that.",
    "The owner acknowledges the KPI, or accepts the OKR; silence is no acceptance.",
)
TRANSFERRED = problem(
    "amendment.transferred",
    409,
    "Goal {goal} went into another plan, or came from one, during the amendment.",
    "Have it transferred back first.",
)
KEY_RESULT_MOVED = problem(
    "amendment.key_result_moved",
    409,
    "Key result {key_result} went into another plan, or came from one, during the amendment.",
    "Have it moved back first.",
)
REVERTED = frozenset(
    {
        *("definition", "hash", "number", "rounds", "author", "accepted", "accepted_by", "assigned_by", "original"),
        *("turn", "turn_due", "turn_since", "turn_reminded", "mediate_at", "before", "receipt", "served_at", "final"),
        *("from_plan", "key_results_from", "mediation", "imposed", "objection"),
    }
)
"""What a revert takes back of a goal: what it says, and who stands by it. Everything else happened and stays."""


class RequestAmendment(PlanCommand):
    """Open a signed plan for changes after commit, for a reason."""

    reason: AuthorText


class RevertToSigned(PlanCommand):
    """Give an amendment up: the plan says again what was signed."""

    reason: AuthorText


class AmendmentRequested(Event):
    """The plan is being amended; until the chain has signed it anew, what was signed stays in force."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    base: Hash
    """What was signed."""
    reason: AuthorText
    by: UUID


class RevertedToSigned(Event):
    """The plan says what was signed, and is signed."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT, Wake.CHILDREN})

    hash: Hash
    reason: AuthorText
    by: UUID


@plan.decides(RequestAmendment)
def request_amendment(state: PlanState, command: RequestAmendment, context: Context) -> list[Event]:
    """By either side or the facilitator, in track, one at a time."""
    admitted(state, context, Phase.TRACK)
    if state.amendment is not None:
        raise AMENDED_ALREADY()
    if state.signing is None or not state.signed:
        raise NOT_IN_FORCE()
    return [AmendmentRequested(base=state.signing.hash, reason=command.reason, by=context.actor)]


@plan.decides(RevertToSigned)
def revert_to_signed(state: PlanState, command: RevertToSigned, context: Context) -> list[Event]:
    """The signatures stand again, for they were over exactly this (R5.1)."""
    found = admitted(state, context, *NEGOTIABLE, Phase.TRACK)
    amendment = state.amendment
    if amendment is None:
        raise NO_AMENDMENT()
    _require_none_moved(state, amendment)
    signed = (goal.hash for goal in amendment.goals.values())
    if plan_hash(signed, found.cycle.policy.scoring.hash) != amendment.signing.hash:
        raise RULES_CHANGED()
    return [RevertedToSigned(hash=amendment.signing.hash, reason=command.reason, by=context.actor)]


def _require_none_moved(state: PlanState, amendment: Amendment) -> None:
    """A goal that is in two plans, or in none, would come of it."""
    went = [id_ for id_, gone in state.departed.items() if gone.to is not None and id_ in amendment.goals]
    came = [id_ for id_, goal in state.goals.items() if goal.from_plan is not None and id_ not in amendment.goals]
    for id_ in (*went, *came):
        raise TRANSFERRED(goal=str(id_))
    signed, now = key_results_of(amendment.goals.values()), key_results_of(state.goals.values())
    come = [id_ for goal in state.goals.values() for id_ in goal.key_results_from if id_ in now - signed]
    for id_ in (*(id_ for id_ in state.gone_key_results if id_ in signed - now), *come):
        raise KEY_RESULT_MOVED(key_result=str(id_))


def require_reasons_to_ease(
    state: PlanState, goal: Goal, definition: GoalDefinition, reasons: Mapping[str, AuthorText]
) -> None:
    """What was signed is eased for a reason only, whatever the policy says. Raises `amendment.easing_unreasoned`."""
    if state.amendment is None or goal.id not in state.amendment.goals:
        return
    for path in eased(goal.definition, definition):
        if path not in reasons:
            raise EASING_UNREASONED("/reasons", path=path)


def require_raises_accepted(state: PlanState) -> None:
    """What asks more than was signed needs the owner's own acceptance. Raises `amendment.raise_unaccepted`."""
    if state.amendment is None:
        return
    for goal in state.goals.values():
        signed = state.amendment.goals.get(goal.id)
        if signed is None or not raised(signed.definition, goal.definition):
            continue
        accepted = goal.receipt == "acknowledged" if goal.definition.kind == "kpi" else Side.OWNER in goal.accepted
        if not accepted:
            raise RAISE_UNACCEPTED(goal=str(goal.id))


@plan.evolves(AmendmentRequested)
def amendment_requested(state: PlanState, event: AmendmentRequested) -> PlanState:
    """The first signed definitions stay beside what becomes of them."""
    if state.signing is None:
        return state
    amendment = Amendment(goals=state.goals, signing=state.signing, by=event.by, since=state.version + 1)
    goals = {
        id_: goal if goal.original is not None else goal.model_copy(update={"original": goal.definition})
        for id_, goal in state.goals.items()
    }
    return state.model_copy(update={"amendment": amendment, "signing": None, "goals": goals})


@plan.evolves(RevertedToSigned)
def reverted_to_signed(state: PlanState, event: RevertedToSigned) -> PlanState:
    del event
    amendment = state.amendment
    if amendment is None:
        return state
    goals = {
        id_: state.goals.get(id_, signed).model_copy(update={name: getattr(signed, name) for name in REVERTED})
        for id_, signed in amendment.goals.items()
    }
    back = [gone for id_, gone in state.departed.items() if id_ in goals]
    edges = {id_: edge for id_, edge in state.edges.items() if edge.goal in goals}
    edges |= {edge.id: edge for gone in back for edge in gone.edges}
    departed = {id_: gone for id_, gone in state.departed.items() if id_ not in goals}
    changes = {"goals": goals, "edges": edges, "departed": departed, "signing": amendment.signing, "amendment": None}
    return state.model_copy(update=changes)

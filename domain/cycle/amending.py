"""Changing a running cycle's rules, within what is not frozen yet (R2.5).

Scoring rules freeze when negotiate closes, chains when commit closes, the rest when the cycle does; and neither moves
under a plan that is submitted, for its signatures would then be over other rules than they say.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.cycle.opening import require_chain
from domain.cycle.policy import Policy
from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.windows import NEGOTIABLE, Phase
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.requiring import require_person
from domain.messages import Event, Wake
from domain.problems import problem
from domain.sealed import AuthorText, CommonName

SCORING_FROZEN = problem(
    "cycle.scoring_frozen",
    409,
    "The scoring rules are frozen since negotiate closed.",
    "Leave `policy.scoring` as it is, or ask for a bypass, which takes two people.",
)
CHAIN_FROZEN = problem(
    "cycle.chain_frozen",
    409,
    "The chain of approvers is frozen since commit closed.",
    "Leave `policy.chain` as it is, or ask for a bypass, which takes two people.",
)
PLANS_SUBMITTED = problem(
    "cycle.plans_submitted",
    409,
    "The plan of {owner} is submitted under the present rules.",
    "Let its owner recall it first, then amend the cycle.",
)


class AmendCycle(CycleCommand):
    """Change a cycle's name, facilitator or policy, for a reason; what is absent stays."""

    edits: ClassVar[bool] = True
    reads_plans: ClassVar[bool] = True

    name: CommonName | None = None
    facilitator: UUID | None = None
    policy: Policy | None = None
    reason: AuthorText


class CycleAmended(Event):
    """The cycle runs by other rules, under another name or facilitator."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    name: CommonName | None = None
    facilitator: UUID | None = None
    policy: Policy | None = None
    reason: AuthorText


@cycle.decides(AmendCycle)
def amend_cycle(state: CycleState, command: AmendCycle, context: Context) -> list[Event]:
    """Nothing that is frozen, nobody left without an approver (R2.5, R5.2)."""
    state.require_phase(context.at, *Phase, held_too=True)
    if command.facilitator is not None:
        require_person(directory_at(context), command.facilitator, "/facilitator")
    policy = command.policy if command.policy != state.policy else None
    facilitator = command.facilitator if command.facilitator != state.facilitator else None
    name = command.name if command.name != state.name else None
    if policy is not None:
        _require_open_to(state, policy, context)
    if (name, facilitator, policy) == (None, None, None):
        return []
    return [CycleAmended(name=name, facilitator=facilitator, policy=policy, reason=command.reason)]


def _require_open_to(state: CycleState, policy: Policy, context: Context) -> None:
    scoring, chain = policy.scoring != state.policy.scoring, policy.chain != state.policy.chain
    if scoring and Phase.NEGOTIATE.is_before(state.phase) and not _is_passed_over(state, "scoring"):
        raise SCORING_FROZEN("/policy/scoring")
    if chain and Phase.COMMIT.is_before(state.phase) and not _is_passed_over(state, "chain"):
        raise CHAIN_FROZEN("/policy/chain")
    if not (scoring or chain):
        return
    # Behind commit a bypass changes the rules over what is signed, and every report says so; never under what waits.
    for ref in state.plans():
        plan = context.states[ref]
        if plan.signing is not None and (state.phase in NEGOTIABLE or not plan.signed):
            raise PLANS_SUBMITTED("/policy", owner=str(plan.owner))
    if chain:
        amended = state.model_copy(update={"policy": policy})
        for participant in state.participants.values():
            if not participant.excused:
                require_chain(directory_at(context), amended, participant.owner, "/policy/chain")


def _is_passed_over(state: CycleState, subject: str) -> bool:
    return any(item.subject == subject and item.stands and item.confirmed_by for item in state.bypasses)


@cycle.evolves(CycleAmended)
def cycle_amended(state: CycleState, event: CycleAmended) -> CycleState:
    changed = {"name": event.name, "facilitator": event.facilitator, "policy": event.policy}
    used = {
        subject
        for subject in ("scoring", "chain")
        if event.policy is not None and getattr(event.policy, subject) != getattr(state.policy, subject)
    }
    bypasses = tuple(
        item.model_copy(update={"used": True}) if item.stands and item.confirmed_by and item.subject in used else item
        for item in state.bypasses
    )
    known = {key: value for key, value in changed.items() if value is not None}
    return state.model_copy(update={**known, "bypasses": bypasses})

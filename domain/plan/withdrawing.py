"""Taking a revision back while nobody has answered it: what stood before it stands again (R4.1)."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.drafting import require_current
from domain.plan.ground import admitted
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.talks import Side, Standing
from domain.plan.turns import KPI_NOT_NEGOTIATED, NOT_PROPOSED, require_no_mediation, times_to_answer
from domain.problems import problem
from domain.values import Hash

NOT_YOURS = problem(
    "revision.not_yours", 403, "The other side proposed this revision.", "Accept it, or counter it with your own."
)
ANSWERED = problem(
    "revision.answered",
    409,
    "This revision has been answered and can no longer be withdrawn.",
    "Propose another revision instead.",
)


class WithdrawRevision(PlanCommand):
    """Take back one's own side's revision before it is accepted (R4.1). The round stays spent."""

    goal: UUID
    hash: Hash


class RevisionWithdrawn(Event):
    """A side took its revision back."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT, Wake.CHILDREN})

    goal: UUID
    hash: Hash
    """Of what was withdrawn."""
    side: Side
    back: Standing
    """What stands again; where it waits for an answer, it waits anew."""


@plan.decides(WithdrawRevision)
def withdraw_revision(state: PlanState, command: WithdrawRevision, context: Context) -> list[Event]:
    """By the side that proposed it, once. Signatures that its proposal voided stay void (R5.1)."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if goal.definition.kind == "kpi":
        raise KPI_NOT_NEGOTIATED("/goal")
    require_current(goal, command.hash)
    side = found.side_of(context.actor) or Side.COUNTERPART
    if not goal.on_the_table:
        raise NOT_PROPOSED("/goal")
    back = goal.before
    if goal.agreed:
        raise ANSWERED("/hash")
    if side not in goal.accepted:
        raise NOT_YOURS("/hash")
    require_no_mediation(goal)
    if back is None:
        raise ANSWERED("/hash")
    if back.turn is not None:
        answer_by, mediate_by = times_to_answer(found, context, back.turn)
        back = back.model_copy(update={"turn_due": answer_by, "mediate_at": mediate_by})
    return [RevisionWithdrawn(goal=goal.id, hash=goal.hash, side=side, back=back)]


@plan.evolves(RevisionWithdrawn)
def revision_withdrawn(state: PlanState, event: RevisionWithdrawn) -> PlanState:
    """The round and its number stay given."""
    goal = state.goal(event.goal)
    again = dict(event.back) | {
        "before": None,
        "accepted_by": frozenset(),
        "turn_since": state.version + 1,
        "turn_reminded": False,
    }
    return state.with_goal(goal.model_copy(update=again))

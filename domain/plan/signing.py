"""Signing the plan: submit, then each step of the chain on exactly one content hash (R5)."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from domain.access.refusals import NOT_APPROVER as NOT_APPROVER
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.amending import require_raises_accepted
from domain.plan.approvers import Seat, asks, counted, counts, sole_author, step_for
from domain.plan.approvers import approvers as approvers  # asked for here by those who show who may sign
from domain.plan.bounds import require_sizes, require_weights
from domain.plan.chain import Via, open_steps
from domain.plan.ground import Ground, admitted
from domain.plan.lint import lint_plan
from domain.plan.orphans import ORPHAN, is_orphan, orphans
from domain.plan.patience import signature_patience
from domain.plan.signatures import Asked, Signature, Signing, StepWait, opened_waits
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.talks import Side
from domain.plan.turns import require_unblocked
from domain.problems import problem
from domain.values import Hash, Instant

NO_GOALS = problem("plan.no_goals", 409, "The plan has no goals.", "Draft or assign one first.")
NOT_AGREED = problem(
    "plan.not_agreed",
    409,
    "Goal {goal} is not agreed yet.",
    "Both sides accept one revision of an OKR; the owner acknowledges a KPI.",
)
APPROACH = problem(
    "goal.approach_missing", 409, "Goal {goal} states no approach.", "Propose a revision that says the path and method."
)
ALREADY_SUBMITTED = problem(
    "signing.already_submitted", 409, "The plan is with its approvers already.", "Wait for them, or change a goal."
)
NOT_SUBMITTED = problem("signing.not_submitted", 409, "The plan is not submitted.", "Its owner submits it first.")
STALE_HASH = problem(
    "signing.stale_hash",
    409,
    "The plan has changed since you saw it: its hash is {now} now.",
    "Look at the difference and sign the present hash.",
)
SOLE_AUTHOR = problem(
    "signing.sole_author", 403, "Nobody signs a plan that they wrote alone.", "Have its owner acknowledge a goal of it."
)
SIGNED_ALREADY = problem(
    "signing.signed_already", 409, "You have signed this plan in an earlier step.", "Another person signs this step."
)
COMPLETE = problem("signing.complete", 409, "Every step has signed already.", "Nothing is left to sign.")


class SubmitPlan(PlanCommand):
    """The owner asks the chain to sign exactly this."""

    hash: Hash


class SignPlan(PlanCommand):
    """Sign exactly the plan that was seen (R5.3)."""

    hash: Hash


class PlanSubmitted(Event):
    """The plan waits for its first signatures."""

    hash: Hash
    submitted_by: UUID
    findings: tuple[str, ...]
    remind_at: Instant
    escalate_at: Instant
    asked_at: Instant | None = None
    asks: tuple[Asked, ...] | None = None
    """The steps that open; absent before that was kept: the first one."""


class PlanSigned(Event):
    """An approver of a step has signed."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    hash: Hash
    step: int
    signer: UUID
    signed_at: Instant
    complete: bool
    remind_at: Instant
    """For the steps that open."""
    escalate_at: Instant
    on_behalf_of: UUID | None = None
    """Whose delegate signed (R5.5)."""
    via: Via | None = None
    """By which way the signer came to it; absent before that was kept."""
    meaning: Literal["approves_plan", "accepted_in_negotiation"] | None = None
    """What the signer says by it (R5.3)."""
    step_complete: bool | None = None
    """Whether the step is signed through; absent where anybody of it was enough."""
    asks: tuple[Asked, ...] | None = None
    """The steps that open; absent before that was kept: the next one."""


@plan.decides(SubmitPlan)
def submit_plan(state: PlanState, command: SubmitPlan, context: Context) -> list[Event]:
    """The owner submits an agreed plan whose weights total 100 (R3.4, R3.9)."""
    found = admitted(state, context, Phase.COMMIT)
    if state.signing is not None:
        raise ALREADY_SUBMITTED()
    if not state.goals:
        raise NO_GOALS()
    for goal in state.goals.values():
        if not goal.agreed:
            raise NOT_AGREED(goal=str(goal.id))
        require_unblocked(goal)
        if goal.definition.kind == "okr" and found.cycle.policy.approach_required and goal.definition.approach is None:
            raise APPROACH(goal=str(goal.id))
        if found.cycle.policy.orphan_reason_required and is_orphan(state, goal):
            raise ORPHAN(goal=str(goal.id))
    require_weights((goal.definition for goal in state.goals.values()), found.cycle.policy)
    require_sizes(((str(goal.id), goal.definition) for goal in state.goals.values()), found.cycle.policy)
    require_raises_accepted(state)
    require_hash(state, found, command.hash)
    asked = asks(found, written_alone_by(state), open_steps(found.chain, ()))
    remind_at, escalate_at = signature_patience(found, context, asked)
    submitted = PlanSubmitted(
        hash=command.hash,
        submitted_by=context.actor,
        findings=lint_plan((goal.definition for goal in state.goals.values()), found.cycle.policy) + orphans(state),
        remind_at=remind_at,
        escalate_at=escalate_at,
        asked_at=context.at,
        asks=asked,
    )
    if not found.cycle.policy.acceptance_signs:
        return [submitted]
    return [submitted, *accepted_by_counterpart(plan.evolve(state, submitted), found, context)]


def require_hash(state: PlanState, found: Ground, seen: str) -> None:
    """A decision names the hash that was seen. Raises `signing.stale_hash`."""
    now = state.content_hash(found.cycle.policy.scoring.hash)
    if now != seen:
        raise STALE_HASH("/hash", now=now)


def waiting(state: PlanState, seen: str, context: Context) -> tuple[Ground, Signing, int, Seat]:
    """What every decision of an approver checks first; the step that it is about, and how they came to it."""
    found = admitted(state, context, Phase.COMMIT)
    require_hash(state, found, seen)
    signing = state.signing
    if signing is None:
        raise NOT_SUBMITTED()
    if signing.complete:
        raise COMPLETE()
    place = step_for(found, signing, context.actor)
    if place is None:
        human = found.directory.human(context.actor)
        if any(human == found.directory.human(signature.signer) for signature in signing.signatures):
            raise SIGNED_ALREADY()
        raise SOLE_AUTHOR() if human == sole_author(found, signing.alone) else NOT_APPROVER()
    return found, signing, *place


@plan.decides(SignPlan)
def sign_plan(state: PlanState, command: SignPlan, context: Context) -> list[Event]:
    """An approver of a waiting step signs the present hash; a person counts once (R5.1, R5.4)."""
    found, signing, step, seat = waiting(state, command.hash, context)
    return [signature_of(found, signing, context, context.actor, step, seat)]


def signature_of(found: Ground, signing: Signing, context: Context, signer: UUID, step: int, seat: Seat) -> PlanSigned:
    """Somebody's signature on what was submitted, and what it opens."""
    given = counted(found, signing, step) + counts(found, signing, step, seat.on_behalf_of or signer)
    step_complete = given >= found.chain[step].needed
    done = signing.done | {step} if step_complete else signing.done
    opens = [place for place in open_steps(found.chain, done) if place not in signing.waits]
    asked = asks(found, signing.alone, opens)
    remind_at, escalate_at = signature_patience(found, context, asked)
    return PlanSigned(
        hash=signing.hash,
        step=step,
        signer=signer,
        signed_at=context.at,
        complete=len(done) == len(found.chain),
        remind_at=remind_at,
        escalate_at=escalate_at,
        on_behalf_of=seat.on_behalf_of,
        via=seat.via,
        meaning="accepted_in_negotiation" if seat.via == "acceptance" else "approves_plan",
        step_complete=None if step_complete else False,
        asks=asked or None,
    )


def accepted_by_counterpart(state: PlanState, found: Ground, context: Context) -> list[Event]:
    """The counterpart's own step, where who accepted every OKR's final hash and assigned every KPI needs no second
    look (R5.3); never the last step, so that a plan is never signed by its submission (ours).
    """
    assert state.signing is not None
    human = found.directory.human
    agreeing = [{goal.author} if goal.definition.kind == "kpi" else goal.accepted_by for goal in state.goals.values()]
    for person in sorted(found.counterpart):
        place = step_for(found, state.signing, person)
        if place is not None and all(human(person) in map(human, people) for people in agreeing):
            seat = place[1]._replace(via="acceptance")
            signed = signature_of(found, state.signing, context, person, place[0], seat)
            return [] if signed.complete else [signed]
    return []


@plan.evolves(PlanSubmitted)
def plan_submitted(state: PlanState, event: PlanSubmitted) -> PlanState:
    version = state.version + 1
    if event.asks is None:
        waits = {0: StepWait(since=version, remind_at=event.remind_at, escalate_at=event.escalate_at)}
    else:
        waits = opened_waits(event.asks, version, event.asked_at, event.remind_at, event.escalate_at)
    signing = Signing(hash=event.hash, submitted_by=event.submitted_by, waits=waits, alone=written_alone_by(state))
    return state.model_copy(update={"signing": signing})


def written_alone_by(state: PlanState) -> frozenset[UUID]:
    """Who wrote the present revisions, where nobody but their authors agreed to any: silence is no agreement (R5.4)."""
    goals = state.goals.values()
    if any(goal.receipt == "acknowledged" or len(goal.accepted) == len(Side) for goal in goals):
        return frozenset()
    return frozenset(goal.author for goal in goals)


@plan.evolves(PlanSigned)
def plan_signed(state: PlanState, event: PlanSigned) -> PlanState:
    if state.signing is None:
        return state
    version = state.version + 1
    signing = state.signing.with_signature(
        Signature(
            step=event.step,
            signer=event.signer,
            hash=event.hash,
            at=event.signed_at,
            on_behalf_of=event.on_behalf_of,
            via=event.via,
            meaning=event.meaning,
            version=version,
        )
    )
    if event.step_complete is not False:
        waits = {step: wait for step, wait in signing.waits.items() if step != event.step}
        if event.asks is not None:
            waits |= opened_waits(event.asks, version, event.signed_at, event.remind_at, event.escalate_at)
        elif event.via is None and not event.complete:
            # Before steps were named: each signature opened the next one.
            opens = StepWait(
                since=version, remind_at=event.remind_at, escalate_at=event.escalate_at, asked_at=event.signed_at
            )
            waits = {event.step + 1: opens}
        changes = {"done": signing.done | {event.step}, "waits": waits, "complete": event.complete}
        signing = signing.model_copy(update=changes)
    amendment = None if event.complete else state.amendment
    return state.model_copy(update={"signing": signing, "amendment": amendment})

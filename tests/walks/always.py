"""What must be true of every organization after every command, told from its events and states without the rules' help.

Weights total 100 %, a goal has one open round, signatures are over what the plan says now and by different people who
are not its own, no gate passes while a check fails, alignments run in no circle, and what is frozen or held stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.canonical import canonical_bytes
from domain.cycle import bypass, closing, exceptions, holding, opening, participation
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory import founding, people
from domain.directory.state import DIRECTORY, DirectoryState
from domain.goals import goal_hash, plan_hash
from domain.messages import Event
from domain.plan import drafting, mediation, negotiation, signing, transferring
from domain.plan.goal import Goal
from domain.plan.state import PlanState
from domain.values import SYSTEM, plan_id
from tests.moves import TEXT
from tests.support.given import World

LAPSE = timedelta(seconds=30)


@dataclass
class Kept:
    """What is remembered of one cycle."""

    phase: Phase = Phase.DRAFT
    closing_since: datetime | None = None
    held: bool = False
    waved: set[int] = field(default_factory=set)
    """The gate's bypasses of this phase that a second person confirmed."""
    late: frozenset[UUID] = frozenset()
    """Who joined in track: their plan is signed before it closes (R2.6)."""
    asked: dict[int, tuple[str, UUID]] = field(default_factory=dict)
    """What each bypass is of, and who asked for it."""


@dataclass
class Always:
    """Told of every event in order; asks the states afterwards. Raises AssertionError."""

    world: World
    cycles: dict[UUID, Kept] = field(default_factory=dict)
    accounts: dict[UUID, UUID] = field(default_factory=dict)
    scoring: dict[str, str] = field(default_factory=dict)
    """By what was submitted: the hash of the scoring rules it was submitted under."""
    rounds: dict[UUID, int] = field(default_factory=dict)
    """By goal: the number of its last round."""
    looked_at: dict[UUID, PlanState] = field(default_factory=dict)
    told: int = 0

    def look(self) -> None:
        """At what is new, then at everything."""
        for ref, actor, at, event in self.world.events[self.told :]:
            assert TEXT.encode() not in canonical_bytes(event), "a text stands in the log"
            match ref.kind:
                case "directory":
                    self._directory(event)
                case "cycle":
                    self._cycle(self.cycles.setdefault(ref.stream, Kept()), ref, actor, at, event)
                case "plan":
                    self._plan(ref, actor, at, event)
        self.told = len(self.world.events)
        plans = [state for state in self.world.states.values() if isinstance(state, PlanState) and state.version]
        changed = [plan for plan in plans if self.looked_at.get(plan.id) is not plan]
        for plan in changed:
            self._stands(plan)
            self.looked_at[plan.id] = plan
        if changed:
            self._no_circle(plans)

    # --- the directory ---

    def _directory(self, event: Event) -> None:
        match event:
            case founding.OrganizationFounded():
                self.accounts[event.first_person.id] = event.first_person.id
            case people.PersonAdded():
                self.accounts[event.person] = event.account_of or event.person
            case people.PersonChanged() if event.account_of is not None:
                self.accounts[event.person] = event.person if event.account_of == "none" else event.account_of

    def human(self, person: UUID) -> UUID:
        of = self.accounts[person]
        return person if of == person else self.human(of)

    # --- cycles ---

    def _cycle(self, kept: Kept, ref: Ref, actor: UUID, at: datetime, event: Event) -> None:
        match event:
            case opening.CycleOpened():
                kept.phase = Phase.DRAFT
            case bypass.BypassRequested():
                kept.asked[event.bypass] = event.subject, actor
            case bypass.BypassConfirmed():
                subject, asker = kept.asked[event.bypass]
                assert self.human(asker) != self.human(actor), "one person bypassed a rule"
                kept.waved |= {event.bypass} if subject == "gate" else set()
            case closing.GateFailed():
                assert list(self._failing(ref)), "a gate failed that holds"
            case closing.PhaseClosing():
                assert kept.waved or not list(self._failing(ref)), f"{kept.phase} began to close over a failing gate"
                kept.closing_since = at
            case closing.ClosingReleased():
                kept.closing_since = None
            case closing.PhaseClosed():
                assert event.phase is kept.phase, "another phase closed than the present one"
                assert kept.closing_since is not None, "closed without a closing"
                failing = list(self._failing(ref, event.phase))
                assert kept.waved or not failing, f"{event.phase} closed although {failing}"
                kept.phase, kept.closing_since, kept.waved = event.phase.next or event.phase, None, set()
            case exceptions.PhaseReopened():
                kept.phase, kept.closing_since, kept.waved = event.phase, None, set()
            case participation.ParticipantEnrolled() | participation.ParticipantExcused():
                joins = isinstance(event, participation.ParticipantEnrolled) and kept.phase is Phase.TRACK
                kept.late = kept.late | {event.owner} if joins else kept.late - {event.owner}
            case holding.CycleHeld() | holding.CycleResumed():
                kept.held = isinstance(event, holding.CycleHeld)

    def _failing(self, ref: Ref, phase: Phase | None = None) -> Iterator[str]:
        """What the gate of a phase asks for, counted anew (R2.4)."""
        cycle: CycleState = self.world.state(ref)
        kept = self.cycles[ref.stream]
        phase = phase or kept.phase
        if phase is Phase.RETROSPECT and cycle.results_served_at is None:
            yield "no results"
        for participant in cycle.participants.values():
            if participant.excused:
                continue
            plan: PlanState = self.world.state(Ref("plan", plan_id(ref.stream, participant.owner)))
            signed = plan.signing is not None and len(plan.signing.done) >= len(cycle.policy.chain)
            if not signed and not plan.amendment and phase is Phase.TRACK and participant.owner in kept.late:
                yield f"{participant.owner} joined, and their plan is not signed"
            else:
                yield from (f"{participant.owner}: {what}" for what in _missing(phase, plan, cycle))

    # --- plans ---

    def _plan(self, ref: Ref, actor: UUID, at: datetime, event: Event) -> None:
        plan: PlanState = self.world.state(ref)
        assert plan.cycle is not None
        kept = self.cycles[plan.cycle]
        late = getattr(event, "late", None)
        if actor != SYSTEM:
            frozen = kept.closing_since is not None and at < kept.closing_since + LAPSE
            assert not frozen, f"{type(event).__name__} while the phase was closing"
            assert not kept.held or late, f"{type(event).__name__} while the cycle was held"
        match event:
            case drafting.GoalDrafted() | drafting.GoalAssigned():
                self.rounds[event.goal] = 0
            case transferring.GoalReceived():
                assert event.hash == goal_hash(event.definition)
            case mediation.RevisionImposed():
                assert event.hash == goal_hash(event.definition), "a revision under another hash"
            case negotiation.RevisionProposed():
                assert event.hash == goal_hash(event.definition), "a revision under another hash"
                assert event.round == self.rounds[event.goal] + 1, "rounds are numbered one after the other"
                self.rounds[event.goal] = event.round
            case signing.PlanSubmitted():
                self.scoring[event.hash] = self._cycle_of(plan).policy.scoring.hash
            case signing.PlanSigned():
                self._signed(plan, actor, event)

    def _signed(self, plan: PlanState, actor: UUID, event: signing.PlanSigned) -> None:
        now = plan.signing
        assert now is not None
        assert event.hash == now.hash, "a signature over something else than the plan"
        directory: DirectoryState = self.world.state(DIRECTORY)
        own = self.human(directory.responsible(plan.owner)) if plan.owner else None
        hands = [{self.human(one.signer), self.human(one.on_behalf_of or one.signer)} for one in now.signatures]
        assert own not in hands[-1], "somebody signed a plan of their own"
        assert all(hands[-1].isdisjoint(others) for others in hands[:-1]), "a person signed twice"
        assert event.signer in (actor, self._accepting(plan)), "signed in somebody else's name"

    def _accepting(self, plan: PlanState) -> UUID | None:
        """Whose acceptance counts as their signature, where the policy says so."""
        last = plan.signing.signatures[-1] if plan.signing is not None else None
        return last.signer if last is not None and last.via == "acceptance" else None

    def _cycle_of(self, plan: PlanState) -> CycleState:
        assert plan.cycle is not None
        found: CycleState = self.world.state(Ref("cycle", plan.cycle))
        return found

    def _stands(self, plan: PlanState) -> None:
        """What is true of a plan at any time."""
        for goal in plan.goals.values():
            assert goal.hash == goal_hash(goal.definition), "a goal under another hash than its own"
            self._one_round(goal)
        for submitted, goals in _submitted(plan):
            hashes = [goal.hash for goal in goals.values()]
            assert submitted.hash == plan_hash(hashes, self.scoring[submitted.hash]), "signed over what it does not say"
            assert {one.hash for one in submitted.signatures} <= {submitted.hash}, "a signature over another hash"
            assert len({one.signer for one in submitted.signatures}) == len(submitted.signatures)
            for kind in ("okr", "kpi"):
                counted = [goal.definition for goal in goals.values() if goal.definition.kind == kind]
                weights = [one.weight for one in counted if getattr(one, "item", None) is None]
                assert not weights or sum(weights, Decimal()) == 100, f"{kind} weights total {sum(weights)}"

    def _one_round(self, goal: Goal) -> None:
        """One revision at a time waits for one side, and nobody is asked about what is agreed."""
        assert goal.round == self.rounds[goal.id]
        assert goal.number <= goal.numbered
        if goal.definition.kind == "kpi":
            assert (goal.turn, goal.mediation, goal.accepted) == (None, None, frozenset())
            return
        waits = bool(goal.accepted) and not goal.agreed
        assert (goal.turn is not None) == waits, "no side is asked, or one about what is agreed"
        assert goal.mediation is None or waits, "a mediator is asked about what waits for nobody"

    def _no_circle(self, plans: list[PlanState]) -> None:
        above: dict[UUID, set[UUID]] = {}
        for plan in plans:
            for edge in plan.edges.values():
                if edge.state == "accepted":
                    above.setdefault(edge.goal, set()).add(edge.parent.goal)
        done: set[UUID] = set()

        def climb(goal: UUID, path: frozenset[UUID]) -> None:
            assert goal not in path, "alignments run in a circle"
            if goal not in done:
                for parent in above.get(goal, ()):
                    climb(parent, path | {goal})
                done.add(goal)

        for goal in above:
            climb(goal, frozenset())


def _submitted(plan: PlanState) -> Iterator[tuple[Any, dict[UUID, Goal]]]:
    if plan.signing is not None:
        yield plan.signing, plan.goals
    if plan.amendment is not None:
        yield plan.amendment.signing, plan.amendment.goals


def _missing(phase: Phase, plan: PlanState, cycle: CycleState) -> Iterator[str]:
    if phase in (Phase.DRAFT, Phase.NEGOTIATE, Phase.COMMIT) and not plan.goals:
        yield "no goals"
    if phase is Phase.NEGOTIATE:
        for goal in plan.goals.values():
            both = len(goal.accepted) == 2 or goal.imposed == goal.hash
            if not (goal.receipt if goal.definition.kind == "kpi" else both):
                yield f"{goal.id} is not agreed"
    if phase is Phase.COMMIT and not (plan.signing and len(plan.signing.done) >= len(cycle.policy.chain)):
        yield "not signed"
    if phase is Phase.TRACK:
        yield from (f"{goal.id} is not final" for goal in plan.in_force.values() if not goal.final)
        yield from ["amended"] if plan.amendment else []
    if phase is Phase.RETROSPECT:
        result = cycle.results.get(plan.id) if plan.cycle else None
        if result is not None and (plan.receipt is None or plan.receipt.result != result.hash):
            yield "not received"

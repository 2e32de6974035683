"""Random people send random commands in random order, stale and doubled ones among them, while time moves on.

The model is independent of the rules: it keeps only who accepted and signed which hash, and checks what must never be.
`GOALCYCLE_HYPOTHESIS=deep` runs it for long.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.canonical import canonical_bytes
from domain.cycle.closing import AdvancePhase, CloseCycle, PhaseClosed
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.opening import EnrolParticipant, ExcuseParticipant
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.people import DeactivatePerson, SetManager
from domain.directory.state import DIRECTORY
from domain.messages import Command
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.result import AcknowledgeResult
from domain.plan.signing import PlanSigned, RecallPlan, RejectPlan, SignPlan, SubmitPlan
from domain.plan.state import Reading, Side
from domain.plan.tracking import CheckIn
from domain.problems import DomainError
from domain.registry import DECIDERS
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, World, increase, kpi, milestones, okr, who

PEOPLE = (LEAD, HEAD, STAFF, OTHER, *BOARD)
OWNERS = (STAFF, OTHER)
SECRETS = ("Win the harbour", "Berths used", "by asking every captain", "Somebody", "Lin")

people = st.sampled_from(PEOPLE)
owners = st.sampled_from(OWNERS)
goals = st.sampled_from(["okr", "kpi"])


class CycleMachine(RuleBasedStateMachine):
    """One cycle with two plans."""

    @initialize()
    def begin(self) -> None:
        self.world = World().founded().opened(*OWNERS)
        self.seen_hashes: dict[UUID, list[str]] = {owner: ["0" * 64] for owner in OWNERS}
        self.sent: list[tuple[UUID, Ref, Command]] = []

    def send(self, actor: UUID, ref: Ref, command: Command) -> None:
        """Send it; refused or not, it may be sent again later. Only rules may refuse, never an exception."""
        self.sent.append((actor, ref, command))
        gate = self.world.failing_checks() if isinstance(command, AdvancePhase | CloseCycle) else []
        try:
            events = self.world.when(actor, ref, command)
        except DomainError:
            return
        assert not (gate and events), "a phase began to close over a failing gate"
        for event in events:
            if isinstance(event, PlanSigned):
                self.check_signature(event, actor, ref)

    def check_signature(self, event: PlanSigned, actor: UUID, ref: Ref) -> None:
        owner = next(owner for owner in OWNERS if self.world.plan_ref(owner) == ref)
        assert event.hash == self.world.hash(owner), "a signature over something else than the plan"
        assert actor != owner, "somebody signed their own plan"
        signing = self.world.plan(owner).signing
        assert signing is not None
        signers = [signature.signer for signature in signing.signatures]
        assert len(set(signers)) == len(signers), "somebody signed twice"

    # --- people ---

    @rule(actor=people, owner=owners, name=goals)
    def writes_a_goal(self, actor: UUID, owner: UUID, name: str) -> None:
        about: dict[str, Any] = {"cycle": self.world.cycle, "owner": owner, "goal": who(f"{name} of {owner}")}
        command = DraftGoal(definition=okr(), **about) if name == "okr" else AssignGoal(definition=kpi(), **about)
        self.send(actor, self.world.plan_ref(owner), command)

    @rule(actor=people, owner=owners, berths=st.integers(11, 14))
    def proposes(self, actor: UUID, owner: UUID, berths: int) -> None:
        goal = who(f"okr of {owner}")
        changed = okr(key_results=(increase(target=str(berths)), milestones()))
        reasons = {f"key_results.{who('berths')}.target": "Because"}
        command = ProposeRevision(goal=goal, definition=changed, reasons=reasons)
        self.send(actor, self.world.plan_ref(owner), command)

    @rule(actor=people, owner=owners, name=goals, stale=st.booleans())
    def answers(self, actor: UUID, owner: UUID, name: str, stale: bool) -> None:
        goal = who(f"{name} of {owner}")
        found = self.world.plan(owner).goals.get(goal)
        seen = "1" * 64 if stale or found is None else found.hash
        kind = AcceptRevision if name == "okr" else AcknowledgeAssignment
        self.send(actor, self.world.plan_ref(owner), kind(goal=goal, hash=seen))

    @rule(actor=people, owner=owners, pick=st.integers(0, 3), act=st.sampled_from(["submit", "sign", "sign", "reject"]))
    def decides_on_a_plan(self, actor: UUID, owner: UUID, pick: int, act: str) -> None:
        known = self.seen_hashes[owner]
        known.append(self.world.hash(owner))
        seen = known[-1] if pick else known[pick % len(known)]
        commands: dict[str, Callable[[], Command]] = {
            "submit": lambda: SubmitPlan(hash=seen),
            "sign": lambda: SignPlan(hash=seen),
            "reject": lambda: RejectPlan(hash=seen, reason="No"),
        }
        self.send(actor, self.world.plan_ref(owner), commands[act]())

    @rule(owner=owners)
    def goes_through_the_chain(self, owner: UUID) -> None:
        """The likely path, so that random walks get somewhere."""
        ref, about = self.world.plan_ref(owner), {"cycle": self.world.cycle, "owner": owner}
        goal = who(f"okr of {owner}")
        self.send(owner, ref, DraftGoal(goal=goal, definition=okr(), **about))
        self.send(owner, ref, ProposeRevision(goal=goal, definition=okr()))
        for name, kind in (("okr", AcceptRevision), ("kpi", AcknowledgeAssignment)):
            found = self.world.plan(owner).goals.get(who(f"{name} of {owner}"))
            if found is not None:
                actor = owner if found.turn is Side.OWNER or name == "kpi" else HEAD
                self.send(actor, ref, kind(goal=found.id, hash=found.hash))
        self.send(owner, ref, SubmitPlan(hash=self.world.hash(owner)))
        for signer in (HEAD, LEAD, *BOARD):
            self.send(signer, ref, SignPlan(hash=self.world.hash(owner)))

    @rule(actor=people, owner=owners, final=st.booleans())
    def checks_in(self, actor: UUID, owner: UUID, final: bool) -> None:
        for goal in list(self.world.plan(owner).goals.values()):
            if goal.definition.kind == "kpi":
                readings: tuple[Reading, ...] = (Reading(measure=goal.id, value=95),)
            else:
                readings = (Reading(measure=who("berths"), value=12), Reading(measure=who("steps"), done=()))
            report = CheckIn(goal=goal.id, readings=readings, confidence="0.5", status="on_track", final=final)
            self.send(actor, self.world.plan_ref(owner), report)

    @rule(actor=people, owner=owners)
    def receives(self, actor: UUID, owner: UUID) -> None:
        result = self.world.the_cycle().results.get(self.world.plan_ref(owner).stream)
        seen = result.hash if result else "2" * 64
        self.send(actor, self.world.plan_ref(owner), AcknowledgeResult(result=seen, how="assent"))

    @rule(owner=owners)
    def recalls(self, owner: UUID) -> None:
        self.send(owner, self.world.plan_ref(owner), RecallPlan(reason="Wait"))

    # --- the facilitator, the directory, time ---

    @rule(actor=st.sampled_from([LEAD, LEAD, LEAD, HEAD]), act=st.integers(0, 9), owner=owners)
    def moves_the_cycle(self, actor: UUID, act: int, owner: UUID) -> None:
        until = self.world.now + timedelta(days=4)
        commands: dict[int, Command] = {
            0: ExtendDeadline(phase=self.world.the_cycle().phase, until=until, reason="More time"),
            1: ReopenPhase(phase=Phase.COMMIT, until=until, reason="Once more"),
            2: EnrolParticipant(owner=owner),
            3: ExcuseParticipant(owner=owner, reason="On leave"),
            4: PublishResults(),
            5: CloseCycle(),
        }
        self.send(actor, self.world.cycle_ref, commands.get(act, AdvancePhase()))

    @rule(person=st.sampled_from([HEAD, BOARD[0]]), manager=st.sampled_from([LEAD, None]), leaves=st.integers(0, 9))
    def the_line_changes(self, person: UUID, manager: UUID | None, leaves: int) -> None:
        change: Command = SetManager(person=person, manager=manager)
        if leaves == 0:
            change = DeactivatePerson(person=person)
        self.send(LEAD, DIRECTORY, change)

    @rule(pick=st.integers(0, 30))
    def something_is_sent_again(self, pick: int) -> None:
        if self.sent:
            self.send(*self.sent[-1 - pick % len(self.sent)])

    @rule(hours=st.sampled_from([0.001, 1, 30, 24 * 5]))
    def time_passes(self, hours: float) -> None:
        self.world.wait(hours=hours)

    @rule(times=st.integers(1, 3))
    def workflows_do_what_is_due(self, times: int) -> None:
        refs = [self.world.cycle_ref, *(self.world.plan_ref(owner) for owner in OWNERS)]
        for _ in range(times):
            before = len(self.world.events)
            failing = self.world.failing_checks()
            for ref in refs:
                if self.world.state(ref).version:
                    self.world.perform(ref)
            closed = [event for _, _, _, event in self.world.events[before:] if isinstance(event, PhaseClosed)]
            assert not (closed and failing and len(closed) == 1 and closed[0].phase is self.world.the_cycle().phase)

    # --- what must never be ---

    @invariant()
    def what_is_due_is_done_with(self) -> None:
        """Doing what is due comes to rest: nothing is owed for ever without progress."""
        for ref in (self.world.cycle_ref, *(self.world.plan_ref(owner) for owner in OWNERS)):
            if not self.world.state(ref).version:
                continue
            for _ in range(12):
                if not self.world.perform(ref):
                    break
            else:
                raise AssertionError(f"{ref.kind} owes {self.world.agenda(ref).due} for ever")

    @invariant()
    def agreement_is_both_sides_on_one_hash(self) -> None:
        for owner in OWNERS:
            for goal in self.world.plan(owner).goals.values():
                if goal.definition.kind == "okr" and goal.agreed:
                    assert goal.accepted == {Side.OWNER, Side.COUNTERPART}
            signing = self.world.plan(owner).signing
            if signing is not None:
                assert signing.hash == self.world.hash(owner), "a submitted plan is not the plan"
                assert all(goal.agreed for goal in self.world.plan(owner).goals.values())

    @invariant()
    def a_tracked_plan_is_signed(self) -> None:
        cycle = self.world.the_cycle()
        if cycle.phase in (Phase.TRACK, Phase.RETROSPECT):
            assert all(self.world.plan(owner).signed for owner in OWNERS if cycle.takes_part(owner))

    @invariant()
    def the_log_gives_the_state_back_and_holds_no_text(self) -> None:
        refs = {ref for ref, *_ in self.world.events}
        for ref in refs:
            decider = DECIDERS[ref.kind]
            state, version = decider.initial, 0
            for other, _, _, event in self.world.events:
                if other == ref:
                    payload = canonical_bytes(event)
                    assert not any(secret.encode() in payload for secret in SECRETS)
                    state = decider.evolve(state, type(event).model_validate_json(payload))
                    version += 1
            assert state == self.world.state(ref)
            assert state.version == version


DEEP = os.environ.get("GOALCYCLE_HYPOTHESIS") == "deep"
CycleMachine.TestCase.settings = settings(
    max_examples=2000 if DEEP else 25,
    stateful_step_count=80 if DEEP else 30,
    deadline=None,
    derandomize=not DEEP,
    suppress_health_check=[HealthCheck.too_slow],
)
TestCycleMachine = CycleMachine.TestCase

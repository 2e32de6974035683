"""Whatever people do from any phase on, the rules and the model of `cycle_model` say the same of the whole cycle.

Beside `test_state_machine`, whose model judges each event, this one compares what is true after it, in both directions:
what the rules hold for agreed, signed or ready to close is so, and what is so they do not miss.
`make soak` runs it for long.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.canonical import canonical_bytes
from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant
from domain.cycle.recomputing import RecomputeDeadlines
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.delegation import Delegate
from domain.directory.lines import SetManager
from domain.directory.people import ChangePerson, DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.messages import Command
from domain.plan.amending import RequestAmendment, RevertToSigned
from domain.plan.approvers import next_level
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.goal import Reading
from domain.plan.ground import ground_of
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.result import AcknowledgeResult, Reflect
from domain.plan.sending_back import RecallPlan, RejectPlan, RequestChanges, WithdrawSignature
from domain.plan.signing import SignPlan, SubmitPlan, approvers
from domain.plan.talks import Side
from domain.plan.tracking import CheckIn
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.values import SYSTEM
from tests.domain.counting import Counting
from tests.domain.cycle_model import CycleModel, PlanFacts
from tests.support.calendars import Weekdays
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, World, increase, kpi, milestones, okr, who
from tests.support.metrics import counted_by, define, metric_ref
from tests.support.sampling import SECONDS, walk

PEOPLE = (LEAD, HEAD, STAFF, OTHER, *BOARD)
PERSON_OF = {STAFF: STAFF, TEAM: OTHER}
"""Who answers for each owner's plan: one is a person's, one a team's."""
TEXTS = ("Win the harbour", "Berths used", "by asking every captain", "Somebody", "Crew", "secret")
SECRETS = tuple(text.encode() for text in TEXTS)

people = st.sampled_from(PEOPLE)
owners = st.sampled_from(list(PERSON_OF))
goals = st.sampled_from(["okr", "kpi"])
COUNTED = okr(key_results=(counted_by(1), milestones()))
target = f"key_results.{who('berths')}.target"


class AnyWalk(Counting):
    """One cycle with a person's and a team's plan."""

    @initialize(start=st.sampled_from(Phase), owes=st.booleans())
    def begin(self, start: Phase, owes: bool) -> None:
        """In any phase, so that short walks see every one; perhaps with the phase's work half done."""
        self.world = define(World().founded().opened(*PERSON_OF))
        self.model = CycleModel({owner: PlanFacts(person) for owner, person in PERSON_OF.items()})
        self.refs = {owner: self.world.plan_ref(owner) for owner in PERSON_OF}
        self.seen_hashes: dict[UUID, list[str]] = {owner: ["0" * 64] for owner in PERSON_OF}
        self.sent: list[tuple[UUID, Ref, Command]] = []
        self.learned = 0
        self.learn()
        while self.world.the_cycle().phase is not start:
            self.everybody_does_their_part()
            self.closes_the_phase(LEAD, finishes=True)
        if owes:
            self.everybody_does_their_part()

    def everybody_does_their_part(self) -> None:
        """What the gate of the present phase asks."""
        for owner in PERSON_OF:
            self.goes_the_likely_way(owner, "signed")
            self.checks_in(PERSON_OF[owner], owner, mine=True, final=True)

    def send(self, actor: UUID, ref: Ref, command: Command) -> None:
        """Send it; refused or not, it may be sent again later. Only rules may refuse, never an exception."""
        self.sent.append((actor, ref, command))
        frozen = ref.kind == "plan" and self.world.the_cycle().closing_in_force(self.world.now)
        try:
            events = self.world.when(actor, ref, command)
        except DomainError:
            assert actor != SYSTEM, "a duty was refused instead of being no longer owed"
            return
        assert not (frozen and events and actor != SYSTEM), "a plan moved while its phase was closing"
        self.learn()

    def learn(self) -> None:
        """Tell the model what is new, and look at the bytes."""
        owner_of = {ref: owner for owner, ref in self.refs.items()}
        for ref, actor, at, happened in self.world.events[self.learned :]:
            self.model.learn(happened, actor, at, owner_of.get(ref))
            payload = canonical_bytes(happened)
            assert not any(secret in payload for secret in SECRETS), "a text stands in the log"
            event(type(happened).__name__)
        self.learned = len(self.world.events)

    # --- people ---

    @rule(actor=people, owner=owners, name=goals, mine=st.booleans())
    def writes_a_goal(self, actor: UUID, owner: UUID, name: str, mine: bool) -> None:
        about: dict[str, Any] = {"cycle": self.world.cycle, "owner": owner, "goal": who(f"{name} of {owner}")}
        if name == "okr":
            self.send(PERSON_OF[owner] if mine else actor, self.refs[owner], DraftGoal(definition=okr(), **about))
        else:
            self.send(HEAD if mine else actor, self.refs[owner], AssignGoal(definition=kpi(), **about))

    @rule(
        actor=people,
        owner=owners,
        berths=st.integers(11, 14),
        reasoned=st.booleans(),
        weight=st.sampled_from([100, 50]),
    )
    def proposes(self, actor: UUID, owner: UUID, berths: int, reasoned: bool, weight: int) -> None:
        changed = okr(str(weight), key_results=(increase(target=str(berths)), milestones()))
        reasons: dict[str, Any] = dict.fromkeys((target, "weight"), "secret") if reasoned else {}
        command = ProposeRevision(goal=who(f"okr of {owner}"), definition=changed, reasons=reasons)
        self.send(actor, self.refs[owner], command)

    @rule(actor=people, owner=owners, name=goals, stale=st.booleans())
    def answers(self, actor: UUID, owner: UUID, name: str, stale: bool) -> None:
        goal = who(f"{name} of {owner}")
        found = self.world.plan(owner).goals.get(goal)
        seen = "1" * 64 if stale or found is None else found.hash
        kind = AcceptRevision if name == "okr" else AcknowledgeAssignment
        self.send(actor, self.refs[owner], kind(goal=goal, hash=seen))

    @rule(
        actor=people,
        owner=owners,
        pick=st.integers(0, 3),
        act=st.sampled_from(
            ["submit", *["sign"] * 3, "reject", "ask", "recall", "withdraw", "amend", "amend", "revert"]
        ),
    )
    def decides_on_a_plan(self, actor: UUID, owner: UUID, pick: int, act: str) -> None:
        known = self.seen_hashes[owner]
        known.append(self.world.hash(owner))
        seen = known[-1] if pick else known[len(known) // 2]
        goal = who(f"okr of {owner}")
        commands: dict[str, Callable[[], Command]] = {
            "submit": lambda: SubmitPlan(hash=seen),
            "sign": lambda: SignPlan(hash=seen),
            "reject": lambda: RejectPlan(hash=seen, reason="secret"),
            "ask": lambda: RequestChanges(hash=seen, goals=(goal,), reason="secret"),
            "recall": lambda: RecallPlan(reason="secret"),
            "withdraw": lambda: WithdrawSignature(hash=seen, reason="secret"),
            "amend": lambda: RequestAmendment(reason="secret"),
            "revert": lambda: RevertToSigned(reason="secret"),
        }
        self.send(actor, self.refs[owner], commands[act]())

    @rule(owner=owners, upto=st.sampled_from(["drafted", "agreed", "submitted", "signed", "signed", "signed"]))
    def goes_the_likely_way(self, owner: UUID, upto: str) -> None:
        """So that random walks get somewhere."""
        ref, person, goal = self.refs[owner], PERSON_OF[owner], who(f"okr of {owner}")
        self.send(person, ref, DraftGoal(goal=goal, definition=COUNTED, cycle=self.world.cycle, owner=owner))
        if upto == "drafted":
            return
        found = self.world.plan(owner).goals.get(goal)
        if found is not None and not found.agreed and found.turn is None:
            self.send(person, ref, ProposeRevision(goal=goal, definition=COUNTED))
        for name, kind in (("okr", AcceptRevision), ("kpi", AcknowledgeAssignment)):
            found = self.world.plan(owner).goals.get(who(f"{name} of {owner}"))
            if found is not None:
                actor = person if found.turn is Side.OWNER or name == "kpi" else HEAD
                self.send(actor, ref, kind(goal=found.id, hash=found.hash))
        if upto != "agreed":
            self.send(person, ref, SubmitPlan(hash=self.world.hash(owner)))
        for signer in PEOPLE if upto == "signed" else ():
            self.send(signer, ref, SignPlan(hash=self.world.hash(owner)))

    @rule(owner=owners, upto=st.sampled_from(["asked", "changed", "signed", "reverted"]), berths=st.integers(11, 22))
    def amends_the_likely_way(self, owner: UUID, upto: str, berths: int) -> None:
        """After commit: a new target through the whole chain, or back to what was signed."""
        ref, person, goal = self.refs[owner], PERSON_OF[owner], who(f"okr of {owner}")
        self.send(person, ref, RequestAmendment(reason="secret"))
        if self.world.plan(owner).amendment is None:
            return
        if upto != "asked":
            changed = okr(key_results=(increase(target=str(berths)), milestones()))
            self.send(person, ref, ProposeRevision(goal=goal, definition=changed, reasons={target: "secret"}))
        if upto == "signed":
            self.goes_the_likely_way(owner, "signed")
        if upto == "reverted":
            self.send(HEAD, ref, RevertToSigned(reason="secret"))

    @rule(actor=people, owner=owners, mine=st.booleans(), final=st.sampled_from([True, True, False]))
    def checks_in(self, actor: UUID, owner: UUID, mine: bool, final: bool) -> None:
        for goal in list(self.world.plan(owner).goals.values()):
            if goal.definition.kind == "kpi":
                readings: tuple[Reading, ...] = (Reading(measure=goal.id, value=95),)
            else:
                readings = (Reading(measure=who("berths"), value=12), Reading(measure=who("steps"), done=()))
            report = CheckIn(goal=goal.id, readings=readings, confidence="0.5", status="on_track", final=final)
            self.send(PERSON_OF[owner] if mine else actor, self.refs[owner], report)

    @rule(actor=people, owner=owners, mine=st.booleans())
    def looks_back(self, actor: UUID, owner: UUID, mine: bool) -> None:
        result = self.world.the_cycle().results.get(self.refs[owner].stream)
        seen = result.hash if result else "2" * 64
        sender = PERSON_OF[owner] if mine else actor
        self.send(sender, self.refs[owner], AcknowledgeResult(result=seen, how="assent", comment="secret"))
        looked: dict[str, Any] = dict.fromkeys(("what_happened", "why", "learned"), "secret")
        self.send(sender, self.refs[owner], Reflect(goal=who(f"okr of {owner}"), next_step="keep", **looked))

    # --- the facilitator, the directory, time ---

    @rule(actor=st.sampled_from([LEAD, LEAD, LEAD, HEAD]), finishes=st.sampled_from([True, True, False]))
    def closes_the_phase(self, actor: UUID, finishes: bool) -> None:
        """Sometimes no worker is there to finish it."""
        last = self.world.the_cycle().phase is Phase.RETROSPECT
        self.send(actor, self.world.cycle_ref, PublishResults())
        self.send(actor, self.world.cycle_ref, CloseCycle() if last else AdvancePhase())
        if finishes:
            self.duties_are_done(self.world.cycle_ref)

    @rule(days=st.frozensets(st.integers(-3, 40), max_size=4))
    def the_calendar_changes(self, days: frozenset[int]) -> None:
        """Deadlines follow when they are recomputed, then and never by themselves."""
        before = self.world.the_cycle().deadlines
        off = frozenset((self.world.now + timedelta(days=day)).date() for day in days)
        self.world.calendar = Weekdays(off=off)
        assert self.world.the_cycle().deadlines == before
        self.send(LEAD, self.world.cycle_ref, RecomputeDeadlines(reason="secret"))

    @rule(act=st.sampled_from(["extend", "reopen", "enrol", "excuse"]), owner=owners, phase=st.sampled_from(Phase))
    def makes_an_exception(self, act: str, owner: UUID, phase: Phase) -> None:
        until = self.world.now + timedelta(days=4)
        commands: dict[str, Command] = {
            "extend": ExtendDeadline(phase=phase, until=until, reason="secret"),
            "reopen": ReopenPhase(phase=phase, until=until, reason="secret"),
            "enrol": EnrolParticipant(owner=owner, reason="A transfer"),
            "excuse": ExcuseParticipant(owner=owner, reason="secret"),
        }
        self.send(LEAD, self.world.cycle_ref, commands[act])

    @rule(pick=st.integers(0, 11), person=st.sampled_from([HEAD, *BOARD]), manager=st.sampled_from([LEAD, None]))
    def the_directory_changes(self, pick: int, person: UUID, manager: UUID | None) -> None:
        soon = self.world.now + timedelta(days=2)
        changes: dict[int, Command] = {
            0: DeactivatePerson(person=person),
            1: GrantRole(person=OTHER, role=Role.BOARD_APPROVER),
            2: RevokeRole(person=OTHER, role=Role.BOARD_APPROVER),
            3: SetManager(person=HEAD, manager=manager),
            4: SetManager(person=STAFF, manager=manager, valid_from=soon),
            5: ChangePerson(person=person, returns=True),
            6: Delegate(delegation=who(str(self.world.now)), person=HEAD, to=OTHER, ends=soon),
        }
        if pick in changes:
            self.send(LEAD, DIRECTORY, changes[pick])

    @rule(pick=st.integers(0, 60))
    def something_is_sent_again(self, pick: int) -> None:
        if self.sent:
            self.send(*self.sent[-1 - pick % len(self.sent)])

    @rule(hours=st.sampled_from([0.001, 1, 30, 24 * 5, 24 * 20]))
    def time_passes(self, hours: float) -> None:
        self.world.wait(hours=hours)

    @rule(times=st.integers(1, 3))
    def workflows_do_what_is_due(self, times: int) -> None:
        for _ in range(times):
            for ref in self.streams(self.world):
                self.duties_are_done(ref)

    def duties_are_done(self, ref: Ref) -> None:
        for duty in self.world.agenda(ref).due:
            self.send(SYSTEM, ref, duty.command)

    def streams(self, world: World) -> list[Ref]:
        """The streams with an agenda."""
        return [
            ref for ref in (DIRECTORY, metric_ref(), world.cycle_ref, *self.refs.values()) if world.state(ref).version
        ]

    # --- what must never be ---

    @invariant()
    def the_rules_and_the_model_agree(self) -> None:
        cycle = self.world.the_cycle()
        assert (cycle.phase, cycle.closed, cycle.published) == (
            self.model.phase,
            self.model.closed,
            self.model.published,
        )
        assert {owner for owner in PERSON_OF if cycle.takes_part(owner)} == self.model.participants
        assert (not self.world.failing_checks()) == self.model.gate_holds()
        for owner, facts in self.model.plans.items():
            plan = self.world.plan(owner)
            assert {goal.id: goal.agreed for goal in plan.goals.values()} == {
                goal: told.agreed(facts.person) for goal, told in facts.goals.items()
            }
            assert plan.signed == facts.signed
            assert (plan.signing is not None) == facts.submitted
            assert all(content == facts.content() for _, content in facts.signatures), "signed, and changed since"
            if plan.signing is not None:
                assert plan.signing.hash == self.world.hash(owner), "what was submitted is not what the plan says"
                signers = [signature.signer for signature in plan.signing.signatures]
                assert signers == [signer for signer, _ in facts.signatures]

    @invariant()
    def what_is_due_comes_to_rest_and_nothing_hangs(self) -> None:
        """Nothing is owed for ever, and what waits is asked of somebody or said to be failing. Tried on a copy."""
        world = World(self.world.now, self.world.cycle, dict(self.world.states), list(self.world.events))
        for _ in range(20):
            done = [world.perform(ref) for ref in self.streams(world)]
            if not any(done):
                break
        else:
            raise AssertionError("something is owed for ever")
        cycle = world.the_cycle()
        if not cycle.closed and world.now >= cycle.deadlines[cycle.phase]:
            assert cycle.gate_failure is not None, "a deadline passed in silence"
        for owner in self.model.participants if cycle.phase is Phase.COMMIT else ():
            signing = world.plan(owner).signing
            if signing is None or signing.complete:
                continue
            found = ground_of(owner, cycle, world.directory)
            assert (
                approvers(found, signing) or next_level(found, signing, signing.step) is None or not signing.signatures
            )
            assert signing.escalated or world.now < signing.escalate_at, "a signature waits without an escalation"

    @invariant()
    def an_excused_owner_owes_nothing(self) -> None:
        for owner, ref in self.refs.items():
            if owner not in self.model.participants and self.world.state(ref).version:
                agenda = self.world.agenda(ref)
                assert (agenda.due, agenda.next_due) == ((), None)

    def teardown(self) -> None:
        """The log gives the states back: the same from the stored bytes as they were live, each event counted."""
        if not hasattr(self, "world"):
            return
        for ref, live in self.world.states.items():
            decider = DECIDERS[ref.kind]
            state, count = decider.initial, 0
            for other, _, _, happened in self.world.events:
                if other == ref:
                    state = decider.evolve(state, type(happened).model_validate_json(canonical_bytes(happened)))
                    count += 1
            assert state == live
            assert live.version == count


AnyWalk.TestCase.settings = walk(walks=15, steps=40)
TestAnyWalk = pytest.mark.timeout(SECONDS)(AnyWalk.TestCase)

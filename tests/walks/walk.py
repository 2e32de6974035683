"""A walk: random people of a random organization send random commands, in any order, from any phase on.

Where the commands go is a subclass's business: to the rules alone, or to the real handler on a log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from random import Random
from typing import ClassVar
from uuid import UUID

from hypothesis import currently_in_test_context, event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.cycle.closing import AdvancePhase, CloseCycle
from domain.cycle.holding import ResumeCycle
from domain.cycle.opening import OpenCycle
from domain.cycle.policy import ApprovalStep, Policy
from domain.cycle.results import PublishResults
from domain.cycle.succession import Series
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson
from domain.directory.roles import GrantRole
from domain.directory.state import DIRECTORY, Role
from domain.directory.teams import AddTeam
from domain.messages import Command, Kind
from domain.metric.defining import DefineMetric
from domain.metric.state import MetricDefinition
from domain.registry import COMMANDS
from domain.sealed import CommonName
from tests.moves import MOVES, OWNERS, TEXT, drawn
from tests.moves.cycle import CHAINS
from tests.moves.metrics import metric_ref
from tests.support.given import BOARD, HEAD, LEAD, OTHER, QUARTER, STAFF, TEAM, World
from tests.walks.always import Always
from tests.walks.likely import likely

HOURS = (0.001, 1, 30, 24 * 5, 24 * 20, 24 * 60)
seeds = st.integers(0, 1 << 16)


def some(kind: Kind) -> st.SearchStrategy[list[str]]:
    """A few commands to a kind of stream, by name."""
    names = sorted(name for name in MOVES if COMMANDS[name][0] == kind)
    return st.lists(st.sampled_from(names), min_size=1, max_size=4)


class Walk(RuleBasedStateMachine):
    """Four plans of a cycle, the directory below and the cycles beside."""

    world: World
    always: Always
    acknowledged: ClassVar[Counter[str]] = Counter()
    """How often each command was taken and something came of it, in all walks."""

    def send(self, actor: UUID, ref: Ref, command: Command) -> bool:
        """Send it; whether something came of it. Only rules may refuse."""
        raise NotImplementedError

    def perform_due(self, ref: Ref) -> bool:
        """Do what a workflow would do now; whether anything was due."""
        raise NotImplementedError

    tried: ClassVar[Counter[str]] = Counter()

    def took(self, command: Command) -> None:
        self.acknowledged[type(command).__name__] += 1
        if currently_in_test_context():
            event(type(command).__name__)

    # --- how it begins ---

    @initialize(start=st.sampled_from(Phase), most=st.integers(0, 5), chain=st.sampled_from(CHAINS))
    def begin(self, start: Phase, most: int, chain: Sequence[ApprovalStep] = CHAINS[0]) -> None:
        """In any phase, so that short walks see every one; perhaps with the phase's work half done."""
        self.stand(tuple(chain))
        for phase in Phase:
            if phase is start:
                break
            self.everybody_does_their_part()
            self.closes_the_phase()
        assert self.world.the_cycle().phase is start
        self.everybody_does_their_part(most)

    def stand(self, chain: tuple[ApprovalStep, ...]) -> None:
        """The organization is founded, its cycle open. The head looks after people and money, too, so that several
        steps of a chain may name one person.
        """
        founding = FoundOrganization(name="Harbour", first_person=FirstPerson(id=LEAD, name="Lin"), simulated=True)
        self.send(LEAD, DIRECTORY, founding)
        for person, manager in ((HEAD, LEAD), (STAFF, HEAD), (OTHER, HEAD)):
            self.send(LEAD, DIRECTORY, AddPerson(person=person, name="Somebody", manager=manager))
        for person in BOARD:
            self.send(LEAD, DIRECTORY, AddPerson(person=person, name="Board", roles=(Role.BOARD_APPROVER,)))
        for person, role in (
            (HEAD, Role.UNIT_HR),
            (LEAD, Role.UNIT_HR),
            (HEAD, Role.FINANCE),
            (BOARD[1], Role.FINANCE),
        ):
            self.send(LEAD, DIRECTORY, GrantRole(person=person, role=role))
        self.send(LEAD, DIRECTORY, AddTeam(team=TEAM, name="Crew", lead=OTHER))
        counted = MetricDefinition(unit="berths", direction="higher")
        self.send(LEAD, metric_ref("berths"), DefineMetric(name="Berths used", data_owner=OTHER, definition=counted))
        opening = OpenCycle(
            name="2027 Q2",
            facilitator=LEAD,
            period=QUARTER,
            participants=OWNERS,
            policy=Policy(chain=chain),
            series=Series(months=3, names=(CommonName("2027 Q3"),)),
        )
        assert self.send(LEAD, self.world.cycle_ref, opening)

    def everybody_does_their_part(self, most: int = 99) -> None:
        for owner in OWNERS:
            self.somebody_does_their_part(owner, most)

    # --- what happens ---

    @rule(names=some("plan"), seed=seeds)
    def somebody_turns_to_a_plan(self, names: list[str], seed: int) -> None:
        for name in names:
            self.tries(name, seed)

    @rule(names=some("cycle"), seed=seeds)
    def somebody_turns_to_the_cycle(self, names: list[str], seed: int) -> None:
        for name in names:
            self.tries(name, seed)

    @rule(names=some("directory"), seed=seeds)
    def somebody_turns_to_the_directory(self, names: list[str], seed: int) -> None:
        for name in names:
            self.tries(name, seed)

    @rule(names=some("metric"), seed=seeds)
    def somebody_turns_to_a_metric(self, names: list[str], seed: int) -> None:
        for name in names:
            self.tries(name, seed)

    def tries(self, name: str, seed: int) -> bool:
        """Whether there was anything to send."""
        found = drawn(name, self.world, seed)
        if found is not None:
            self.tried[name] += 1
            self.send(*found)
        return found is not None

    @rule(owner=st.sampled_from(OWNERS), most=st.integers(1, 8), careful=st.booleans())
    def somebody_does_their_part(self, owner: UUID, most: int = 99, careful: bool = True) -> None:
        """Perhaps not all of it, nor with care: what is half done is what others come upon."""
        for act in islice(likely(self.world, owner, careful=careful), most):
            self.send(*act)

    @rule(seed=seeds)
    def somebody_asks_for_a_parent_and_is_answered(self, seed: int) -> None:
        for name in ("RequestAlignment", "AcceptAlignment", "AcceptAlignment"):
            self.tries(name, seed)

    @rule()
    def closes_the_phase(self) -> None:
        last = self.world.the_cycle().phase is Phase.RETROSPECT
        facilitator = self.world.the_cycle().facilitator or LEAD
        if self.world.the_cycle().held is not None:
            self.send(facilitator, self.world.cycle_ref, ResumeCycle(reason=TEXT))
        if last and not self.world.the_cycle().published:
            self.send(facilitator, self.world.cycle_ref, PublishResults())
            return
        self.send(facilitator, self.world.cycle_ref, CloseCycle() if last else AdvancePhase())
        self.perform_due(self.world.cycle_ref)

    @rule(hours=st.sampled_from(HOURS))
    def time_passes(self, hours: float) -> None:
        self.world.wait(hours=hours)

    @rule(times=st.integers(1, 3))
    def workflows_do_what_is_due(self, times: int) -> None:
        for _ in range(times):
            for ref in list(self.world.states):
                self.perform_due(ref)

    def comes_to_rest(self) -> None:
        """Nothing is owed for ever."""
        for _ in range(20):
            done = [self.perform_due(ref) for ref in list(self.world.states)]
            if not any(done):
                return
        raise AssertionError("something is owed for ever")

    def stroll(self, start: Phase, steps: int, chance: Random) -> None:
        """Without hypothesis: what was tried least comes first."""
        self.begin(start, chance.choice((1, 2, 2, 3)))
        for _ in range(steps):
            match chance.randrange(14):
                case 0:
                    self.somebody_does_their_part(chance.choice(OWNERS), chance.randint(1, 5))
                case 1:
                    self.time_passes(chance.choice(HOURS))
                case 2 | 3:
                    self.workflows_do_what_is_due(1)
                case 4 if not chance.randrange(3):
                    self.everybody_does_their_part()
                    self.closes_the_phase()
                case _:
                    self._sends_what_was_tried_least(chance)

    def _sends_what_was_tried_least(self, chance: Random) -> None:
        names = sorted(MOVES, key=lambda name: self.tried[name] + chance.random())
        sent = next((name for name in names if self.tries(name, chance.randrange(1 << 16))), None)
        if sent is not None and COMMANDS[sent][0] == "directory":
            self.workflows_do_what_is_due(1)

    @invariant()
    def it_holds_always(self) -> None:
        if hasattr(self, "always"):
            self.always.look()


def stroll_until_all_are_taken(kind: type[Walk], seed: int = 3) -> None:
    """Walk after walk of a kind that counts for itself, until something came of every command there is."""
    chance = Random(seed)
    for start in islice(cycle(Phase), 150):
        walk = kind()
        walk.stroll(start, 60, chance)
        walk.teardown()
        if all(kind.acknowledged[name] for name in COMMANDS):
            return
    raise AssertionError(f"no walk had these taken: {[name for name in COMMANDS if not kind.acknowledged[name]]}")

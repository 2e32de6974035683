"""The organization that is written to while faults strike: a cycle in commit, one in track, one that comes and goes.

The commit cycle owes reminders and escalations, the track cycle a digest every few seconds. The phase of the third is
closed and re-opened while its plans are written to; brief cycles that clients open live through all five phases by
duties alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from cli.composition import Engine
from domain.cycle.policy import Policy
from domain.cycle.windows import Phase, Windows
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY, Role
from domain.plan.readings import measures
from domain.values import Elapsed
from tests.support.quarter import Quarter, windows

SIGNING, TRACKING, PULSING = 5, 4, 3
"""People with a plan in each cycle."""
DAY = 24 * 3600
DIGEST_SECONDS = 3
POLICY = Policy(
    reasons_required=False,
    turn=Elapsed(seconds=4),
    assignment_served=Elapsed(seconds=4),
    signature_reminder=Elapsed(seconds=2),
    signature_escalation=Elapsed(seconds=5),
    check_in_every=Elapsed(seconds=DIGEST_SECONDS),
    gate_look=Elapsed(seconds=1),
    result_served=Elapsed(seconds=2),
)
LONG = windows(DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY)
BRIEF = windows(2, 4, 6, 8, 10)
"""The phases of a brief cycle, in seconds."""


class Organization(Quarter):
    """A quarter with as many staff as it was given."""

    async def found(self) -> None:
        people = [
            AddPerson(person=self.head, name="Amara Okafor", manager=self.lead),
            *(AddPerson(person=one, name=f"Staff {place}", manager=self.head) for place, one in enumerate(self.staff)),
            *(AddPerson(person=one, name="On the board", roles=(Role.BOARD_APPROVER,)) for one in self.board),
        ]
        first = FirstPerson(id=self.lead, name="Lin Yao")
        await self.act(self.lead, DIRECTORY, FoundOrganization(name="Harbour Works", first_person=first), *people)


@dataclass(frozen=True)
class TrackedGoal:
    """A goal that is checked in, and what of it is read."""

    owner: UUID
    plan: UUID
    goal: UUID
    measures: tuple[UUID, ...]


@dataclass
class Ground:
    """Where clients act."""

    organization: UUID
    lead: UUID
    head: UUID
    board: tuple[UUID, UUID]
    signing: dict[UUID, UUID]
    """The plans in commit, by owner."""
    pulsing: dict[UUID, UUID]
    """The plans of the cycle whose phase closes and opens again, by owner."""
    tracked: list[TrackedGoal]
    pulse: UUID
    """That cycle."""
    founded_at: int
    """The last position that the preparation wrote: everything after it comes from clients and duties."""
    brief: list[UUID] = field(default_factory=list)
    """Cycles that clients have asked to open."""


async def prepare(engine: Engine, timetable: Windows = LONG) -> Ground:
    """Found the organization and bring its two cycles into commit and into track, through the command handler."""
    signing = Organization(engine, staff=_people(SIGNING))
    tracking = replace(signing, cycle=uuid4(), staff=_people(TRACKING))
    pulsing = replace(signing, cycle=uuid4(), staff=_people(PULSING))
    await replace(signing, staff=(*signing.staff, *tracking.staff, *pulsing.staff)).found()
    for quarter in (signing, tracking, pulsing):
        await quarter.open(timetable=timetable, policy=POLICY)
        for owner in quarter.staff:
            await quarter.draft(owner)
            await quarter.agree(owner)
    for quarter in (signing, tracking):
        await quarter.advance()
        await quarter.advance()
    for owner in tracking.staff:
        await tracking.submit(owner)
        await tracking.sign(owner)
    await tracking.advance()
    assert (await tracking.state()).phase is Phase.TRACK
    tracked = [
        TrackedGoal(owner, tracking.plan_ref(owner).stream, goal.id, tuple(measures(goal)))
        for owner in tracking.staff
        for goal in (await tracking.plan(owner)).goals.values()
    ]
    return Ground(
        organization=signing.organization,
        lead=signing.lead,
        head=signing.head,
        board=signing.board,
        signing={owner: signing.plan_ref(owner).stream for owner in signing.staff},
        pulsing={owner: pulsing.plan_ref(owner).stream for owner in pulsing.staff},
        tracked=tracked,
        pulse=pulsing.cycle,
        founded_at=await engine.log.last_position(signing.organization),
    )


def _people(count: int) -> tuple[UUID, ...]:
    return tuple(uuid4() for _ in range(count))

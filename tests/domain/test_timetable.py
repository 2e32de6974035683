"""The whole timetable of a formal quarter, without Temporal: every duty at its instant, in order."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.directory.calendar import Calendar
from domain.values import WorkingDays
from eventlog.calendars.resolve import after
from tests.support.calendars import weekdays
from tests.support.given import LEAD, World, final_values
from tests.support.sampling import sample

EXPECTED = [
    ("2027-03-05", "plan", "MarkServed"),  # assigned on Monday 1 March: the end of the third working day (R2.4)
    ("2027-03-26", "cycle", "BeginClosing"),  # draft: 5 working days before the period (R2.1)
    ("2027-03-26", "cycle", "FinishClosing"),
    ("2027-04-01", "cycle", "BeginClosing"),  # negotiate: 1 before it
    ("2027-04-01", "cycle", "FinishClosing"),
    ("2027-04-03", "plan", "Remind"),  # submitted as Thursday 1 April begins: the end of the second working day (R5.6)
    ("2027-04-05", "plan", "Escalate"),  # two thirds of the commit window
    ("2027-04-05", "plan", "Escalate"),  # the lead signed for the head: the lead's own step has nobody left
    ("2027-04-08", "cycle", "BeginClosing"),  # commit: working day 5
    ("2027-04-08", "cycle", "FinishClosing"),
    *((day, "cycle", "SendDigest") for day in ["2027-04-15", "2027-04-22", "2027-04-29"]),  # weekly (R6.4)
]


def duties_until(world: World, end: datetime) -> list[tuple[str, str, str]]:
    """Let time jump from one due instant to the next and do what is due, as workflows would."""
    done: list[tuple[str, str, str]] = []
    refs: list[Ref] = [world.cycle_ref, world.plan_ref()]
    while True:
        again = True
        while again:
            again = False
            for ref in refs:
                kinds = world.perform(ref)
                done += [(world.now.date().isoformat(), ref.kind, kind) for kind in kinds]
                again = again or bool(kinds)
        instants = [due for ref in refs if (due := world.agenda(ref).next_due) is not None]
        if not instants or min(instants) > end:
            return done
        world.now = min(instants)


def test_a_formal_quarter_keeps_its_timetable() -> None:
    world = World().founded().opened().agreed().assigned()
    deadlines = world.the_cycle().deadlines
    done = duties_until(world, deadlines[Phase.NEGOTIATE])
    assert world.the_cycle().phase is Phase.COMMIT
    world.submitted()
    due = world.plan().signing
    assert due is not None
    done += duties_until(world, due.escalate_at)
    world.signed(LEAD)
    done += duties_until(world, world.now)
    escalated = world.plan().signing
    assert escalated is not None
    assert escalated.escalated_to is not None
    world.signed(escalated.escalated_to)
    done += duties_until(world, datetime.fromisoformat("2027-05-02T00:00:00+00:00"))
    assert done == EXPECTED


def test_the_end_of_a_quarter_keeps_it_too() -> None:
    world = World().in_track()
    final_values(world)
    world.now = world.the_cycle().deadlines[Phase.TRACK]
    duties_until(world, world.now)
    assert world.the_cycle().phase is Phase.RETROSPECT
    world.when(LEAD, world.cycle_ref, PublishResults())
    done = duties_until(world, world.the_cycle().deadlines[Phase.RETROSPECT])
    assert done == [
        (
            "2027-07-22",
            "plan",
            "MarkServed",
        ),  # published as 15 July begins: served after five working days (R7.4)
        ("2027-07-29", "cycle", "BeginClosing"),  # retrospect: 20 working days after the period (R2.1)
        ("2027-07-29", "cycle", "FinishClosing"),
    ]
    assert world.the_cycle().closed
    assert world.agenda(world.plan_ref()).closed


@sample(30)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.integers(-40, 40),
    st.booleans(),
)
def test_the_calendar_of_these_specifications_is_the_real_one(start: datetime, days: int, midnight: bool) -> None:
    begin = start.replace(hour=0, minute=0, second=0, microsecond=0) if midnight else start
    assert weekdays(begin, WorkingDays(days=days)) == after(begin, WorkingDays(days=days), Calendar())

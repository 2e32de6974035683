"""A series opens its next cycle by itself (R2.8)."""

from __future__ import annotations

from datetime import timedelta

from domain.cycle.amending import AmendCycle
from domain.cycle.holding import HoldCycle
from domain.cycle.opening import OpenCycle
from domain.cycle.participation import ExcuseParticipant
from domain.cycle.policy import Policy
from domain.cycle.results import PublishResults
from domain.cycle.series import NextCycleOpened, SeriesEnded, following_id
from domain.cycle.state import CycleState
from domain.cycle.succession import Series
from domain.cycle.windows import Period, Phase
from domain.decider import Ref
from domain.directory.people import DeactivatePerson
from domain.directory.state import DIRECTORY
from domain.values import Elapsed
from tests.support.given import BOARD, HEAD, LEAD, OTHER, QUARTER, STAFF, World, final_values, who

SERIES = Series(months=3, names=("2027 Q3", "2027 Q4"))
NEXT = Ref("cycle", following_id(who("cycle")))


def running(*participants: object, **more: object) -> World:
    world = World().founded()
    given = {"name": "2027 Q2", "facilitator": LEAD, "period": QUARTER, "participants": participants or (STAFF, OTHER)}
    world.when(LEAD, world.cycle_ref, OpenCycle(**(given | {"series": SERIES} | more)))
    return world


def due(world: World) -> World:
    upcoming = world.the_cycle().upcoming
    assert upcoming is not None
    world.now = upcoming.opens
    return world


def following(world: World) -> CycleState:
    found: CycleState = world.state(NEXT)
    return found


def test_r2_8_the_next_cycle_opens_by_itself_fifteen_working_days_before_its_period() -> None:
    world = running()
    upcoming = world.the_cycle().upcoming
    assert upcoming is not None
    assert upcoming.opens.isoformat() == "2027-06-11T00:00:00+00:00"
    assert (upcoming.period.starts, upcoming.period.ends.isoformat()) == (QUARTER.ends, "2027-10-01T00:00:00+00:00")
    world.now = upcoming.opens - timedelta(seconds=1)
    assert "OpenNextCycle" not in world.perform(world.cycle_ref)
    assert "OpenNextCycle" in due(world).perform(world.cycle_ref)
    assert following(world).opened
    assert "OpenNextCycle" not in world.perform(world.cycle_ref)


def test_r2_8_it_has_the_present_ones_rules_and_people() -> None:
    world = running()
    amended = Policy(resume_grace=Elapsed(seconds=7))
    world.when(LEAD, world.cycle_ref, AmendCycle(policy=amended, reason="We learned"))
    due(world).perform(world.cycle_ref)
    found, before = following(world), world.the_cycle()
    assert (found.policy, found.windows, found.framework) == (amended, before.windows, before.framework)
    assert (set(found.participants), found.facilitator, found.phase) == ({STAFF, OTHER}, LEAD, Phase.DRAFT)
    assert found.previous == world.cycle
    assert found.reckoned_by == world.directory.calendar.hash
    assert before.following is not None
    assert before.series is not None
    assert found.name == before.series.names[0]
    assert (before.following.cycle, before.following.name) == (NEXT.stream, found.name)


def test_r2_8_the_series_goes_on_and_ends_with_its_names() -> None:
    world = running()
    due(world).perform(world.cycle_ref)
    assert following(world).series is not None
    upcoming = following(world).upcoming
    assert upcoming is not None
    world.now = upcoming.opens
    world.perform(NEXT)
    last: CycleState = world.state(Ref("cycle", following_id(NEXT.stream)))
    assert last.period == Period(starts=upcoming.period.starts, ends=upcoming.period.ends)
    assert (last.series, last.upcoming, last.previous) == (None, None, NEXT.stream)


def test_r2_8_who_is_excused_or_has_nobody_left_to_sign_is_left_out_and_named() -> None:
    world = running(STAFF, OTHER, LEAD)
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="On leave"))
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=BOARD[1]))
    due(world).perform(world.cycle_ref)
    opened = world.last(NextCycleOpened)
    assert (opened.participants, opened.left_out) == ((OTHER,), (LEAD,))
    assert set(following(world).participants) == {OTHER}


def test_r2_8_where_the_facilitator_has_left_an_administrator_takes_over() -> None:
    world = running(facilitator=HEAD)
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=HEAD))
    due(world).perform(world.cycle_ref)
    assert following(world).facilitator == LEAD


def test_r2_8_a_cycle_closed_early_still_opens_the_next() -> None:
    world = running(STAFF).agreed().advanced(Phase.COMMIT).submitted().signed().advanced(Phase.TRACK)
    final_values(world).advanced(Phase.RETROSPECT)
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=STAFF, reason="It is done"))
    world.when(LEAD, world.cycle_ref, PublishResults())
    world.closed()
    assert not world.agenda(world.cycle_ref).closed
    assert due(world).perform(world.cycle_ref) == ["OpenNextCycle"]
    assert world.agenda(world.cycle_ref).closed
    assert following(world).opened


def test_r2_8_where_goalcycle_was_away_too_long_it_says_so_instead() -> None:
    world = running()
    world.now = QUARTER.ends + timedelta(days=1)
    world.perform(world.cycle_ref)
    assert world.last(SeriesEnded).code == "cycle.windows_out_of_order"
    assert not following(world).opened
    assert world.the_cycle().series_ended == "cycle.windows_out_of_order"
    assert "OpenNextCycle" not in world.perform(world.cycle_ref)


def test_r2_6_a_held_cycle_opens_no_other() -> None:
    world = running()
    world.when(LEAD, world.cycle_ref, HoldCycle(reason="A flood"))
    assert due(world).perform(world.cycle_ref) == []


def test_r2_8_a_part_stays_one_while_its_period_lies_within_the_whole() -> None:
    world = World().founded()
    half = Period(starts=QUARTER.starts, ends=QUARTER.ends + timedelta(days=100))
    whole = Ref("cycle", who("half"))
    world.when(LEAD, whole, OpenCycle(name="Half", facilitator=LEAD, period=half, participants=(STAFF,)))
    part = OpenCycle(
        name="Q2", facilitator=LEAD, period=QUARTER, participants=(STAFF,), series=SERIES, parent=whole.stream
    )
    world.when(LEAD, world.cycle_ref, part)
    due(world).perform(world.cycle_ref)
    assert following(world).parent == whole.stream
    upcoming = following(world).upcoming
    assert upcoming is not None
    world.now = upcoming.opens
    world.perform(NEXT)
    assert world.state(Ref("cycle", following_id(NEXT.stream))).parent is None

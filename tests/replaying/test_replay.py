"""A whole quarter told in plain words, and its state as of any moment."""

from uuid import UUID, uuid4

import pytest

from cli.replaying.finding import MomentError, NotFoundError, find, position_of
from cli.replaying.history import Replay, replay
from cli.replaying.printing import replay_lines
from cli.replaying.words import WORDS, Teller
from domain.directory.state import DirectoryState, Person
from domain.goals import Okr
from domain.key_results import Measured
from domain.metric.state import metric
from domain.plan.drafting import AssignGoal, DraftGoal
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.rerouting import Rerouted
from domain.plan.result import Reflect
from domain.plan.sending_back import RecallPlan, RequestChanges
from domain.plan.state import plan
from domain.plan.tracking import CheckIn
from domain.sealed import PersonName
from tests.support.given import LEAD, MONDAY, STAFF
from tests.support.quarter import Quarter, indicator, open_engine_on, windows

BERTHS = uuid4()
LONG = windows(600, 1200, 1800, 2400, 3000)


def okr(target: int) -> Okr:
    result = Measured(kind="increase", id=BERTHS, title="Berths used", unit="berths", baseline="10", target=str(target))
    return Okr(
        kind="okr",
        title="Bring the harbour back",
        approach="by asking every captain",
        ambition="aspirational",
        weight="100",
        key_results=(result,),
    )


async def run_through(quarter: Quarter) -> tuple[UUID, UUID]:
    """Draft, counter, agree, submit, recall, be sent back, sign, check in, reflect, publish, acknowledge."""
    owner = quarter.staff[0]
    ref, goal, kpi = quarter.plan_ref(owner), uuid4(), uuid4()
    opening = {"cycle": quarter.cycle, "owner": owner}
    await quarter.found()
    quarter.staff = quarter.staff[:1]
    await quarter.open(timetable=LONG)
    await quarter.act(owner, ref, DraftGoal(goal=goal, definition=okr(20), **opening))
    await quarter.act(owner, ref, ProposeRevision(goal=goal, definition=okr(20)))
    reasons = {f"key_results.{BERTHS}.target": "the new quay is open"}
    await quarter.act(quarter.head, ref, ProposeRevision(goal=goal, definition=okr(30), reasons=reasons))
    state = await quarter.plan(owner)
    await quarter.act(owner, ref, AcceptRevision(goal=goal, hash=state.goals[goal].hash))
    await quarter.act(quarter.head, ref, AssignGoal(goal=kpi, definition=indicator(), **opening))
    await quarter.agree(owner)
    await quarter.advance()
    await quarter.advance()
    shown = await quarter.submit(owner)
    await quarter.act(owner, ref, RecallPlan(reason="one more look"))
    await quarter.submit(owner)
    await quarter.sign(owner, quarter.head)
    await quarter.act(quarter.lead, ref, RequestChanges(hash=shown, goals=(goal,), reason="say which quay"))
    await quarter.submit(owner)
    await quarter.sign(owner)
    await quarter.advance()
    await quarter.check_in(owner)
    unchanged = CheckIn(goal=goal, confidence="0.4", status="at_risk", narrative="the quay is late", final=True)
    await quarter.act(owner, ref, unchanged)
    await quarter.advance()
    learned = Reflect(goal=goal, what_happened="half full", why="a late quay", learned="start sooner", next_step="keep")
    await quarter.act(owner, ref, learned)
    await quarter.publish()
    await quarter.receive(owner)
    return ref.stream, goal


def told(found: Replay) -> list[str]:
    return [f"{event.who} {event.words[0]}" for event in found.events]


async def test_a_plan_is_told_event_by_event_with_names_and_reasons(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        stream, goal = await run_through(quarter)
        everything = await find(engine, stream, None)
        now = await position_of(engine, everything.organization, None)
        story = await replay(engine, everything, now)
        hashed = next(event.words[0] for event in story.events if event.type == "PlanSubmitted")[-14:]
        result = next(event.words[0] for event in story.events if event.type == "ResultAcknowledged")
        assert told(story) == [
            "Mei Tanaka opened the plan of Mei Tanaka",
            "Mei Tanaka drafted the goal “Bring the harbour back”",
            "Mei Tanaka proposed revision 1 of “Bring the harbour back” as the owner (round 1)",
            "Amara Okafor countered with revision 2 of “Bring the harbour back” as the counterpart (round 2)",
            "Mei Tanaka accepted “Bring the harbour back” as the owner: both sides agree",
            "Amara Okafor assigned the KPI “Safety”",
            "Mei Tanaka acknowledged the KPI “Safety”",
            f"Mei Tanaka submitted the plan for signatures {hashed}",
            "Mei Tanaka took the plan back from its approvers",
            "Mei Tanaka made the signatures void, because the owner took the plan back",
            f"Mei Tanaka submitted the plan for signatures {hashed}",
            f"Amara Okafor signed step 1 of the plan {hashed}",
            "Lin Yao asked in step 2 for changes of “Bring the harbour back”",
            "Lin Yao made the signatures of Amara Okafor void, because changes were requested",
            f"Mei Tanaka submitted the plan for signatures {hashed}",
            f"Amara Okafor signed step 1 of the plan {hashed}",
            f"Lin Yao signed step 2 of the plan {hashed}: the plan is signed",
            "Mei Tanaka reported the last values of “Bring the harbour back”: on track, confidence 0.5",
            "Mei Tanaka reported the last values of “Safety”: on track, confidence 0.5",
            "Mei Tanaka reported the last values of “Bring the harbour back”: at risk, confidence 0.4",
            "Mei Tanaka reflected on “Bring the harbour back”: keep",
            f"Mei Tanaka {result}",
        ]
        details = "\n".join(detail for event in story.events for detail in event.words[1:])
        for detail in (
            "approach: by asking every captain",
            "key result: Berths used (10 to 20 berths)",
            "key results › “Berths used” › target: 20 to 30, because: the new quay is open",
            "reason: one more look",
            "reason: say which quay",
            "“Berths used”: 15",
            "narrative: the quay is late",
            "learned: start sooner",
        ):
            assert detail in details
        lines = "\n".join(replay_lines(story))
        assert "signing: signed by Amara Okafor, Lin Yao" in lines
        assert "void: the signature of Amara Okafor" in lines
        assert "at risk, confidence 0.4" in lines
        assert str(goal) not in lines  # people read titles, programs read ids

        of_goal = await replay(engine, await find(engine, goal, everything.organization), now)
        kinds = [event.type for event in of_goal.events]
        assert kinds.count("CheckedIn") == 2
        assert "ChangesRequested" in kinds
        assert "PlanSubmitted" not in kinds
        assert of_goal.state["definition"]["title"] == "Bring the harbour back"


async def test_the_state_is_that_of_the_moment_asked_for(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        _, goal = await run_through(quarter)
        found = await find(engine, goal, None)
        last = await position_of(engine, found.organization, None)
        story = await replay(engine, found, last)
        drafted, proposed, countered = (event.position for event in story.events[:3])
        before = await replay(engine, found, countered - 1)
        assert [event.position for event in before.events] == [drafted, proposed]
        assert before.state["definition"]["key_results"][0]["target"] == "20"
        assert (await replay(engine, found, countered)).state["definition"]["key_results"][0]["target"] == "30"
        with pytest.raises(NotFoundError):
            await replay(engine, found, drafted - 1)
        with pytest.raises(MomentError):
            await position_of(engine, found.organization, str(last + 1))


async def test_names_that_were_erased_leave_the_history_readable(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        stream, _ = await run_through(quarter)
        engine.keyring.erase(quarter.organization, quarter.staff[0])
        found = await find(engine, stream, quarter.organization)
        story = await replay(engine, found, await position_of(engine, found.organization, None))
        assert told(story)[1] == f"(erased) {quarter.staff[0]} drafted the goal “(erased)”"
        assert "Bring the harbour back" not in "\n".join(replay_lines(story))


async def test_a_cycle_can_be_replayed_and_a_stranger_cannot(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        await run_through(quarter)
        found = await find(engine, quarter.cycle, None)
        story = await replay(engine, found, await position_of(engine, found.organization, None))
        assert story.events[0].type == "CycleOpened"
        with pytest.raises(NotFoundError):
            await find(engine, quarter.cycle, uuid4())


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ((LEAD, STAFF), "asks a, b for step 1"),
        ((STAFF,), "asks b for step 1, and no longer a"),
        ((), "asks nobody for step 1, and no longer a"),
    ],
    ids=["a delegate besides", "somebody else", "nobody"],
)
def test_r5_5_a_re_routing_says_whom_it_asks_and_whom_no_longer(to: tuple[UUID, ...], words: str) -> None:
    directory = DirectoryState(
        people={id: Person(id=id, name=PersonName(name)) for id, name in ((LEAD, "a"), (STAFF, "b"))}
    )
    rerouted = Rerouted(since=1, step=0, from_people=(LEAD,), to_people=to, rerouted_at=MONDAY)
    assert Teller(directory).tell(rerouted) == [words]


def test_every_event_of_a_plan_and_of_a_metric_has_words_of_its_own() -> None:
    assert {*plan.events, *metric.events} == set(WORDS)

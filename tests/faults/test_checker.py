"""The checker sees what it must see: each invariant is broken once, by hand, in the facts of an honest run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import getsource
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.values import SYSTEM
from eventlog.log import Recorded
from tests.faults.checker import OVERDUE, balance, duties_once, frozen, violations
from tests.faults.facts import Facts, StreamRow, Stuck, WorkflowFact
from tests.faults.honest import Run, honest_run
from tests.faults.sent import Sent, Try, Verdict

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture(scope="module")
async def honest() -> Run:
    return await honest_run()


@pytest.fixture
def run(honest: Run) -> Run:
    return Run(honest.facts, deepcopy(honest.sent))


async def test_an_honest_run_has_no_violations(run: Run) -> None:
    kinds = {event.type for event in run.facts.events}
    assert kinds >= {"Reminded", "PhaseClosed", "CycleClosed", "GateFailed", "CheckedIn"}, "the run proves little"
    assert any(row.closed for row in run.facts.streams.values())
    assert any(row.next_due for row in run.facts.streams.values())
    assert run.facts.views["inbox_rows"]
    assert await violations(run.facts, run.sent) == []


async def test_an_unknown_command_may_have_one_effect_or_none(run: Run) -> None:
    facts, sent = run.facts, run.sent
    _answered(sent[-1], Verdict.UNKNOWN)
    sent.append(Sent(uuid4(), "CheckIn", uuid4(), uuid4(), None, [_try(Verdict.UNKNOWN, facts.now)]))
    assert await violations(facts, sent) == []


async def test_r2_3_a_duty_may_end_a_wait_while_a_phase_closes(run: Run) -> None:
    """Whose command it was is all that tells it from somebody who moved what is frozen."""
    facts = a_plan_moved_while_it_was_frozen(run).facts
    owed = [replace(event, actor=SYSTEM) if event.type == "PlanSigned" else event for event in facts.events]
    assert list(frozen(facts)) != []
    assert list(frozen(replace(facts, events=owed))) == []


async def test_an_assignment_is_served_again_where_it_came_back(run: Run) -> None:
    """A goal that was transferred to and fro has the hash it had, and its owner receives it anew (R3.9)."""
    served = json.dumps({"goal": str(uuid4()), "hash": "0" * 64}).encode()
    last = _last(run.facts, "PlanSigned")
    once = [replace(last, type="AssignmentServed", payload=served, actor=SYSTEM)]
    back = [replace(last, type="GoalReceived", payload=served)]
    assert list(duties_once(replace(run.facts, events=[*once, *back, *once]))) == []
    assert list(duties_once(replace(run.facts, events=[*once, *once]))) != []


async def test_a_retried_success_may_be_told_to_come_back_later(run: Run) -> None:
    run.sent[-1].tries.append(_try(Verdict.DEFERRED, run.facts.now + HOUR))
    assert await violations(run.facts, run.sent) == []


async def test_what_was_lost_and_doubled_is_counted(run: Run) -> None:
    ghost = Sent(uuid4(), "CheckIn", uuid4(), uuid4(), None, [_try(Verdict.ACKNOWLEDGED, run.facts.now, 3, 3)])
    _answered(run.sent[-1], Verdict.REFUSED)
    found = balance(await violations(run.facts, [*run.sent, ghost]))
    assert (found.lost, found.doubled) == (1, 1)


# --- the plants ---


def acknowledged_and_gone(run: Run) -> Run:
    ghost = Sent(uuid4(), "CheckIn", uuid4(), uuid4(), None, [_try(Verdict.ACKNOWLEDGED, run.facts.now, 3, 3)])
    return Run(run.facts, [*run.sent, ghost])


def acknowledged_elsewhere(run: Run) -> Run:
    run.sent[-1].tries.append(_try(Verdict.ACKNOWLEDGED, run.facts.now, 1, 2))
    return run


def refused_and_done(run: Run) -> Run:
    _answered(run.sent[-1], Verdict.REFUSED)
    return run


def unsent_and_done(run: Run) -> Run:
    _answered(run.sent[-1], Verdict.UNSENT)
    return run


def deferred_and_done(run: Run) -> Run:
    _answered(run.sent[-1], Verdict.DEFERRED)
    return run


def a_retried_success_refused(run: Run) -> Run:
    run.sent[-1].tries.append(_try(Verdict.REFUSED, run.facts.now + HOUR))
    return run


def under_another_actor(run: Run) -> Run:
    run.sent[-1].actor = uuid4()
    return run


def two_effects_of_one_command(run: Run) -> Run:
    last = run.facts.events[-1]
    return _with_event(run, replace(last, recorded_at=last.recorded_at + HOUR))


def nobody_asked(run: Run) -> Run:
    return Run(run.facts, run.sent[:-1])


def done_again_under_another_id(run: Run) -> Run:
    return _with_event(run, replace(_last(run.facts, "CheckedIn"), command_id=uuid4()))


def a_position_missing(run: Run) -> Run:
    events = list(run.facts.events)
    del events[len(events) // 2]
    return _facts(run, events=events)


def a_version_missing(run: Run) -> Run:
    events = list(run.facts.events)
    events[-1] = replace(events[-1], version=events[-1].version + 1)
    return _facts(run, events=events)


def the_counter_ahead(run: Run) -> Run:
    return _facts(run, last_position=run.facts.last_position + 1)


def a_byte_changed(run: Run) -> Run:
    events = list(run.facts.events)
    events[3] = replace(events[3], payload=events[3].payload.replace(b"a", b"b", 1))
    return _facts(run, events=events)


def an_event_of_another_release(run: Run) -> Run:
    return _changed(run, "CheckedIn", lambda event: replace(event, type="LookedIn"))


def a_wrong_answer(run: Run) -> Run:
    return _facts(run, answers={**run.facts.answers, run.sent[-1].command_id: [1]})


def no_answer(run: Run) -> Run:
    kept = {command: at for command, at in run.facts.answers.items() if command != run.sent[-1].command_id}
    return _facts(run, answers=kept)


def two_answers(run: Run) -> Run:
    command = run.sent[-1].command_id
    return _facts(run, answers={**run.facts.answers, command: [*run.facts.answers[command], 1]})


def an_answer_to_nothing(run: Run) -> Run:
    return _facts(run, answers={**run.facts.answers, uuid4(): [1]})


def a_stale_head(run: Run) -> Run:
    return _row(run, lambda row: not row.closed, hash=bytes(32))


def a_stale_fact(run: Run) -> Run:
    return _row(run, lambda row: not row.closed, fact_version=0)


def a_row_without_a_stream(run: Run) -> Run:
    row = next(iter(run.facts.streams.values()))
    return _facts(run, streams={**run.facts.streams, uuid4(): row})


def a_board_row_altered(run: Run) -> Run:
    key, row = next(iter(run.facts.views["board_rows"].items()))
    return _view(run, "board_rows", {key: {**row, "signed": not row["signed"]}})


def an_inbox_item_left_over(run: Run) -> Run:
    return _view(run, "inbox_rows", {f"{uuid4()}/{uuid4()}/sign_plan:": {}})


def a_cycle_row_missing(run: Run) -> Run:
    return _facts(run, views={**run.facts.views, "cycle_rows": {}})


def views_behind(run: Run) -> Run:
    return _facts(run, views_position=run.facts.views_position - 1)


def a_duty_before_its_time(run: Run) -> Run:
    return _changed(run, "Reminded", lambda event: replace(event, recorded_at=event.recorded_at - HOUR))


def a_duty_judged_too_early(run: Run) -> Run:
    return _changed(run, "Reminded", lambda event: replace(event, at=event.at - HOUR))


def a_duty_nobody_owes(run: Run) -> Run:
    return _changed(run, "CheckedIn", lambda event: replace(event, actor=SYSTEM))


def a_duty_done_twice(run: Run) -> Run:
    return _with_event(run, replace(_last(run.facts, "Reminded"), command_id=uuid4()))


def a_phase_closed_twice(run: Run) -> Run:
    return _with_event(run, replace(_last(run.facts, "PhaseClosed"), command_id=uuid4()))


def a_closing_begun_twice(run: Run) -> Run:
    events = [event for event in run.facts.events if event.type != "PhaseClosed"]
    closing = _last(run.facts, "PhaseClosing")
    return _with_event(_facts(run, events=events), replace(closing, command_id=uuid4(), at=closing.at + SECOND))


def a_plan_moved_while_it_was_frozen(run: Run) -> Run:
    """The last signature changes places with the closing that came after it."""
    events = list(run.facts.events)
    signed = events.index(_last(run.facts, "PlanSigned"))
    closing = next(place for place, event in enumerate(events) if place > signed and event.type == "PhaseClosing")
    first, second = events[signed], events[closing]
    events[signed] = replace(second, position=first.position)
    events[closing] = replace(first, position=second.position)
    return _facts(run, events=events)


def a_plan_recorded_as_it_did_not_stand(run: Run) -> Run:
    plan = str(_last(run.facts, "PlanSigned").stream)

    def moved(event: Recorded) -> Recorded:
        data = json.loads(event.payload)
        data["plans"][plan] += 1
        return replace(event, payload=json.dumps(data).encode())

    return _changed(run, "PhaseClosed", moved)


def no_workflow(run: Run) -> Run:
    return _facts(run, workflows=run.facts.workflows[1:])


def two_workflows(run: Run) -> Run:
    return _facts(run, workflows=[*run.facts.workflows, run.facts.workflows[0]])


def a_workflow_of_a_closed_stream(run: Run) -> Run:
    stream = next(stream for stream, row in run.facts.streams.items() if row.closed)
    name = f"cycle:{run.facts.organization}:{stream}"
    return _facts(run, workflows=[*run.facts.workflows, WorkflowFact(name, 100, None)])


def a_workflow_of_nothing(run: Run) -> Run:
    name = f"plan:{run.facts.organization}:{uuid4()}"
    return _facts(run, workflows=[*run.facts.workflows, WorkflowFact(name, 100, None)])


def seen_less_than_delivered(run: Run) -> Run:
    first, *rest = run.facts.workflows
    return _facts(run, workflows=[replace(first, seen=first.seen - 1), *rest])


def a_late_timer(run: Run) -> Run:
    return _timer(run, HOUR)


def no_timer(run: Run) -> Run:
    return _timer(run, None)


def requests_queued(run: Run) -> Run:
    return _facts(run, stuck=Stuck(queued=1))


def a_fanout_left(run: Run) -> Run:
    return _facts(run, stuck=Stuck(fanouts=1))


def a_lock_waited_for(run: Run) -> Run:
    return _facts(run, stuck=Stuck(waiting_locks=1))


def an_idle_transaction(run: Run) -> Run:
    return _facts(run, stuck=Stuck(idle_transactions=1))


def an_advisory_lock(run: Run) -> Run:
    return _facts(run, stuck=Stuck(advisory_locks=1))


def connections_leaked(run: Run) -> Run:
    return _facts(run, stuck=Stuck(connections=run.facts.connection_bound + 1))


def a_silent_api(run: Run) -> Run:
    return _facts(run, stuck=Stuck(unanswered=1))


def a_delivery_stuck(run: Run) -> Run:
    return _row(run, lambda row: not row.closed, delivered_position=0)


def a_duty_overdue_by_its_row(run: Run) -> Run:
    return _row(run, lambda row: not row.closed, next_due=run.facts.now - 2 * OVERDUE)


def a_duty_overdue_by_the_log(run: Run) -> Run:
    return _facts(_row(run, lambda _row: True, next_due=None), now=run.facts.now + 24 * HOUR)


PLANTS: dict[Callable[[Run], Run], str] = {
    acknowledged_and_gone: "effects",
    acknowledged_elsewhere: "effects",
    refused_and_done: "effects",
    unsent_and_done: "effects",
    deferred_and_done: "effects",
    a_retried_success_refused: "effects",
    under_another_actor: "effects",
    two_effects_of_one_command: "effects",
    nobody_asked: "strangers",
    done_again_under_another_id: "markers",
    a_position_missing: "contiguous",
    a_version_missing: "contiguous",
    the_counter_ahead: "contiguous",
    a_byte_changed: "chain",
    an_event_of_another_release: "readable",
    a_wrong_answer: "answers",
    no_answer: "answers",
    two_answers: "answers",
    an_answer_to_nothing: "answers",
    a_stale_head: "heads",
    a_stale_fact: "heads",
    a_row_without_a_stream: "heads",
    a_board_row_altered: "views",
    an_inbox_item_left_over: "views",
    a_cycle_row_missing: "views",
    views_behind: "views_current",
    a_duty_before_its_time: "duties",
    a_duty_judged_too_early: "duties",
    a_duty_nobody_owes: "duties",
    a_duty_done_twice: "duties_once",
    a_phase_closed_twice: "duties_once",
    a_closing_begun_twice: "duties_once",
    a_plan_moved_while_it_was_frozen: "frozen",
    a_plan_recorded_as_it_did_not_stand: "frozen",
    no_workflow: "one_workflow",
    two_workflows: "one_workflow",
    a_workflow_of_a_closed_stream: "one_workflow",
    a_workflow_of_nothing: "one_workflow",
    seen_less_than_delivered: "seen",
    a_late_timer: "timers",
    no_timer: "timers",
    requests_queued: "nothing_stuck",
    a_fanout_left: "nothing_stuck",
    a_lock_waited_for: "nothing_stuck",
    an_idle_transaction: "nothing_stuck",
    an_advisory_lock: "nothing_stuck",
    connections_leaked: "nothing_stuck",
    a_silent_api: "nothing_stuck",
    a_delivery_stuck: "nothing_stuck",
    a_duty_overdue_by_its_row: "nothing_overdue",
    a_duty_overdue_by_the_log: "still_owed",
}


@pytest.mark.parametrize(("plant", "invariant"), PLANTS.items(), ids=[plant.__name__ for plant in PLANTS])
async def test_a_planted_violation_is_seen(run: Run, plant: Callable[[Run], Run], invariant: str) -> None:
    planted = plant(run)
    found = {violation.invariant for violation in await violations(planted.facts, planted.sent)}
    assert invariant in found


def test_every_invariant_has_its_plant() -> None:
    source = getsource(violations)
    assert set(re.findall(r'"(\w+)"', source)) == set(PLANTS.values())


# --- tools ---


def _try(verdict: Verdict, at: datetime, first: int = 0, last: int = 0) -> Try:
    return Try(verdict, at, at, "", first, last)


def _answered(sent: Sent, verdict: Verdict) -> None:
    sent.tries = [_try(verdict, sent.tries[0].sent_at)]


def _facts(run: Run, **changes: Any) -> Run:
    facts: Facts = replace(run.facts, **changes)
    return Run(facts, run.sent)


def _last(facts: Facts, kind: str) -> Recorded:
    return next(event for event in reversed(facts.events) if event.type == kind)


def _with_event(run: Run, event: Recorded) -> Run:
    """One more event at the log's end."""
    place = len(run.facts.events) + 1
    version = run.facts.streams[event.stream].version + 1
    events = [*run.facts.events, replace(event, position=place, version=version)]
    return _facts(run, events=events, last_position=place)


def _changed(run: Run, kind: str, change: Callable[[Recorded], Recorded]) -> Run:
    last = _last(run.facts, kind)
    return _facts(run, events=[change(event) if event is last else event for event in run.facts.events])


def _row(run: Run, which: Callable[[StreamRow], bool], **changes: Any) -> Run:
    streams: dict[UUID, StreamRow] = {
        stream: replace(row, **changes) if which(row) else row for stream, row in run.facts.streams.items()
    }
    return _facts(run, streams=streams)


def _view(run: Run, table: str, changes: dict[str, Any]) -> Run:
    return _facts(run, views={**run.facts.views, table: {**run.facts.views[table], **changes}})


def _timer(run: Run, late: timedelta | None) -> Run:
    workflows = [
        replace(fact, wakes_at=None if late is None or fact.wakes_at is None else fact.wakes_at + late)
        for fact in run.facts.workflows
    ]
    return _facts(run, workflows=workflows)

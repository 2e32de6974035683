"""What the second book holds a cycle to: gates, closings, timetables, digests."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.cycle import closing, exceptions, opening, participation
from domain.cycle.recomputing import DeadlinesRecomputed
from domain.cycle.results import DigestSent, ResultsPublished
from domain.messages import Event
from domain.values import plan_id
from tests.domain.book.kept import LAPSE, PHASES, Book, Plan


def gate_holds(book: Book) -> bool:
    plans = [book.plans.get(owner, Plan(owner, owner)) for owner in book.taking_part()]
    goals = [goal for plan in plans for goal in plan.goals.values()]
    if book.phase == "draft":
        return all(plan.goals for plan in plans)
    if book.phase == "negotiate":
        return all(plan.goals for plan in plans) and all(goal.agreed for goal in goals)
    if book.phase == "commit":
        return all(plan.signed for plan in plans)
    if book.phase == "track":
        if any(book.catches_up(plan) for plan in plans):
            return False
        in_force = [goal for plan in plans for goal in plan.in_force.values()]
        return all(goal.final for goal in in_force) and not any(plan.base for plan in plans)
    found = book.results
    return found is not None and all(plan.receipt == found[plan.owner] for plan in plans if plan.owner in found)


def told_cycle(book: Book, actor: UUID, at: datetime, event: Event) -> None:
    assert not book.closed or isinstance(event, exceptions.PhaseReopened), "a closed cycle moved"
    in_force = book.closing_since is not None and at < book.closing_since + LAPSE
    finishing = isinstance(event, closing.PhaseClosed | closing.ClosingReleased | closing.CycleClosed)
    assert finishing or not in_force, "the cycle moved while it closed"
    match event:
        case opening.CycleOpened():
            book.participants = dict.fromkeys(event.participants, True)
            book.deadlines = {phase.value: due for phase, due in event.deadlines.items()}
            book.period_ends = event.period.ends
            book.facilitator, book.scoring = event.facilitator, event.policy.scoring.hash
        case participation.ParticipantEnrolled() | participation.ParticipantExcused():
            book.participants[event.owner] = isinstance(event, participation.ParticipantEnrolled)
            book.joined_in_track.discard(event.owner)
            if isinstance(event, participation.ParticipantEnrolled) and event.late_in == "track":
                assert book.phase == "track"
                assert event.reason is not None
                book.joined_in_track.add(event.owner)
        case exceptions.DeadlineExtended() | exceptions.PhaseReopened():
            assert actor == book.facilitator
            assert event.deadlines[event.phase] > at, "a new deadline that has passed"
            _timetable(book, event)
        case DeadlinesRecomputed():
            assert actor == book.facilitator
            before, book.deadlines = book.deadlines, {phase.value: due for phase, due in event.deadlines.items()}
            assert all(before[phase] > at for phase, due in book.deadlines.items() if due != before[phase])
            assert [book.deadlines[phase] for phase in PHASES] == sorted(book.deadlines.values()), "out of order"
        case closing.GateFailed():
            assert at >= book.deadlines[book.phase], "a gate failed before its deadline"
            assert not gate_holds(book), "a gate that holds failed"
            assert not book.told_of_gate, "told twice of one gate"
            assert event.escalated_to == book.facilitator
            book.told_of_gate = True
        case closing.PhaseClosing():
            assert gate_holds(book), "closing over a failing gate"
            assert actor == book.facilitator if event.early else at >= book.deadlines[book.phase]
            book.closing_since = at
        case closing.ClosingReleased():
            assert book.closing_since is not None
            assert not gate_holds(book) or at >= book.closing_since + LAPSE, "released for no reason"
            book.closing_since, book.told_of_gate = None, False
        case closing.PhaseClosed():
            _phase_closed(book, at, event)
        case closing.CycleClosed():
            assert book.phase == "retrospect"
            book.closed = True
        case ResultsPublished():
            assert book.phase == "retrospect"
            assert book.results is None, "published twice"
            book.results = {found.owner: found.hash for found in event.results}
            assert {owner for owner in book.taking_part() if book.plans[owner].goals} == set(book.results)
        case DigestSent():
            _digest(book, at, event)


def _timetable(book: Book, event: exceptions.DeadlineExtended | exceptions.PhaseReopened) -> None:
    book.deadlines = {phase.value: due for phase, due in event.deadlines.items()}
    assert [book.deadlines[phase] for phase in PHASES] == sorted(book.deadlines.values()), "deadlines out of order"
    if event.phase == book.phase:
        book.told_of_gate = False
    if isinstance(event, exceptions.PhaseReopened):
        assert book.closed or PHASES.index(event.phase) < PHASES.index(book.phase), "re-opened what is open"
        book.phase, book.results, book.closed = event.phase.value, None, False
        book.told_of_gate, book.closing_since = False, None


def _phase_closed(book: Book, at: datetime, event: closing.PhaseClosed) -> None:
    assert event.phase == book.phase
    assert gate_holds(book), "closed over a failing gate"
    assert book.closing_since is not None
    assert at < book.closing_since + LAPSE, "closed after the closing had lapsed"
    versions = {owner: book.plans[owner].version if owner in book.plans else 0 for owner in book.taking_part()}
    assert event.plans == {plan_id(book.cycle, owner): version for owner, version in versions.items()}
    book.closing_since, book.told_of_gate, book.looked_since = None, False, at
    if book.phase != "retrospect":
        book.phase = PHASES[PHASES.index(book.phase) + 1]


def _digest(book: Book, at: datetime, event: DigestSent) -> None:
    assert book.phase == "track"
    assert event.number == book.digests + 1
    assert event.next_due > at
    since = book.looked_since
    assert since is not None
    owing = {
        owner
        for owner in book.taking_part()
        if owner in book.plans and not book.catches_up(book.plans[owner])
        for goal in book.plans[owner].in_force.values()
        if not goal.final and (goal.reported is None or goal.reported < since)
    }
    assert set(event.owners) == owing, "the digest names others than those who owe a check-in"
    book.digests, book.looked_since = event.number, at

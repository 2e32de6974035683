"""The timetable of a cycle: closing its phases at their deadlines, and the digest of track."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.agenda import Agenda, Duty, agenda_of
from domain.cycle.bypass import passed_over
from domain.cycle.closing import BeginClosing, FinishClosing
from domain.cycle.gates import blockers
from domain.cycle.results import SendDigest
from domain.cycle.series import OpenNextCycle
from domain.cycle.state import CycleState, cycle
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.directory.effects import directory_at


def owed(state: CycleState, context: Context) -> Iterator[Duty]:
    """Everything the cycle owes in its present phase, whenever it falls due."""
    if state.held is not None:
        return
    if state.upcoming is not None:
        opens = state.upcoming.opens
        yield Duty(f"OpenNextCycle:{opens.isoformat()}", opens, OpenNextCycle(due=opens))
    if state.closed:
        return
    if state.closing is not None:
        finish = FinishClosing(phase=state.phase, since=state.closing.version)
        yield Duty(f"FinishClosing:{state.phase}:v{state.closing.version}", state.closing.since, finish)
        return
    deadline = state.deadlines[state.phase]
    # After a failed gate the closing is owed again once nothing blocks; until then the cycle watches its plans.
    if state.gate_failure is None or _may_close(state, context):
        begin = BeginClosing(phase=state.phase, since=state.owed_since)
        yield Duty(f"BeginClosing:{state.phase}:v{state.owed_since}:{deadline.isoformat()}", deadline, begin)
    if state.phase is Phase.TRACK and state.digest_due is not None:
        digest = SendDigest(number=state.digests + 1)
        yield Duty(f"SendDigest:{digest.number}:{state.digest_due.isoformat()}", state.digest_due, digest)


def _may_close(state: CycleState, context: Context) -> bool:
    found = blockers(state, context)
    return not found or passed_over(state, found, directory_at(context)) is not None


def cycle_agenda(state: CycleState, context: Context, now: datetime) -> Agenda:
    """The agenda of a cycle."""
    phase = state.phase.value
    if not state.opened or (state.closed and state.upcoming is None):
        return Agenda(phase=phase, closed=state.closed, summary="The cycle is closed")
    if state.held is not None:
        return Agenda(phase=phase, summary=f"{phase}, held since {state.held.since.isoformat()}")
    if state.closed:
        return agenda_of(owed(state, context), now, phase=phase, summary="Closed; the next cycle will open")
    failed = state.gate_failure
    waiting = f", waiting for {len(failed.blockers)} checks" if failed else ""
    return agenda_of(
        owed(state, context),
        now,
        phase=phase,
        watching=failed is not None,
        quiet_seconds=state.policy.gate_look.seconds if failed else 0,
        summary=f"{phase} of {len(state.participants)} plans until {state.deadlines[state.phase].isoformat()}{waiting}",
    )


cycle.agenda = cycle_agenda

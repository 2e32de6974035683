"""The paths whose histories are kept: each lives one cycle, or a part of it, under the time-skipping server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.client import Client, WorkflowHistory

from domain.cycle.exceptions import ReopenPhase
from domain.cycle.policy import Policy
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.plan.sending_back import RejectPlan
from domain.values import Elapsed
from tests.support.quarter import Quarter, windows
from tests.support.skipping import Skipping, name_of
from workflows.ids import workflow_id

HOURS = windows(*(hour * 3600 for hour in range(1, 6)))
TICK = timedelta(milliseconds=50)
POLICY = Policy(
    turn=Elapsed(seconds=600),
    assignment_served=Elapsed(seconds=600),
    signature_reminder=Elapsed(seconds=300),
    signature_escalation=Elapsed(seconds=900),
    check_in_every=Elapsed(seconds=1200),
    result_served=Elapsed(seconds=600),
)


async def opened(machine: Skipping, policy: Policy = POLICY) -> Quarter:
    """A simulated organization with a cycle of five hours and two agreed plans."""
    quarter = await machine.quarter()
    await quarter.found()
    await quarter.open(timetable=HOURS, policy=policy)
    for owner in quarter.staff:
        await quarter.draft(owner)
        await quarter.agree(owner)
    return quarter


async def until(machine: Skipping, quarter: Quarter, phase: Phase) -> None:
    """Let the timers close phases until the cycle is in this one."""
    while (state := await quarter.state()).phase is not phase:
        await machine.pass_until(quarter, state.deadlines[state.phase] + TICK)


async def signed(machine: Skipping, quarter: Quarter) -> None:
    """Both plans signed, the cycle in track."""
    await until(machine, quarter, Phase.COMMIT)
    for owner in quarter.staff:
        await quarter.submit(owner)
        await quarter.sign(owner)
    await until(machine, quarter, Phase.TRACK)


async def finished(machine: Skipping, quarter: Quarter) -> None:
    """From track to the close."""
    for owner in quarter.staff:
        await quarter.check_in(owner)
    await until(machine, quarter, Phase.RETROSPECT)
    await quarter.publish()
    await machine.pass_until(quarter, (await quarter.state()).deadlines[Phase.RETROSPECT] + TICK)
    assert (await quarter.state()).closed


async def happy(machine: Skipping) -> Quarter:
    """Everybody is in time."""
    quarter = await opened(machine)
    await signed(machine, quarter)
    await finished(machine, quarter)
    return quarter


async def rejected(machine: Skipping) -> Quarter:
    """An approver sends a plan back after a signature; it is submitted and signed again."""
    quarter = await opened(machine)
    await until(machine, quarter, Phase.COMMIT)
    owner = quarter.staff[0]
    shown = await quarter.submit(owner)
    await quarter.sign(owner, quarter.head)
    await machine.settle(quarter)
    await quarter.act(quarter.lead, quarter.plan_ref(owner), RejectPlan(hash=shown, reason="Too easy"))
    await machine.settle(quarter)
    await signed(machine, quarter)
    return quarter


async def deadline(machine: Skipping) -> Quarter:
    """A gate fails at its deadline, escalates, and closes when its blocker is gone."""
    quarter = await machine.quarter()
    await quarter.found()
    await quarter.open(timetable=HOURS, policy=POLICY)
    await quarter.draft(quarter.staff[0])
    await machine.pass_until(quarter, (await quarter.state()).deadlines[Phase.DRAFT] + TICK)
    assert (await quarter.state()).gate_failure is not None
    await quarter.draft(quarter.staff[1])
    await machine.pass_until(quarter, await machine.now() + timedelta(minutes=2))
    assert (await quarter.state()).phase is Phase.NEGOTIATE
    return quarter


async def escalation(machine: Skipping) -> Quarter:
    """A silent approver is reminded; the next level signs."""
    quarter = await opened(machine)
    await until(machine, quarter, Phase.COMMIT)
    owner = quarter.staff[0]
    await quarter.submit(owner)
    await machine.pass_until(quarter, await machine.now() + timedelta(minutes=16))
    await quarter.sign(owner, quarter.lead)
    await machine.settle(quarter)
    signing = (await quarter.plan(owner)).signing
    assert signing is not None
    assert signing.escalated_to is not None
    await quarter.sign(owner, signing.escalated_to)
    await quarter.submit(quarter.staff[1])
    await quarter.sign(quarter.staff[1])
    await until(machine, quarter, Phase.TRACK)
    return quarter


async def reopened(machine: Skipping) -> Quarter:
    """The facilitator goes back from track to commit, and the phase closes anew."""
    quarter = await opened(machine)
    await signed(machine, quarter)
    again = ReopenPhase(
        phase=Phase.COMMIT, until=await machine.now() + timedelta(minutes=30), reason="A plan was wrong"
    )
    await quarter.act(quarter.lead, quarter.cycle_ref, again)
    await machine.settle(quarter)
    await until(machine, quarter, Phase.TRACK)
    return quarter


async def busy(machine: Skipping) -> Quarter:
    """A digest every 200 s: the cycle's history has grown long when track ends."""
    quarter = await opened(machine, POLICY.model_copy(update={"check_in_every": Elapsed(seconds=200)}))
    await signed(machine, quarter)
    await finished(machine, quarter)
    return quarter


async def away(machine: Skipping) -> Quarter:
    """The log is away when a reminder falls due, until the workflow waits for it patiently."""
    quarter = await opened(machine)
    await until(machine, quarter, Phase.COMMIT)
    owner = quarter.staff[0]
    await quarter.submit(owner)
    await machine.settle(quarter)
    signing = (await quarter.plan(owner)).signing
    assert signing is not None
    machine.agendas.away = True
    await machine.environment.sleep(signing.remind_at - await machine.now() + TICK)
    await machine.waits_patiently(quarter, quarter.plan_ref(owner))
    machine.agendas.away = False
    await machine.pass_until(quarter, await machine.now() + timedelta(minutes=1))
    return quarter


PATHS: dict[str, Callable[[Skipping], Awaitable[Quarter]]] = {
    path.__name__: path for path in (happy, rejected, deadline, escalation, reopened, busy, away)
}


async def histories(client: Client, quarter: Quarter, ref: Ref, run: str) -> list[WorkflowHistory]:
    """The histories of a stream's workflow from this run on, oldest first."""
    name = workflow_id(name_of(quarter.organization, ref))
    found = []
    while run:
        history = await client.get_workflow_handle(name, run_id=run).fetch_history()
        found.append(history)
        run = history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return found


async def first_run(client: Client, quarter: Quarter, ref: Ref) -> str:
    """The first run of a stream's workflow, as the dev server tells it."""
    described = await client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref))).describe()
    first: str = described.raw_description.workflow_execution_info.first_run_id
    return first

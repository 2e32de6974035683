"""The one judge of every campaign: facts in, violations out. Each invariant of docs/reliability.md is a function.

Nothing is asked of a server, so each invariant is tested by planting its violation (test_checker.py). A check that must
hold at every moment is *lasting*; one that may take its time after a fault (a workflow that starts, a late duty) is
*passing*: the campaign looks again until its patience ends.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from activities.signatures import StreamName
from cli.composition import CODEC
from domain.cycle.policy import Policy
from domain.decider import Ref
from domain.registry import DECIDERS
from domain.values import SYSTEM
from eventlog.codec import UnknownEventError
from eventlog.log import Recorded
from eventlog.projection import Projection
from eventlog.verify import verify_chain
from tests.faults.facts import Facts, RecordedLog, StreamRow, WorkflowFact
from tests.faults.owed import World, performed_duties
from tests.faults.sent import Sent, Verdict
from workflows.ids import stream_name, workflow_id

CLOCKS = timedelta(seconds=1)
"""The log takes an `at` so far ahead of the database's clock; so early a duty may be recorded."""
TIMER_LATENESS = timedelta(seconds=10)
"""Temporal starts a timer when the task that asks for it is answered. A worker that is frozen meanwhile, or has no
processor, answers late, but never later than this: then the task goes to another."""
OVERDUE = timedelta(seconds=5)
"""A duty that nobody has performed after so long is stuck."""


LAPSES = timedelta(seconds=Policy().closing_lapses.seconds)
"""After this nobody is bound by a closing that nobody finished (R2.3), and another may begin."""


@dataclass(frozen=True)
class Violation:
    """One broken promise."""

    invariant: str
    """The name of the function that found it."""
    what: str
    lasting: bool = True
    """False: may pass by itself."""

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


async def violations(facts: Facts, sent: Iterable[Sent]) -> list[Violation]:
    """Everything that is wrong."""
    known = list(sent)
    unreadable = list(readable(facts))
    lasting = {
        "effects": effects(facts, known),
        "strangers": strangers(facts, known),
        "markers": markers(facts, known),
        "contiguous": contiguous(facts),
        "answers": answers(facts),
        "heads": heads(facts),
        "chain": await chain(facts),
        "readable": unreadable,
        "duties": [] if unreadable else duties(facts),
        "duties_once": duties_once(facts),
        "frozen": [] if unreadable else frozen(facts),
    }
    passing = {
        "one_workflow": one_workflow(facts),
        "seen": seen(facts),
        "timers": timers(facts),
        "nothing_stuck": nothing_stuck(facts),
        "nothing_overdue": nothing_overdue(facts),
        "still_owed": [] if unreadable else still_owed(facts),
        "views_current": views_current(facts),
    }
    found = [Violation(name, what) for name, says in lasting.items() for what in says]
    found += [Violation(name, what, lasting=False) for name, says in passing.items() for what in says]
    found += [Violation("views", what) for what in ([] if unreadable else await views(facts))]
    return found


# --- commands and their effects ---


@dataclass(frozen=True)
class Balance:
    """Commands whose effect is missing, and effects that are there twice."""

    lost: int
    doubled: int


def balance(found: Iterable[Violation]) -> Balance:
    """What the table says: commands, however many checks complain of each."""
    texts = [violation.what for violation in found]
    named = [(text, COMMAND.search(text)) for text in texts]
    return Balance(
        len({found[0] for text, found in named if found and text.startswith("lost")}),
        len({found[0] for text, found in named if found and text.startswith(("doubled", "unasked"))}),
    )


COMMAND = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
"""The first id in a complaint about effects is the command's."""


def effects(facts: Facts, sent: Sequence[Sent]) -> Iterator[str]:
    """An acknowledged command has exactly one effect, an unknown one none or one, a refused one none."""
    by_command = _by_command(facts)
    for command in sent:
        events = by_command.get(command.command_id, [])
        yield from _effect(command, events)


AT_THE_DOOR = {"queue.full"}
"""Told to come back before anybody looked whether the command had come before: no refusal of the command."""


def _effect(command: Sent, events: Sequence[Recorded]) -> Iterator[str]:
    where = f"{command.name} {command.command_id}"
    acknowledged = [one for one in command.tries if one.verdict is Verdict.ACKNOWLEDGED]
    positions = [event.position for event in events]
    if acknowledged and not events:
        yield f"lost: {where} was acknowledged at {acknowledged[0].first} and is not in the log"
        return
    if not events:
        return
    if positions != list(range(positions[0], positions[-1] + 1)):
        yield f"doubled: {where} has effects at {positions}"
    for one in acknowledged:
        if [one.first, one.last] != [positions[0], positions[-1]]:
            yield f"doubled: {where} was acknowledged at {one.first}-{one.last} and is at {positions}"
    if len({event.recorded_at for event in events}) > 1:
        yield f"doubled: {where} was recorded in several appends"
    if any(event.actor != command.actor for event in events):
        yield f"{where} is recorded under another actor"
    for one in command.tries:
        looked_at = one.verdict in (Verdict.REFUSED, Verdict.UNCHANGED) and one.code not in AT_THE_DOOR
        if looked_at and events[0].recorded_at < one.sent_at:
            yield f"{where} was {one.verdict} ({one.code}) although its effect was in the log before it was sent"
    if command.verdict not in (Verdict.ACKNOWLEDGED, Verdict.UNKNOWN):
        yield f"doubled: {where} was {command.verdict} every time and has an effect at {positions}"


def strangers(facts: Facts, sent: Sequence[Sent]) -> Iterator[str]:
    """Every effect after the preparation is a duty's, or was asked for."""
    known = {command.command_id for command in sent}
    for event in facts.events:
        if event.position > facts.founded_at and event.actor != SYSTEM and event.command_id not in known:
            yield f"unasked: nobody sent {event.command_id}, and {event.type} is at {event.position}"


def markers(facts: Facts, sent: Sequence[Sent]) -> Iterator[str]:
    """A value that one command alone carries is in the log once where it was acknowledged, at most once otherwise."""
    carried: dict[str, list[Recorded]] = {}
    for event in facts.events:
        for marker in _carried(event):
            carried.setdefault(marker, []).append(event)
    for command in sent:
        if command.marker is None:
            continue
        events = carried.get(command.marker, [])
        if len(events) > 1:
            yield f"doubled: the value {command.marker} of {command.command_id} is at {_places(events)}"
        if command.verdict is Verdict.ACKNOWLEDGED and not events:
            yield f"lost: the value {command.marker} of {command.command_id} is nowhere"
        if any(event.command_id != command.command_id for event in events):
            yield f"doubled: the value {command.marker} of {command.command_id} came in under another id"


def _places(events: Iterable[Recorded]) -> list[int]:
    return [event.position for event in events]


def _carried(event: Recorded) -> set[str]:
    if event.type == "CheckedIn":
        return {str(reading["value"]) for reading in json.loads(event.payload)["readings"] if reading.get("value")}
    if event.type == "RevisionProposed":
        results = json.loads(event.payload)["definition"].get("key_results", [])
        return {str(result["target"]) for result in results if result.get("target")}
    return set()


# --- the log ---


def contiguous(facts: Facts) -> Iterator[str]:
    """Positions run 1, 2, 3 … to the counter; versions do in each stream."""
    versions: Counter[UUID] = Counter()
    for place, event in enumerate(facts.events, start=1):
        if event.position != place:
            yield f"position {event.position} stands where {place} belongs"
            return
        versions[event.stream] += 1
        if event.version != versions[event.stream]:
            yield f"version {event.version} of {event.stream} stands where {versions[event.stream]} belongs"
            return
    if facts.last_position != len(facts.events):
        yield f"the counter says {facts.last_position}, the log has {len(facts.events)} events"


def answers(facts: Facts) -> Iterator[str]:
    """The log has one answer to every command id: the command's events, one after the other, of one append."""
    by_command = _by_command(facts)
    for command, events in by_command.items():
        positions = [event.position for event in events]
        if positions != list(range(positions[0], positions[-1] + 1)):
            yield f"command {command} has effects at {positions}"
        if len({event.recorded_at for event in events}) > 1:
            yield f"command {command} was recorded in several appends"
        if list(facts.answers.get(command, ())) != positions[:1]:
            yield f"command {command} is answered from {facts.answers.get(command)} and is at {positions}"
    for command in facts.answers.keys() - by_command.keys():
        yield f"command {command} has an answer and no event"


def _by_command(facts: Facts) -> dict[UUID, list[Recorded]]:
    found: dict[UUID, list[Recorded]] = {}
    for event in facts.events:
        found.setdefault(event.command_id, []).append(event)
    return found


def heads(facts: Facts) -> Iterator[str]:
    """Every stream's row names the stream's last event."""
    last: dict[UUID, Recorded] = {}
    fact: Counter[UUID] = Counter()
    for event in facts.events:
        last[event.stream] = event
        if event.fact:
            fact[event.stream] = event.version
    for stream in last.keys() ^ facts.streams.keys():
        yield f"stream {stream} has {'no row' if stream in last else 'a row and no event'}"
    for stream in last.keys() & facts.streams.keys():
        row, event = facts.streams[stream], last[stream]
        if (row.version, row.hash, row.last_position, row.fact_version) != (
            event.version,
            event.hash,
            event.position,
            fact[stream],
        ):
            yield f"stream {stream} stands at {row.version} in its row and at {event.version} in the log"


def readable(facts: Facts) -> Iterator[str]:
    """Every event is one that this release knows; without that nothing can be folded."""
    for event in facts.events:
        try:
            CODEC.decode(event)
        except (UnknownEventError, ValueError) as error:  # pydantic's error is a ValueError
            yield f"{event.type} at {event.position} cannot be read: {type(error).__name__}"


async def chain(facts: Facts) -> list[str]:
    """Every hash recomputed from the bytes."""
    report = await verify_chain(RecordedLog(facts.events, facts.last_position), facts.organization)
    return [report.fault] if report.fault else []


def views_current(facts: Facts) -> Iterator[str]:
    """The read models have come to the log's end."""
    if facts.views_position != facts.last_position:
        yield f"the read models are at position {facts.views_position} of {facts.last_position}"


async def views(facts: Facts) -> list[str]:
    """The read models say what a fold of the whole log up to their position says."""
    until = [event for event in facts.events if event.position <= facts.views_position]
    if not until:
        return []
    log = RecordedLog(until, facts.views_position)
    rows = await Projection(log, DECIDERS, CODEC).rows(facts.organization, until, [])
    expected: dict[str, dict[str, Any]] = {
        "cycle_rows": {str(cycle): row.model_dump(mode="json") for cycle, row in rows.cycles.items()},
        "board_rows": {f"{cycle}/{plan}": row.model_dump(mode="json") for (cycle, plan), row in rows.plans.items()},
        "inbox_rows": {
            f"{source}/{wait.person}/{wait.key}": wait.model_dump(mode="json")
            for source, waits in rows.waits.items()
            for wait in waits
        },
    }
    return [
        f"{table}: {key} is {served.get(key)} and must be {rebuilt.get(key)}"
        for table, rebuilt in expected.items()
        for served in [facts.views[table]]
        for key in sorted(rebuilt.keys() | served.keys())
        if rebuilt.get(key) != served.get(key)
    ]


# --- duties ---


def duties(facts: Facts) -> Iterator[str]:
    """Whatever goalcycle did by itself was owed when it did it, and was not recorded before it fell due."""
    for performed in performed_duties(facts.organization, facts.events):
        event = performed.event
        if performed.duty is None:
            yield f"{event.type} at {event.position} was not owed at {event.at.isoformat()}"
        elif event.recorded_at < performed.duty.due - CLOCKS:
            yield f"{event.type} at {event.position} came at {event.recorded_at}, too early: {performed.duty.key}"


def duties_once(facts: Facts) -> Iterator[str]:
    """Nobody is reminded, escalated to, served or closed upon twice for one cause."""
    done: Counter[tuple[str, ...]] = Counter()
    closing: dict[UUID, datetime] = {}
    arrived: Counter[tuple[UUID, str]] = Counter()
    for event in facts.events:
        if event.type == "GoalReceived":  # a goal that comes back is received anew
            arrived[event.stream, json.loads(event.payload)["goal"]] += 1
        if event.type == "PhaseClosing":
            lapses = closing.get(event.stream, datetime.min.replace(tzinfo=UTC)) + LAPSES
            if event.at < lapses:
                yield f"PhaseClosing at {event.position} follows another of the cycle that would lapse at {lapses}"
            closing[event.stream] = event.at
        elif event.type in ("PhaseClosed", "ClosingReleased") and closing.pop(event.stream, None) is None:
            yield f"{event.type} at {event.position} ends no closing"
        elif event.type == "PhaseReopened":
            closing.pop(event.stream, None)
        if event.type in CAUSES:
            data = json.loads(event.payload)
            cause = [str(data.get(name)) for name in CAUSES[event.type]]
            if "goal" in data:
                cause.append(str(arrived[event.stream, data["goal"]]))
            done[str(event.stream), event.type, *cause] += 1
    for (stream, kind, *why), times in done.items():
        if times > 1:
            yield f"{kind} of {stream} came {times} times for {why}"


def frozen(facts: Facts) -> Iterator[str]:
    """From a phase's closing to its end nobody moves a plan of the cycle, and the end records where each one stands.

    A duty may: a wait that ends in the closing is not put off by it, and the end reads every plan as it is by then.
    """
    owners: dict[UUID, UUID] = {}
    stands: Counter[UUID] = Counter()
    facts_at: Counter[UUID] = Counter()
    moved: dict[UUID, int] = {}
    began: dict[UUID, int] = {}
    for event in facts.events:
        if event.kind == "plan":
            if event.type == "PlanOpened":
                owners[event.stream] = UUID(json.loads(event.payload)["cycle"])
            stands[event.stream] = event.version
            if event.fact:
                facts_at[event.stream] = event.version
            if event.fact and event.actor != SYSTEM:
                moved[event.stream] = event.position
        elif event.type == "PhaseClosing":
            began[event.stream] = event.position
        elif event.type == "PhaseClosed":
            recorded = {UUID(plan): version for plan, version in json.loads(event.payload)["plans"].items()}
            for plan in (plan for plan, cycle in owners.items() if cycle == event.stream):
                if moved.get(plan, 0) > began[event.stream]:
                    yield f"plan {plan} moved at {moved[plan]}, within the closing from {began[event.stream]}"
                if not facts_at[plan] <= recorded.get(plan, -1) <= stands[plan]:  # a notice may come in between
                    yield f"plan {plan} stood at {stands[plan]} and {event.position} records {recorded.get(plan)}"


CAUSES: Mapping[str, tuple[str, ...]] = {
    "Reminded": ("about", "since", "goal"),
    "Escalated": ("since",),
    "Rerouted": ("since", "step"),
    "DecisionEscalated": ("since", "goal"),
    "AssignmentServed": ("goal", "hash"),
    "ResultServed": ("result",),
    "DigestSent": ("number",),
}
"""What tells two duties of one kind and stream apart, told a second time and in another way than their keys."""


# --- Temporal ---


def one_workflow(facts: Facts) -> Iterator[str]:
    """One running workflow per open stream, none for a closed one, none for anything else."""
    running = Counter(fact.workflow for fact in facts.workflows)
    names = {workflow_id(StreamName(organization=facts.organization, kind=row.kind, stream=stream)): row
             for stream, row in facts.streams.items()}  # fmt: skip
    for name, row in names.items():
        if not row.closed and running[name] != 1:
            yield f"{running[name]} workflows run for the open stream {name}"
        if row.closed and running[name]:
            yield f"{running[name]} workflows run for the closed stream {name}"
    for name in running.keys() - names.keys():
        yield f"{name} runs for no stream"


def seen(facts: Facts) -> Iterator[str]:
    """A workflow has seen at least what it was told."""
    for fact, row in _kept(facts):
        if fact.seen < row.delivered_position:
            yield f"{fact.workflow} has seen {fact.seen} and was told {row.delivered_position}"


def timers(facts: Facts) -> Iterator[str]:
    """A workflow wakes by itself no later than something falls due."""
    for fact, row in _kept(facts):
        if row.next_due is None:
            continue
        if fact.wakes_at is None or fact.wakes_at > row.next_due + TIMER_LATENESS:
            yield f"{fact.workflow} wakes at {fact.wakes_at} and owes something at {row.next_due}"


def _kept(facts: Facts) -> Iterator[tuple[WorkflowFact, StreamRow]]:
    for fact in facts.workflows:
        row = facts.streams.get(stream_name(fact.workflow).stream)
        if row is not None and not row.closed:
            yield fact, row


# --- what must come to rest ---


def nothing_stuck(facts: Facts) -> Iterator[str]:
    """Queues are empty, everything is delivered, nobody waits for a lock or sits on a connection."""
    stuck = facts.stuck
    for what, count in {
        "requests wait to be appended": stuck.queued,
        "fan-outs are not done": stuck.fanouts,
        "sessions wait for a lock": stuck.waiting_locks,
        "transactions are open and idle": stuck.idle_transactions,
        "advisory locks are held": stuck.advisory_locks,
        "API processes do not acknowledge a command": stuck.unanswered,
        "streams are not delivered": sum(row.wake_position > row.delivered_position for row in facts.streams.values()),
    }.items():
        if count:
            yield f"{count} {what}"
    if stuck.connections > facts.connection_bound:
        yield f"{stuck.connections} connections to Postgres, more than {facts.connection_bound}"


def nothing_overdue(facts: Facts) -> Iterator[str]:
    """Nothing fell due long ago and is still owed."""
    for stream, row in facts.streams.items():
        if not row.closed and row.next_due is not None and row.next_due < facts.now - OVERDUE:
            yield f"{row.kind} {stream} owes something since {row.next_due}"


def still_owed(facts: Facts) -> Iterator[str]:
    """Nothing that the log says, folded anew, fell due long ago; whatever the rows say."""
    world = World(facts.organization)
    for event in facts.events:
        world.apply(event)
    for stream, row in facts.streams.items():
        for duty in world.agenda(Ref(row.kind, stream), facts.now).due:
            if duty.due < facts.now - OVERDUE:
                yield f"{row.kind} {stream} owes {duty.key} since {duty.due}"

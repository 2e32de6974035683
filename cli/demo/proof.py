"""The proof at the end: everything acknowledged is in the log exactly once, and the log holds together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import Client

from cli.demo.acting import Acknowledged
from domain.values import SYSTEM
from workflows.ids import stream_name

PHASES = ["draft", "negotiate", "commit", "track", "retrospect"]
DUTY_EVENTS = {
    "Reminded": "reminders",
    "Escalated": "escalations",
    "AssignmentServed": "assignments_served",
    "ResultServed": "results_served",
    "DigestSent": "digests",
    "GateFailed": "gates_failed",
    "PhaseClosed": "phases_closed",
}
SCENES = {
    "objection": "ObjectionDecided",
    "mediation": "MediationDecided",
    "imposed revision": "RevisionImposed",
    "delegation": "Delegated",
    "amendment": "AmendmentRequested",
    "escalation": "Escalated",
    "voided signature": "SignaturesVoided",
}
"""What the example's story shows, and the event that proves it."""


@dataclass
class Summary:
    """What the demo prints with `--json`."""

    goals: int = 0
    plans: int = 0
    events: int = 0
    acknowledged: int = 0
    repeated: int = 0
    lost: int = 0
    doubled: int = 0
    chain_verified: bool = False
    phases: list[str] = field(default_factory=list)
    duties: dict[str, int] = field(default_factory=dict)
    voided_signatures: int = 0
    scenes: dict[str, int] = field(default_factory=dict)
    worker_kills: int = 0
    views_match_log: bool = False
    temporal_events_per_workflow: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    organization: str = ""
    cycle: str = ""

    def failures(self, *, scenes: bool = False) -> list[str]:
        """Every check that does not hold, in words; of a story with all its scenes also those."""
        missing = {f"there was no {name}": count > 0 or not scenes for name, count in self.scenes.items()}
        checks = {
            f"{self.lost} acknowledged commands are not in the log": self.lost == 0,
            f"{self.doubled} effects are in the log twice": self.doubled == 0,
            "the chain does not hold": self.chain_verified,
            f"the phases closed are {self.phases}": self.phases == PHASES,
            "nobody was reminded": self.duties.get("reminders", 0) > 0,
            "nothing escalated": self.duties.get("escalations", 0) > 0,
            "no digest was sent": self.duties.get("digests", 0) > 0,
            "no signature was voided": self.voided_signatures > 0,
            "the worker was not killed": self.worker_kills == 1,
            "the read models do not say what the log says": self.views_match_log,
            "there are no goals": self.goals > 0,
            **missing,
        }
        return [sentence for sentence, holds in checks.items() if not holds]


def count_lost(events: Sequence[Mapping[str, Any]], acknowledged: Iterable[Acknowledged]) -> int:
    """Acknowledged commands whose events are not all at their positions, under one command id."""
    by_position = {event["position"]: event["command_id"] for event in events}
    lost = 0
    for answer in acknowledged:
        ids = {by_position.get(position) for position in range(answer.first, answer.last + 1)}
        lost += len(ids) != 1 or None in ids
    return lost


def count_doubled(events: Sequence[Mapping[str, Any]], acknowledged: Iterable[Acknowledged]) -> int:
    """Effects that happened twice: a command id outside its answered positions, or one duty performed twice."""
    by_position = {event["position"]: event["command_id"] for event in events}
    expected = {by_position.get(answer.first): answer.last - answer.first + 1 for answer in acknowledged}
    found = Counter(event["command_id"] for event in events)
    twice = sum(found[command] > count for command, count in expected.items() if command is not None)
    duties = Counter(_duty(event) for event in events if event["actor"] == str(SYSTEM))
    return twice + sum(count - 1 for count in duties.values() if count > 1)


def _duty(event: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells two duties of one stream apart."""
    data = event["data"]
    marks = [str(data.get(key)) for key in ("about", "since", "goal", "number", "phase", "step", "result")]
    return (event["stream"]["id"], event["type"], *marks)


def count_duties(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How often each kind of duty was performed."""
    found = Counter(DUTY_EVENTS[event["type"]] for event in events if event["type"] in DUTY_EVENTS)
    return dict(sorted(found.items()))


def count_scenes(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How often each scene was played."""
    found = Counter(event["type"] for event in events)
    return {scene: found[event] for scene, event in SCENES.items()}


async def history_events(client: Client, organization: str) -> dict[str, float]:
    """The mean number of Temporal history events of a workflow over all its runs, by kind of stream."""
    events: Counter[str] = Counter()
    workflows: dict[str, set[str]] = {}
    async for run in client.list_workflows():
        name = stream_name(run.id)
        if str(name.organization) == organization:
            described = await client.get_workflow_handle(run.id, run_id=run.run_id).describe()
            events[name.kind] += described.history_length
            workflows.setdefault(name.kind, set()).add(run.id)
    return {kind: round(events[kind] / len(ids), 1) for kind, ids in sorted(workflows.items())}

"""A goal's whole negotiation as data, told from its events: revisions, turns, comments, mediation and objections (R4).

What no product examined keeps. It holds nothing that the events do not say, so it can be told as of any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from domain.goals import GoalDefinition
from domain.messages import Event
from domain.plan.comments import CommentResolved, RevisionCommented
from domain.plan.diff import Change
from domain.plan.drafting import AssignmentAcknowledged, GoalAssigned, GoalDrafted
from domain.plan.duties import AssignmentServed, Reminded
from domain.plan.going_up import DecisionEscalated
from domain.plan.mediation import MediationDecided, MediationOpened, RevisionImposed
from domain.plan.negotiation import RevisionAccepted, RevisionProposed
from domain.plan.objection import AssignmentObjected, ObjectionDecided
from domain.plan.talks import Cause, KpiField, Side
from domain.plan.withdrawing import RevisionWithdrawn
from domain.sealed import AuthorText
from domain.values import Frozen, Instant, Number


class Happened(NamedTuple):
    """An event of the plan, and who brought it about when."""

    version: int
    actor: UUID
    at: datetime
    event: Event


class Acceptance(Frozen):
    """Somebody stood by a revision: a side accepted it, the owner received it, or it counts as received."""

    how: Literal["accepted", "acknowledged", "served"]
    by: UUID
    at: Instant


class Revision(Frozen):
    """One complete revision, and how it differs from the one before (R4.1)."""

    how: Literal["drafted", "assigned", "proposed", "imposed"]
    version: int
    """Of the plan."""
    number: int
    round: int
    """0 where it was drafted, assigned or imposed."""
    side: Side | None = None
    by: UUID
    at: Instant
    hash: str
    definition: GoalDefinition
    changes: tuple[Change, ...] = ()
    reasons: dict[str, AuthorText] = Field(default_factory=dict)
    findings: tuple[str, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    withdrawn_at: Instant | None = None


class Turn(Frozen):
    """One side had to answer (R4.3)."""

    side: Side
    since: Instant
    due: Instant | None
    mediate_at: Instant | None
    reminded_at: Instant | None = None
    ended_at: Instant | None = None
    """None: it is still theirs."""


class Remark(Frozen):
    """A comment, and what became of it (R4.4)."""

    comment: UUID
    hash: str
    path: str | None
    by: UUID
    side: Side | None
    at: Instant
    text: AuthorText
    blocking: bool
    asks: bool
    answer: AuthorText | None = None
    resolved_by: UUID | None = None
    resolved_at: Instant | None = None


class Raised(Frozen):
    """It went to somebody else above, who may decide too (R4.3)."""

    to: UUID | None
    """None: nobody was left above."""
    cause: Literal["silence", "gone"]
    at: Instant
    due: Instant | None


class MediationRecord(Frozen):
    """Somebody above was asked, and what they decided (R4.3)."""

    mediator: UUID | None
    cause: Cause
    hash: str
    reason: AuthorText | None
    at: Instant
    due: Instant
    raised: tuple[Raised, ...] = ()
    outcome: Literal["impose", "return", "agreed"] | None = None
    """`agreed`: the sides ended it themselves. None: it is open."""
    decided_by: UUID | None = None
    decided_for: UUID | None = None
    """Whose delegate they were."""
    decided_at: Instant | None = None
    advice: AuthorText | None = None
    """The reason of the decision."""


class ObjectionRecord(Frozen):
    """The owner's objection to an assigned KPI, and what was decided (R4.2)."""

    hash: str
    path: KpiField
    counter: Number
    reason: AuthorText
    by: UUID
    at: Instant
    decider: UUID | None
    due: Instant
    raised: tuple[Raised, ...] = ()
    outcome: Literal["upheld", "rejected"] | None = None
    decided_by: UUID | None = None
    decided_for: UUID | None = None
    """Whose delegate they were."""
    decided_at: Instant | None = None
    decision: AuthorText | None = None
    """The reason of the decision."""


class NegotiationRecord(Frozen):
    """Everything that was said of one goal, in order."""

    revisions: tuple[Revision, ...] = ()
    turns: tuple[Turn, ...] = ()
    comments: tuple[Remark, ...] = ()
    mediations: tuple[MediationRecord, ...] = ()
    objections: tuple[ObjectionRecord, ...] = ()


def record_of(goal: UUID, events: Iterable[Happened]) -> NegotiationRecord:
    """The negotiation of one goal of the plan whose events these are."""
    teller = _Teller()
    for happened in events:
        if getattr(happened.event, "goal", None) == goal:
            teller.learn(happened)
    return teller.record


class _Teller:
    def __init__(self) -> None:
        self.record = NegotiationRecord()

    def learn(self, happened: Happened) -> None:
        version, actor, at, event = happened
        match event:
            case GoalDrafted() | GoalAssigned():
                how: Any = "drafted" if isinstance(event, GoalDrafted) else "assigned"
                self._add("revisions", _revision(happened, how, 1, {"round": 0}))
            case RevisionProposed():
                said = {"round": event.round, "side": event.side, "changes": event.changes, "reasons": event.reasons}
                self._add("revisions", _revision(happened, "proposed", event.number, said))
                if event.definition.kind == "okr":
                    self._turn(at, event.side.other, event.answer_by, event.mediate_by)
            case RevisionWithdrawn():
                self._edit("revisions", "hash", event.hash, withdrawn_at=at)
                self._turn(at, event.back.turn, event.back.turn_due, event.back.mediate_at)
            case RevisionAccepted() | AssignmentAcknowledged() | AssignmentServed():
                self._accepted(actor, at, event)
            case RevisionCommented():
                told = event.model_dump(exclude={"goal", "answer_by", "mediate_by", "allowed_by"})
                self._add("comments", Remark(**told | {"text": event.text, "at": at}))
                if event.asks and event.side is not None:
                    self._turn(at, event.side.other, event.answer_by, event.mediate_by)
            case CommentResolved():
                self._edit(
                    "comments", "comment", event.comment, answer=event.answer, resolved_by=event.by, resolved_at=at
                )
                asker = next((one.side for one in self.record.comments if one.comment == event.comment), None)
                if event.answer_by is not None:
                    self._turn(at, asker, event.answer_by, event.mediate_by)
            case Reminded() if event.about == "turn" and self.record.turns:
                self._edit("turns", "since", self.record.turns[-1].since, reminded_at=at)
            case _:
                self._decided(version, at, event)

    def _accepted(self, actor: UUID, at: datetime, event: Any) -> None:
        how = "served" if isinstance(event, AssignmentServed) else "acknowledged"
        how = "accepted" if isinstance(event, RevisionAccepted) else how
        known = next((one for one in reversed(self.record.revisions) if one.hash == event.hash), None)
        if known is not None:
            more = (*known.acceptances, Acceptance.model_validate({"how": how, "by": actor, "at": at}))
            self._edit("revisions", "hash", event.hash, acceptances=more)
        if how == "accepted":
            self._turn(at)
            if self.record.mediations and self.record.mediations[-1].outcome is None:
                open_one = self.record.mediations[-1]
                self._edit("mediations", "at", open_one.at, outcome="agreed", decided_by=actor, decided_at=at)

    def _decided(self, version: int, at: datetime, event: Event) -> None:
        match event:
            case MediationOpened():
                told = {name: getattr(event, name) for name in ("mediator", "cause", "hash", "reason")}
                self._add("mediations", MediationRecord(**told, at=at, due=event.answer_by))
            case MediationDecided():
                open_one = self.record.mediations[-1]
                self._edit("mediations", "at", open_one.at, **_ended(event, at), advice=event.reason)
                returned = Side.OWNER if event.outcome == "return" else None
                self._turn(at, returned, event.answer_by, event.mediate_by)
            case RevisionImposed():
                said = {"round": 0, "changes": event.changes, "reasons": event.reasons}
                self._add("revisions", _revision(Happened(version, event.by, at, event), "imposed", event.number, said))
                # What was imposed settles the comments that block.
                for one in self.record.comments:
                    if one.blocking and one.resolved_by is None:
                        self._edit("comments", "comment", one.comment, resolved_by=event.by, resolved_at=at)
            case DecisionEscalated():
                kind = "mediations" if event.about == "mediation" else "objections"
                waits = getattr(self.record, kind)[-1]
                raised = Raised(to=event.to, cause=event.cause, at=at, due=event.answer_by)
                self._edit(kind, "at", waits.at, raised=(*waits.raised, raised))
            case AssignmentObjected():
                names = ("hash", "path", "counter", "reason", "by", "decider")
                told = {name: getattr(event, name) for name in names}
                self._add("objections", ObjectionRecord(**told, at=at, due=event.answer_by))
            case ObjectionDecided():
                self._edit("objections", "hash", event.hash, **_ended(event, at), decision=event.reason)
            case _:
                pass

    def _turn(
        self,
        at: datetime,
        side: Side | None = None,
        due: datetime | None = None,
        mediate_at: datetime | None = None,
    ) -> None:
        """The turn that was open ends, and another begins where it is a side's."""
        if self.record.turns and self.record.turns[-1].ended_at is None:
            self._edit("turns", "since", self.record.turns[-1].since, ended_at=at)
        if side is not None:
            self._add("turns", Turn(side=side, since=at, due=due, mediate_at=mediate_at))

    def _add(self, name: str, item: Frozen) -> None:
        self.record = self.record.model_copy(update={name: (*getattr(self.record, name), item)})

    def _edit(self, name: str, key: str, value: object, **changes: object) -> None:
        """The last item that this key names, changed."""
        items = list(getattr(self.record, name))
        place = next((at for at in reversed(range(len(items))) if getattr(items[at], key) == value), None)
        if place is not None:
            items[place] = items[place].model_copy(update=changes)
            self.record = self.record.model_copy(update={name: tuple(items)})


def _ended(event: MediationDecided | ObjectionDecided, at: datetime) -> dict[str, Any]:
    told = {"outcome": event.outcome, "decided_by": event.by, "decided_for": event.on_behalf_of}
    return {**told, "decided_at": at}


def _revision(happened: Happened, how: Any, number: int, more: Mapping[str, Any]) -> Revision:
    event: Any = happened.event
    return Revision(
        how=how,
        version=happened.version,
        number=number,
        by=happened.actor,
        at=happened.at,
        hash=event.hash,
        definition=event.definition,
        findings=event.findings,
        **more,
    )

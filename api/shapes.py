"""The shapes of answers, for the OpenAPI document. A test holds the real answers to them."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.cycle.advice import Reason, UnitFacts
from domain.cycle.policy import Framework
from domain.values import Instant
from domain.waiting import Wait


class Shape(BaseModel):
    """An answer has exactly these members."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Positions(Shape):
    """Places in the organization's log."""

    first: int
    last: int


class StreamName(Shape):
    """A stream of the organization."""

    kind: Literal["directory", "cycle", "plan", "metric"]
    id: UUID


class AppendedEvent(Shape):
    """An event that was appended; of a dry run, with what it would say."""

    stream: StreamName
    type: str
    data: dict[str, Any] | None = None


class CommandAnswer(Shape):
    """What came of a command."""

    outcome: Literal["appended", "duplicate", "unchanged", "dry_run"]
    """`duplicate`: this very request was answered before, and this is the first answer."""
    position: Positions | None
    versions: dict[UUID, int]
    """The streams written, and their versions after it."""
    events: list[AppendedEvent]
    """Empty for a duplicate."""


class FieldError(Shape):
    """One field at fault."""

    pointer: str
    """JSON pointer into the body; `/query/…` and `/header/…` name parameters."""
    code: str
    message: str


class StreamChange(Shape):
    """An event since the version that was seen."""

    version: int
    type: str
    position: int


class ProblemDocument(Shape):
    """RFC 9457: why a request was refused."""

    type: str
    """A page that explains the code in both languages."""
    title: str
    status: int
    code: str
    """Stable: program against this, not against words."""
    detail: str
    hint: str | None = None
    """The way out."""
    errors: list[FieldError] = Field(default_factory=list)
    changes: list[StreamChange] = Field(default_factory=list)
    """With 412: what has happened since the version that was seen."""
    request_id: str


class AsOf(Shape):
    """Which moment an answer is about."""

    position: int
    instant: Instant | None = None
    """When an instant was asked for."""


class BulkItem(Shape):
    """One of many commands."""

    command: str
    """Its name, such as `SignPlan`."""
    stream: UUID | None = None
    """The cycle, plan or metric that it is sent to; absent: the directory."""
    version: int | None = Field(None, ge=0, lt=10**18)
    """The version that you saw, as in `If-Match`; required where the command is an edit. 0: it must not exist yet."""
    key: str | None = Field(None, pattern=r"^[\x21-\x7e]{1,255}$")
    """Its own Idempotency-Key, the same as at the command's own address. Absent: made of the request's key and its
    place. Of no meaning in an atomic request, which has one key."""
    body: dict[str, Any] = Field(default_factory=dict)
    """As at the command's own address."""


class BulkCommands(Shape):
    """Many commands in one request."""

    atomic: bool = False
    """All or nothing, in this order. Otherwise each has an answer of its own, and at most 200 are taken."""
    items: list[BulkItem] = Field(min_length=1, max_length=5_000)


class BulkItemAnswer(Shape):
    """What came of one of many commands: an answer or a problem."""

    status: int
    """As if it had been sent alone."""
    answer: CommandAnswer | None
    problem: ProblemDocument | None


class BulkAnswer(Shape):
    """What came of commands that were sent one by one, in their order."""

    items: list[BulkItemAnswer]


class StateAnswer(Shape):
    """What is known of a directory, cycle, goal or metric."""

    organization: UUID
    kind: Literal["directory", "cycle", "plan", "goal", "metric"]
    id: UUID
    version: int
    """Of the last fact: the ETag."""
    as_of: AsOf | None = None
    """Absent: now."""
    zone: str
    """IANA zone in which the organization's working days end; instants are in UTC."""
    state: dict[str, Any]
    erased: list[str]
    """JSON pointers into `state` of texts whose key was erased: they are null there."""


class SignatureWaits(Shape):
    """The step of the chain that waits."""

    step: int
    """Counted from 0."""
    steps: int
    may_sign: list[UUID]
    """Empty: nobody is left to ask, so the step stays pending."""
    remind_at: Instant
    escalate_at: Instant
    escalated: bool


class PlanAnswer(StateAnswer):
    """A plan, with what it waits for."""

    phase: str
    content_hash: str | None
    """What a signature binds: name it in SubmitPlan and SignPlan. Null where a goal is hidden from the caller."""
    responsible: UUID
    """Who answers for the plan: the owner, or the team's lead."""
    signed: bool
    signature: SignatureWaits | None
    """None where the plan is not submitted, or every step has signed."""
    waits: list[Wait]
    """What the plan asks of whom in the present phase: the same items as in their inboxes."""


class EventAnswer(Shape):
    """One event of the log."""

    position: int
    stream: StreamName
    version: int
    type: str
    notice: bool
    """True: it tells, and changes no rule's outcome."""
    at: Instant
    recorded_at: Instant
    actor: UUID
    command_id: UUID
    hash: str
    allowed_by: str | None
    """The rule that allowed the command, in the first event of each of its steps."""
    data: dict[str, Any]
    erased: list[str]


class EventPage(Shape):
    """Events in order, and the cursor of the next page."""

    items: list[EventAnswer]
    next: str | None
    """Send it as `after`; None: this is the end for now."""


class Feed(Shape):
    """Events of the organization, in order of position, without those that the caller may not see."""

    items: list[EventAnswer]
    next: int
    """Send it as `after`: the last position that was looked at, or what was asked for where nothing is newer."""


class ChangedField(Shape):
    """One field that differs. A text that was erased is null."""

    path: str
    before: str | None
    after: str | None
    needs_reason: bool


class GoalDifference(Shape):
    """How a goal differs between two versions of its plan."""

    goal: UUID
    change: Literal["added", "dropped", "changed"]
    before_hash: str | None
    after_hash: str | None
    fields: list[ChangedField]


class PlanDifference(Shape):
    """What differs between two versions of a plan; unchanged goals are left out."""

    plan: UUID
    from_version: int
    to_version: int
    before_hash: str | None
    """Null where a goal is hidden from the caller."""
    after_hash: str | None
    goals: list[GoalDifference]


class AdviceAnswer(Shape):
    """Which framework suits a unit. It changes nothing: a person decides, with ChooseFramework."""

    facts: UnitFacts
    framework: Framework
    kpi_share: int
    """Percent of the unit's goals by weight."""
    okr_share: int
    balanced: int
    """Where the sum begins: this and the points of the reasons make `kpi_share`."""
    preset: Literal["light", "formal"]
    reasons: list[Reason]
    """Each with the rule that it cites; the sentences are in the language that was asked for."""
    cautions: list[Reason]
    """What to heed with this framework."""


SHAPES: tuple[type[Shape], ...] = (ProblemDocument, CommandAnswer)
"""Shapes that no route names as its answer."""

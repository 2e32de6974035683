"""Comments on a field of a revision, resolved by a person; a question hands the turn over without a round (R4.1, R4.4).

No comment changes a hash: what was agreed or signed stays so.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints, model_validator

from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.messages import Event
from domain.plan.diff import PATH
from domain.plan.drafting import require_current
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.talks import Comment, Side
from domain.plan.turns import KPI_NOT_NEGOTIATED, NOT_PROPOSED, NOT_YOUR_TURN, require_no_mediation, times_to_answer
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash, Instant

EXISTS = problem("comment.exists", 409, "The goal has this comment already.", "Use another comment id.")
UNKNOWN = problem("comment.unknown", 404, "The goal has no comment {comment}.", "Look at the goal for its comments.")
TOO_MANY = problem(
    "comment.too_many",
    409,
    "The goal has {most} comments, which is as many as a goal holds.",
    "Say it in the reasons of a revision.",
)
RESOLVED = problem("comment.resolved", 409, "This comment is resolved already.", "Write another one.")
NOT_YOURS = problem(
    "comment.not_yours",
    403,
    "A comment is resolved by who wrote it.",
    "Ask them, or write a comment of your own.",
)
ASKED_ALREADY = problem(
    "comment.asked_already",
    409,
    "Your side has asked about this revision already.",
    "Accept it, or counter it with your own.",
)
ANSWER_MISSING = problem(
    "comment.answer_missing",
    422,
    "A question is resolved with an answer.",
    "Give one in `answer`, or counter.",
)

Path = Annotated[str, StringConstraints(pattern=f"^(?:{PATH.pattern})$")]
"""A field, by the difference's path: names of fields and ids, never a word of anybody's own."""


class CommentOnRevision(PlanCommand):
    """Say something of the revision that was seen, or of one field of it (R4.4)."""

    goal: UUID
    hash: Hash
    comment: UUID
    path: Path | None = None
    """The field, such as `target` or `key_results.<id>.target`; absent: the whole goal."""
    text: AuthorText
    blocking: bool = False
    """The goal is neither accepted nor submitted before this is resolved."""
    asks: bool = False
    """The other side answers before yours does: the turn goes over to it (R4.1). Once for each revision."""

    @model_validator(mode="after")
    def _one_of_both(self) -> CommentOnRevision:
        if self.blocking and self.asks:
            raise ValueError("a question blocks nothing: whoever asks need not accept before it is answered")
        return self


class ResolveComment(PlanCommand):
    """What a comment says is settled: by who wrote it, or by an answer of whom it asks (R4.4)."""

    goal: UUID
    comment: UUID
    answer: AuthorText | None = None


class RevisionCommented(Event):
    """Somebody said something of a revision."""

    goal: UUID
    hash: Hash
    comment: UUID
    path: str | None = None
    by: UUID
    side: Side | None = None
    text: AuthorText
    blocking: bool
    asks: bool
    answer_by: Instant | None = None
    """With a question: when the side that it asks is reminded."""
    mediate_by: Instant | None = None
    """... and when its silence goes to the mediator (R4.3)."""


class CommentResolved(Event):
    """A comment is settled."""

    goal: UUID
    comment: UUID
    by: UUID
    answer: AuthorText | None = None
    answer_by: Instant | None = None
    """Where it gives the turn back to who asked: when they are reminded."""
    mediate_by: Instant | None = None


@plan.decides(CommentOnRevision)
def comment_on_revision(state: PlanState, command: CommentOnRevision, context: Context) -> list[Event]:
    """By whoever is near the plan; a question only by the side whose turn it is."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    require_current(goal, command.hash)
    if command.comment in goal.comments:
        raise EXISTS("/comment")
    policy = found.cycle.policy
    if len(goal.comments) >= policy.comments_most:
        raise TOO_MANY("/comment", most=policy.comments_most)
    side = found.side_of(context.actor)
    answer_by = mediate_by = None
    if command.asks:
        asked = _require_may_ask(goal, side)
        answer_by, mediate_by = times_to_answer(found, context, asked)
    said = RevisionCommented(
        goal=goal.id,
        hash=goal.hash,
        comment=command.comment,
        path=command.path,
        by=context.actor,
        side=side,
        text=command.text,
        blocking=command.blocking,
        asks=command.asks,
        answer_by=answer_by,
        mediate_by=mediate_by,
    )
    return [said]


def _require_may_ask(goal: Goal, side: Side | None) -> Side:
    """A question is asked in turn, and once of each revision, or a turn would never end. Returns who is asked."""
    if goal.definition.kind == "kpi":
        raise KPI_NOT_NEGOTIATED("/asks")
    if not goal.on_the_table:
        raise NOT_PROPOSED("/asks")
    if side is None or side is not goal.turn:
        raise NOT_YOUR_TURN("/asks")
    if any(one.asks and one.side is side and one.hash == goal.hash for one in goal.comments.values()):
        raise ASKED_ALREADY("/asks")
    require_no_mediation(goal)
    return side.other


@plan.decides(ResolveComment)
def resolve_comment(state: PlanState, command: ResolveComment, context: Context) -> list[Event]:
    """By who wrote it, or by their side where they are gone; a question also by the side that it asks."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    comment = goal.comments.get(command.comment)
    if comment is None:
        raise UNKNOWN("/comment", comment=str(command.comment))
    side = found.side_of(context.actor)
    asked = comment.asks and comment.side is not None and side is comment.side.other
    if not asked and not _is_theirs(comment, side, found, context.actor):
        raise NOT_YOURS("/comment")
    if comment.resolved_by is not None:
        raise RESOLVED("/comment")
    if asked and command.answer is None:
        raise ANSWER_MISSING("/answer")
    answer_by = mediate_by = None
    if comment.side is not None and _waits_for_its_answer(goal, comment):
        answer_by, mediate_by = times_to_answer(found, context, comment.side)
    settled = CommentResolved(
        goal=goal.id,
        comment=command.comment,
        by=context.actor,
        answer=command.answer,
        answer_by=answer_by,
        mediate_by=mediate_by,
    )
    return [settled]


def _is_theirs(comment: Comment, side: Side | None, found: Ground, actor: UUID) -> bool:
    if actor == comment.by:
        return True
    # What somebody left behind must not block for ever: their side settles it, where they had none the counterpart.
    gone = not found.directory.is_active(comment.by)
    return gone and side is (comment.side or Side.COUNTERPART)


def _waits_for_its_answer(goal: Goal, comment: Comment) -> bool:
    """Whether the turn is where this question handed it."""
    turned = comment.asks and comment.side is not None and goal.turn is comment.side.other
    return turned and comment.hash == goal.hash and goal.mediation is None


@plan.evolves(RevisionCommented)
def revision_commented(state: PlanState, event: RevisionCommented) -> PlanState:
    goal = state.goal(event.goal)
    said = Comment(
        hash=event.hash,
        on_draft=not goal.proposed,
        path=event.path,
        by=event.by,
        side=event.side,
        text=event.text,
        blocking=event.blocking,
        asks=event.asks,
    )
    goal = goal.model_copy(update={"comments": {**goal.comments, event.comment: said}})
    to = event.side.other if event.asks and event.side is not None else None
    return state.with_goal(_turned(goal, to, event, state.version + 1))


@plan.evolves(CommentResolved)
def comment_resolved(state: PlanState, event: CommentResolved) -> PlanState:
    goal = state.goal(event.goal)
    comment = goal.comments[event.comment].model_copy(update={"answer": event.answer, "resolved_by": event.by})
    goal = goal.model_copy(update={"comments": {**goal.comments, event.comment: comment}})
    return state.with_goal(_turned(goal, comment.side, event, state.version + 1))


def _turned(goal: Goal, to: Side | None, event: RevisionCommented | CommentResolved, version: int) -> Goal:
    """The goal with the turn handed over, where the event says by when it is to be answered."""
    if event.answer_by is None:
        return goal
    times = {"turn_due": event.answer_by, "mediate_at": event.mediate_by}
    return goal.model_copy(update={"turn": to, "turn_since": version, "turn_reminded": False, **times})

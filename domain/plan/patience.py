"""Until when somebody may take their time: working days of whoever must act, at their own site (R2.2, R4.3, R5.6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.plan.ground import Ground
from domain.plan.signatures import Asked
from domain.values import Duration


def by_when(
    found: Ground, context: Context, people: Iterable[UUID], duration: Duration, start: datetime | None = None
) -> datetime:
    """When `duration` is over for the last of these people, counted from `start` or else from now.

    Of several, who has the most days off sets the date; where nobody is asked, the cycle's site does.
    """
    begun = context.at if start is None else start
    return _last(context, begun, duration, _sites(found, people))


def times_to_decide(
    found: Ground, context: Context, person: UUID | None, answer: Duration
) -> tuple[datetime, datetime]:
    """When who is to decide above a talk is reminded, and when the next level is asked too (R4.2, R4.3)."""
    asked = [person] if person is not None else []
    answer_by = by_when(found, context, asked, answer)
    return answer_by, by_when(found, context, asked, found.cycle.policy.mediation_after, answer_by)


def _sites(found: Ground, people: Iterable[UUID]) -> set[UUID | None]:
    return {found.directory.site_of(person) for person in people} or {found.cycle.site}


def _last(context: Context, begun: datetime, duration: Duration, sites: set[UUID | None]) -> datetime:
    return max([context.after(begun, duration, site) for site in sites])


def signature_patience(found: Ground, context: Context, asked: Iterable[Asked]) -> tuple[datetime, datetime]:
    """When signatures that wait from now on are reminded and escalated (R5.6)."""
    policy, sites = found.cycle.policy, _sites(found, {person for one in asked for person in one.people})
    remind_at = _last(context, context.at, policy.signature_reminder, sites)
    escalate_at = _last(context, context.at, policy.signature_escalation, sites)
    left = found.cycle.deadlines[Phase.COMMIT] - context.at
    # What is signed in track, amended or of a late joiner, has no share of a window that is over (R5.7, R2.6).
    if found.cycle.phase is Phase.COMMIT and left.total_seconds() > 0:
        escalate_at = min(escalate_at, context.at + left * float(policy.escalation_share))
    return min(remind_at, escalate_at), escalate_at

"""Contributors: a goal has one owner who answers for it, and others who accept a share of the work (R3.9).

No share changes a hash, so none voids a signature; the goal is graded once.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from pydantic import field_validator

from domain.cycle.windows import ALIGNABLE
from domain.decider import Context
from domain.directory.requiring import require_person
from domain.messages import Event
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted
from domain.plan.links import Contributor
from domain.plan.state import PlanCommand, PlanState, plan
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Share

MOST_CONTRIBUTORS = 50
"""Of one goal, those included who have not answered."""

OWN = problem("share.own", 422, "The owner answers for the whole goal and takes no share.", "Name somebody else.")
TOO_MUCH = problem(
    "share.too_much",
    409,
    "The shares of others come to {taken} already; with this one nothing would be left to the owner.",
    "Choose a smaller share.",
)
TOO_MANY = problem(
    "share.too_many", 409, "The goal has {most} contributors, which is as many as a goal has.", "Share less finely."
)
NOT_CONTRIBUTOR = problem("share.unknown", 409, "You have no share in this goal.", "Ask the plan's owner to add you.")
STALE = problem("share.stale", 409, "The share is {share} now.", "Look at the goal and accept the present share.")


class AddContributor(PlanCommand):
    """Ask somebody to carry a share of a goal; sent again with another share it asks anew (R3.9)."""

    goal: UUID
    person: UUID
    share: Share
    """What of the goal is theirs; what all shares leave is the owner's."""

    @field_validator("share")
    @classmethod
    def _some(cls, share: Decimal) -> Decimal:
        if not 0 < share < 1:
            raise ValueError("a share lies between 0 and 1")
        return share


class AcceptShare(PlanCommand):
    """Take the share that was seen (R3.9)."""

    goal: UUID
    share: Share


class DeclineShare(PlanCommand):
    """Take no share, or give back the one that was accepted (R3.9)."""

    goal: UUID
    reason: AuthorText


class ContributorAdded(Event):
    """Somebody is asked for a share."""

    goal: UUID
    person: UUID
    share: Share


class ShareAccepted(Event):
    """Somebody carries a share."""

    goal: UUID
    person: UUID
    share: Share


class ShareDeclined(Event):
    """Somebody carries no share, or none any more."""

    goal: UUID
    person: UUID
    reason: AuthorText


@plan.decides(AddContributor)
def add_contributor(state: PlanState, command: AddContributor, context: Context) -> list[Event]:
    """The plan's owner asks; something of every goal stays with the owner."""
    found = admitted(state, context, *ALIGNABLE)
    goal = state.goal(command.goal)
    require_person(found.directory, command.person, "/person")
    if _is_owner(found, command.person):
        raise OWN("/person")
    known = goal.contributors.get(command.person)
    if known is not None and known.share == command.share:
        return []
    others = [one.share for person, one in goal.contributors.items() if person != command.person]
    if len(others) >= MOST_CONTRIBUTORS:
        raise TOO_MANY("/person", most=MOST_CONTRIBUTORS)
    if sum(others, command.share) >= 1:
        raise TOO_MUCH("/share", taken=str(sum(others, Decimal())))
    return [ContributorAdded(goal=goal.id, person=command.person, share=command.share)]


def _is_owner(found: Ground, person: UUID) -> bool:
    """By whatever account."""
    return found.directory.human(person) == found.directory.human(found.owner)


@plan.decides(AcceptShare)
def accept_share(state: PlanState, command: AcceptShare, context: Context) -> list[Event]:
    """Whoever was asked accepts; once is enough."""
    admitted(state, context, *ALIGNABLE)
    goal = state.goal(command.goal)
    asked = _share_of(goal, context.actor)
    if asked.share != command.share:
        raise STALE("/share", share=str(asked.share))
    return [] if asked.accepted else [ShareAccepted(goal=goal.id, person=context.actor, share=asked.share)]


@plan.decides(DeclineShare)
def decline_share(state: PlanState, command: DeclineShare, context: Context) -> list[Event]:
    """Whoever was asked, or has accepted, says why not."""
    admitted(state, context, *ALIGNABLE)
    goal = state.goal(command.goal)
    _share_of(goal, context.actor)
    return [ShareDeclined(goal=goal.id, person=context.actor, reason=command.reason)]


def _share_of(goal: Goal, person: UUID) -> Contributor:
    found = goal.contributors.get(person)
    if found is None:
        raise NOT_CONTRIBUTOR("/goal")
    return found


def _with(state: PlanState, goal: UUID, person: UUID, share: Contributor | None) -> PlanState:
    found = state.goal(goal)
    others = {one: kept for one, kept in found.contributors.items() if one != person}
    shared = others if share is None else {**others, person: share}
    return state.with_goal(found.model_copy(update={"contributors": shared}))


@plan.evolves(ContributorAdded)
def contributor_added(state: PlanState, event: ContributorAdded) -> PlanState:
    return _with(state, event.goal, event.person, Contributor(share=event.share, since=state.version + 1))


@plan.evolves(ShareAccepted)
def share_accepted(state: PlanState, event: ShareAccepted) -> PlanState:
    accepted = Contributor(share=event.share, accepted=True, since=state.version + 1)
    return _with(state, event.goal, event.person, accepted)


@plan.evolves(ShareDeclined)
def share_declined(state: PlanState, event: ShareDeclined) -> PlanState:
    return _with(state, event.goal, event.person, None)

"""Who is answered, and with what: every answer passes through here, and the domain decides (domain/plan/seeing.py).

A route declares what it shows as its action (`shows("see.plan")`); a route that forgets is closed. Which *command* a
person may give is decided where it is decided, not here. Today's rights hold for answers about the past too.
"""

from __future__ import annotations

from uuid import UUID

from api.auth import Caller
from api.services import Services
from domain.access.grants import SEEING
from domain.access.refusals import NOT_MEMBER, PLAN_UNKNOWN
from domain.access.verdict import Deny, Facts, authorize
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.directory.access import stands_in
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY, DirectoryState
from domain.plan.ground import ground_of
from domain.plan.seeing import Sight
from domain.plan.state import PlanState


async def require_reader(services: Services, caller: Caller) -> DirectoryState:
    """Today's directory, if the caller may read what the route shows.

    Raises `organization.unknown` (not founded, or the caller was never in it: invisible) and `access.inactive` (the
    caller has left).
    """
    directory: DirectoryState = (await services.handler.cache.refresh(caller.organization, DIRECTORY)).state
    if caller.person not in directory.people:
        raise NOT_FOUNDED()
    verdict = authorize(caller.action, Facts(stands_in(directory, caller.person)), SEEING)
    if isinstance(verdict, Deny):
        raise NOT_MEMBER() if verdict.rule == "default" else verdict.error()
    return directory


async def sight_of(services: Services, caller: Caller, directory: DirectoryState, plan: UUID) -> Sight:
    """What the caller sees of a plan today. Raises `plan.unknown`, also where that is nothing."""
    (found,) = (await sights_of(services, caller, directory, [plan])).values()
    if found is None:
        raise PLAN_UNKNOWN()
    return found


async def sights_of(
    services: Services, caller: Caller, directory: DirectoryState, plans: list[UUID]
) -> dict[UUID, Sight | None]:
    """What the caller sees of several plans today; None: there is no such plan for them."""
    cache, organization = services.handler.cache, caller.organization
    states = await cache.refresh_each(organization, [Ref("plan", plan) for plan in plans]) if plans else {}
    today: dict[UUID, PlanState] = {ref.stream: cached.state for ref, cached in states.items()}
    above = list(dict.fromkeys(Ref("cycle", state.cycle) for state in today.values() if state.cycle is not None))
    cycles = await cache.refresh_each(organization, above) if above else {}
    found: dict[UUID, Sight | None] = dict.fromkeys(plans)
    for plan, state in today.items():
        if state.cycle is not None and state.owner is not None:
            cycle: CycleState = cycles[Ref("cycle", state.cycle)].state
            sight = Sight(caller.person, ground_of(state.owner, cycle, directory), state)
            found[plan] = sight if sight.plan(state) is not None else None
    return found


def scorecards(person: UUID, cycle: CycleState, directory: DirectoryState, owners: list[UUID]) -> frozenset[UUID]:
    """Of these owners those whose scorecards somebody may see in a cycle, whatever their plans hold."""
    nothing = PlanState()
    return frozenset(owner for owner in owners if Sight(person, ground_of(owner, cycle, directory), nothing).scorecard)


def seen_cycle(person: UUID, state: CycleState, today: CycleState, directory: DirectoryState) -> CycleState:
    """A cycle as of some state, with the results that somebody may see by today's rights."""
    seen = scorecards(person, today, directory, [result.owner for result in state.results.values()])
    results = {plan: result for plan, result in state.results.items() if result.owner in seen}
    return state.model_copy(update={"results": results})

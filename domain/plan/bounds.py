"""What a definition keeps to in its cycle, and what a plan must be as a whole before it is submitted (R3.3-R3.5)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from domain.cycle.policy import Policy
from domain.goals import Kpi, Okr
from domain.plan.ground import Ground
from domain.problems import problem

WEIGHT_BOUNDS = problem(
    "goal.weight_out_of_bounds",
    422,
    "A goal's weight lies between {least} and {most} percentage points here.",
    "Choose a weight within the bounds.",
)
PAYOUT_BOUNDS = problem(
    "goal.payout_out_of_bounds",
    422,
    "What a KPI pays of its own lies between {least} and {most} percent here.",
    "Pay no more than the target at the threshold, and from the target to the cycle's cap at the stretch.",
)
DATA_OWNER = problem(
    "goal.data_owner_unknown",
    422,
    "There is no active person {person} to own the number.",
    "Name somebody of the directory who has not left.",
)
WEIGHTS = problem(
    "plan.weights",
    409,
    "The weights of the plan's {kind} goals total {total}, not 100.",
    "Propose revisions whose weights total 100.",
)
ITEMS = problem(
    "plan.items",
    409,
    "The plan's {item} items come to {total} percentage points, and {most} is the most here.",
    "Lower their weights, or take one out.",
)
SIZE = problem(
    "plan.size",
    409,
    "The plan has {count} objectives, and this cycle takes from {least} to {most}.",
    "Split or merge objectives until their number fits.",
)
GOAL_SIZE = problem(
    "goal.size",
    409,
    "Goal {goal} has {count} key results, and this cycle takes from {least} to {most}.",
    "Propose a revision with as many key results as fit.",
)


def require_bounds(found: Ground, definition: Okr | Kpi) -> None:
    """The weight within the policy's bounds (R3.4); a KPI pays what its cycle can pay, and its number has an owner."""
    rules = found.cycle.policy.scoring
    if not rules.weight_least <= definition.weight <= rules.weight_most:
        raise WEIGHT_BOUNDS("/definition/weight", least=str(rules.weight_least), most=str(rules.weight_most))
    if isinstance(definition, Okr):
        return
    pays = rules.payout
    _require_pays("threshold_pays", definition.threshold_pays, Decimal(0), pays.target)
    _require_pays("stretch_pays", definition.stretch_pays, pays.target, pays.stretch)
    if definition.data_owner is not None and not found.directory.is_active(definition.data_owner):
        raise DATA_OWNER("/definition/data_owner", person=str(definition.data_owner))


def _require_pays(field: str, own: Decimal | None, least: Decimal, most: Decimal) -> None:
    if own is not None and not least <= own <= most:
        raise PAYOUT_BOUNDS(f"/definition/{field}", least=str(least), most=str(most))


def require_weights(definitions: Iterable[Okr | Kpi], policy: Policy) -> None:
    """The OKRs total 100, the KPIs within the 100 do, and the items beside it stay within the policy (R3.3, R3.4)."""
    totals: dict[str, Decimal] = {}
    items: dict[str, Decimal] = {}
    for definition in definitions:
        totals.setdefault(definition.kind, Decimal(0))
        if isinstance(definition, Kpi) and definition.item is not None:
            items[definition.item] = items.get(definition.item, Decimal(0)) + definition.weight
        else:
            totals[definition.kind] += definition.weight
    for kind, total in totals.items():
        if total != 100:
            raise WEIGHTS(kind=kind.upper(), total=str(total))
    for item, total in items.items():
        if total > policy.items_most:
            raise ITEMS(item=item, total=str(total), most=str(policy.items_most))


def require_sizes(goals: Iterable[tuple[str, Okr | Kpi]], policy: Policy) -> None:
    """As many objectives and key results as the cycle takes, where its policy binds them (R3.5). `goals`: id first."""
    if not policy.sizes_bind:
        return
    okrs = [(goal, definition) for goal, definition in goals if isinstance(definition, Okr)]
    least, most = policy.objectives_least, policy.objectives_most
    if okrs and not least <= len(okrs) <= most:
        raise SIZE(count=len(okrs), least=least, most=most)
    least, most = policy.key_results_least, policy.key_results_most
    for goal, definition in okrs:
        if not least <= len(definition.key_results) <= most:
            raise GOAL_SIZE(goal=goal, count=len(definition.key_results), least=least, most=most)

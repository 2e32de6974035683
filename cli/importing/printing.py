"""An import as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from cli.importing.running import ImportReport
from domain.key_results import Milestones

HEADINGS = {
    "dry_run": "This would be imported ({events} events); nothing was changed.",
    "appended": "Imported: {events} events, positions {first} to {last}.",
    "duplicate": "This file is in this cycle already: positions {first} to {last}. Nothing was changed.",
}


def report_lines(report: ImportReport) -> Iterator[str]:
    """Owners, each with goals and key results, then where everything is."""
    plan = report.plan
    yield HEADINGS[report.outcome].format(events=report.events, first=report.first_position, last=report.last_position)
    yield ""
    for planned in plan.owners:
        goals = [goal for goal in plan.goals if goal.plan == planned.plan]
        results = sum(len(goal.results) for goal in goals)
        counts = f"{_count(len(goals), 'goal')}, {_count(results, 'key result')}"
        # A dry run may have made up the organization, and with it every id.
        where = "" if report.outcome == "dry_run" else f"   plan {planned.plan}"
        yield f"{planned.owner.name} ({planned.owner.kind}): {counts}{where}"
        for goal in goals:
            ambition = goal.definition.ambition.value
            yield f"  {goal.line:>5}  {goal.definition.weight:>6} %  {ambition:<12}  {goal.title}"
            for result in goal.results:
                definition = result.definition
                if isinstance(definition, Milestones):
                    done = len(result.final.done or ())
                    how = f"{done} of {_count(len(definition.milestones), 'step')} done"
                else:
                    how = f"{definition.baseline} to {definition.target} {definition.unit}"
                yield f"  {result.line:>5}           {result.title} ({how})"
        yield ""
    if plan.skipped:
        kinds = {kind: sum(1 for one in plan.skipped if one.what == kind) for kind in ("objective", "key_result")}
        steps = len(plan.skipped) - sum(kinds.values())
        yield (
            f"Struck through and not imported: {_count(kinds['objective'], 'objective')}, "
            f"{_count(kinds['key_result'], 'key result')}, {_count(steps, 'milestone')} "
            f"(lines {', '.join(str(one.line) for one in plan.skipped)})."
        )
    total = sum(len(goal.results) for goal in plan.goals)
    yield (
        f"{_count(len(plan.owners), 'plan')}, {_count(len(plan.goals), 'goal')}, {_count(total, 'key result')} "
        f"in the cycle {plan.cycle_name}"
    )
    if report.outcome != "dry_run":
        yield f"organization {plan.options.organization}   cycle {plan.options.cycle_id}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

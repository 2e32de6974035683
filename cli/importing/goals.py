"""One objective as an OKR: how key results and milestones are made of lines. See the package's docstring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from cli.importing.measures import Measure, measure_of
from cli.outline import Milestone, Objective, OutlineProblem
from domain import goals as domain
from domain import key_results
from domain.plan.goal import Reading
from domain.sealed import MAX_TEXT, OwnerText

MAX_KEY_RESULTS = 30
MAX_MILESTONES = 100
MAX_OBJECTIVES = 100
"""Of one owner: a hundredth is the least weight there is (R3.4)."""
BETWEEN = " › "

NewId = Callable[[str, int], UUID]
"""The id of a kind of thing on a line."""


@dataclass(frozen=True)
class Result:
    """A key result, the line it comes from, and where its ticks say it ended."""

    line: int
    title: str
    definition: key_results.Measured | key_results.Milestones
    final: Reading


@dataclass(frozen=True)
class Step:
    """A line that becomes a milestone."""

    line: int
    kind: str
    title: str
    done: bool


@dataclass(frozen=True)
class Part:
    """What becomes one key result: a measure, or steps."""

    line: int
    title: str
    done: bool
    steps: tuple[Step, ...] = ()
    measure: Measure | None = None
    beside_measure: bool = False
    """The steps of a key result that is also measured."""


def shares(count: int) -> list[Decimal]:
    """Weights that total exactly 100 with two decimals, the remainder on the last."""
    each = (Decimal(100) / count).quantize(Decimal("0.01"), ROUND_DOWN)
    return [*[each] * (count - 1), 100 - each * (count - 1)]


def parts_of(objective: Objective) -> list[Part]:
    """What becomes a key result each; what is abandoned is left out."""
    found: list[Part] = []
    for result in objective.key_results:
        if result.abandoned:
            continue
        steps = [_step(milestone) for milestone in result.milestones if not milestone.abandoned]
        measure = measure_of(result.title)
        if measure is not None:
            found.append(Part(result.line, measure.title, result.done is True, measure=measure))
        elif result.done is not None or not steps:
            steps.append(Step(result.line, "itself", result.title, result.done is True))
        if steps:
            beside = measure is not None
            found.append(Part(result.line, result.title, result.done is True, tuple(steps), beside_measure=beside))
    if not found:
        itself = Step(objective.line, "itself", objective.title, objective.done is True)
        found.append(Part(objective.line, objective.title, itself.done, (itself,)))
    return found


def limits_of(objective: Objective, parts: Sequence[Part]) -> Iterator[OutlineProblem]:
    """Where an objective is more than the domain can hold."""
    if len(parts) > MAX_KEY_RESULTS:
        yield OutlineProblem(
            line=parts[MAX_KEY_RESULTS].line,
            code="import.too_many_key_results",
            message=f"The objective of line {objective.line} has {len(parts)} key results; {MAX_KEY_RESULTS} is most.",
        )
    for part in parts:
        if len(part.steps) > MAX_MILESTONES:
            yield OutlineProblem(
                line=part.steps[MAX_MILESTONES].line,
                code="import.too_many_milestones",
                message=f"The key result of line {part.line} has {len(part.steps)} steps; {MAX_MILESTONES} is most.",
            )
        for step in part.steps:
            if len(step.title) > MAX_TEXT:
                yield OutlineProblem(
                    line=step.line,
                    code="import.text_too_long",
                    message=f"With the items that group it the title has more than {MAX_TEXT} characters.",
                )


def result_of(part: Part, new_id: NewId) -> Result:
    """The key result that a part becomes."""
    if part.measure is not None:
        return _measured(part, part.measure, new_id("key_result", part.line))
    return _milestones(part, new_id("steps" if part.beside_measure else "key_result", part.line), new_id)


def okr_of(objective: Objective, results: Sequence[Result], weight: Decimal) -> domain.Okr:
    """The definition of an objective."""
    return domain.Okr(
        kind="okr",
        title=OwnerText(objective.title),
        approach=OwnerText(objective.approach) if objective.approach else None,
        ambition=domain.Ambition.COMMITTED if objective.priority == "P0" else domain.Ambition.ASPIRATIONAL,
        weight=weight,
        key_results=tuple(result.definition for result in results),
    )


def _title(milestone: Milestone) -> str:
    return BETWEEN.join((*milestone.within, milestone.title))


def _step(milestone: Milestone) -> Step:
    return Step(milestone.line, "milestone", _title(milestone), milestone.done is True)


def _measured(part: Part, measure: Measure, id: UUID) -> Result:
    definition = key_results.Measured(
        kind="increase" if measure.target > measure.baseline else "decrease",
        id=id,
        title=OwnerText(part.title),
        unit=measure.unit,
        baseline=measure.baseline,
        target=measure.target,
    )
    value = measure.target if part.done else measure.baseline
    return Result(part.line, part.title, definition, Reading(measure=id, value=value))


def _milestones(part: Part, id: UUID, new_id: NewId) -> Result:
    ids = {step: new_id(step.kind, step.line) for step in part.steps}
    definition = key_results.Milestones(
        kind="milestones",
        id=id,
        title=OwnerText(part.title),
        milestones=tuple(key_results.Milestone(id=ids[step], title=OwnerText(step.title)) for step in part.steps),
    )
    done = tuple(ids[step] for step in part.steps if step.done)
    return Result(part.line, part.title, definition, Reading(measure=id, done=done))

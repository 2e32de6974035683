"""The chain of a plan: which steps sign it, whom each names, and how many of them it needs (R5.2).

Invariant: no step names the human who answers for the plan, by whatever account, and no human is above an owner twice
(R5.4). Who may sign at a given moment is asked of `approvers`, which stands on these steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.cycle.policy import ApprovalStep, Relation
from domain.cycle.state import CycleState
from domain.directory.state import DirectoryState, Role

Via = Literal["person", "role", "relation", "delegate", "escalation", "acceptance"]
"""By which way somebody came to sign."""
PLACES = {Relation.MANAGER: 0, Relation.MANAGERS_MANAGER: 1}
"""How far up the line."""
OF_THE_UNIT = {Relation.UNIT_HR: Role.UNIT_HR, Relation.FINANCE: Role.FINANCE}
"""Who looks after the owner's unit, or after one that it belongs to."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an owner's chain."""

    people: frozenset[UUID]
    """Whom it names now; none: it is pending, never approved (R5.4)."""
    humans: frozenset[UUID]
    """The persons behind these accounts: each counts once."""
    needed: int
    """How many humans sign it."""
    beside: bool
    """Whether it is asked together with the step before it."""
    via: Via


def chain_steps(directory: DirectoryState, cycle: CycleState, owner: UUID) -> tuple[Step, ...]:
    """The steps that sign an owner's plan, as the directory is now; kept beside the directory for who asks again."""
    asked, place = cycle.policy.chain, (cycle.id, owner)
    kept: tuple[Sequence[ApprovalStep], tuple[Step, ...]] | None = directory.chains.get(place)
    if kept is None or kept[0] is not asked:
        kept = directory.chains[place] = asked, _steps(directory, asked, owner)
    return kept[1]


def _steps(directory: DirectoryState, asked: Iterable[ApprovalStep], owner: UUID) -> tuple[Step, ...]:
    responsible = directory.responsible(owner)
    own, line = directory.human(responsible), humans_above(directory, responsible)
    return tuple([_step(directory, step, owner, own, line) for step in asked])


def _step(directory: DirectoryState, step: ApprovalStep, owner: UUID, own: UUID, line: Sequence[UUID]) -> Step:
    human = directory.human
    people = {one: by for one in _named(directory, step, owner, line) if (by := human(one)) != own}
    if not people:
        # Who is in the line signs there, and does not stand in for the level above too.
        out = {own, *(human(one) for one in line)} if step.relation in PLACES else {own}
        people = {one: by for one in directory.holders(step.otherwise) if (by := human(one)) not in out}
    humans = frozenset(people.values())
    needed = step.needed if isinstance(step.needed, int) else 1 if step.needed == "any" else max(1, len(humans))
    return Step(frozenset(people), humans, needed, step.beside, step.kind)


def _named(directory: DirectoryState, step: ApprovalStep, owner: UUID, line: Sequence[UUID]) -> Collection[UUID]:
    if step.person is not None:
        return [step.person] if directory.is_active(step.person) else []
    if step.role is not None:
        return directory.holders(step.role)
    if step.relation in OF_THE_UNIT:
        return directory.holders(OF_THE_UNIT[step.relation], directory.unit_of(owner))
    if step.relation is Relation.FUNCTIONAL_MANAGER:
        leads = directory.functional_manager(directory.responsible(owner))
        return [] if leads is None else [leads]
    place = PLACES[step.relation or Relation.MANAGER]
    return line[place : place + 1]


def humans_above(directory: DirectoryState, person: UUID) -> list[UUID]:
    """The active managers above somebody, nearest first: each human once, and never the person's own account."""
    seen, line = {directory.human(person)}, []
    for above in directory.line_above(person):
        human = directory.human(above)
        if human not in seen:
            seen.add(human)
            line.append(above)
    return line


def chain_is_complete(steps: Sequence[Step]) -> bool:
    """Whether distinct humans can be found for all steps: a person counts once in a chain (R5.2, R5.4)."""
    return can_be_filled((step.humans, step.needed) for step in steps)


def can_be_filled(wants: Iterable[tuple[Collection[UUID], int]]) -> bool:
    """Whether each may have as many as it needs of its candidates, nobody serving twice (augmenting paths)."""
    slots = [candidates for candidates, needed in wants for _ in range(needed)]
    serves: dict[UUID, int] = {}

    def placed(slot: int, tried: set[UUID]) -> bool:
        for candidate in slots[slot]:
            if candidate not in tried:
                tried.add(candidate)
                if candidate not in serves or placed(serves[candidate], tried):
                    serves[candidate] = slot
                    return True
        return False

    return all(placed(slot, set()) for slot in range(len(slots)))


def open_steps(steps: Sequence[Step], done: Collection[int]) -> tuple[int, ...]:
    """The steps that wait for signatures: the first unfinished one, and those asked beside it (R5.2)."""
    first = next((place for place in range(len(steps)) if place not in done), None)
    if first is None:
        return ()
    beside = []
    for place in range(first + 1, len(steps)):
        if not steps[place].beside:
            break
        if place not in done:
            beside.append(place)
    return (first, *beside)

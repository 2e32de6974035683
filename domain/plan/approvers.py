"""Who may decide on a submitted plan now, and by which way: the one door to a signature (R5.4).

Invariant: whatever leads to a signature (a step's people, their delegates, an escalation, an acceptance) comes through
`seats`, and `seats` offers none to a human who answers for the plan, wrote it alone, or has signed it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain.plan.chain import Via, can_be_filled
from domain.plan.ground import Ground, next_above
from domain.plan.signatures import Asked, Signing


class Seat(NamedTuple):
    """How somebody may sign a step."""

    via: Via
    on_behalf_of: UUID | None = None


def sole_author(found: Ground, alone: frozenset[UUID]) -> UUID | None:
    """The human who wrote the whole plan, where no other one agreed to any of it (R5.4)."""
    if not alone:
        return None
    humans = {found.directory.human(author) for author in alone}
    return humans.pop() if len(humans) == 1 else None


def spent(found: Ground, signing: Signing) -> set[UUID]:
    """The humans who cannot sign it (any more): each counts once, also where a delegate signed for them."""
    human = found.directory.human
    out = {found.human}
    for signature in signing.signatures:
        out.add(human(signature.signer))
        if signature.on_behalf_of is not None:
            out.add(human(signature.on_behalf_of))
    if (author := sole_author(found, signing.alone)) is not None:
        out.add(author)
    return out


def seats(found: Ground, signing: Signing, step: int) -> dict[UUID, Seat]:
    """Everybody who may sign a step now, and how. Who has left is asked no more."""
    directory = found.directory
    out, of_chain, wait = spent(found, signing), found.chain[step], signing.waits.get(step)
    free = {one: Seat(of_chain.via) for one in of_chain.people if directory.human(one) not in out}
    for to in wait.escalated_to if wait is not None else ():
        if to not in free and directory.is_active(to) and directory.human(to) not in out:
            free[to] = Seat("escalation")
    for one in sorted(free):
        for delegate in directory.delegates_of(one):
            if delegate not in free and directory.human(delegate) not in out:
                free[delegate] = Seat("delegate", one)
    return free


def open_now(found: Ground, signing: Signing) -> list[int]:
    """The steps that wait."""
    return [] if signing.complete else [step for step in signing.waits if step < len(found.chain)]


def approvers(found: Ground, signing: Signing) -> frozenset[UUID]:
    """Who may sign a step that waits."""
    return frozenset(person for step in open_now(found, signing) for person in seats(found, signing, step))


def in_chain(found: Ground, signing: Signing | None, person: UUID) -> bool:
    """Whether a step names somebody, an escalation went to them, or they have signed."""
    if any(person in step.people for step in found.chain):
        return True
    if signing is None:
        return False
    escalated = (to for wait in signing.waits.values() for to in wait.escalated_to)
    return person in escalated or any(signature.signer == person for signature in signing.signatures)


def stands_in(found: Ground, signing: Signing | None, person: UUID) -> bool:
    """Whether somebody is a delegate of one of those (R5.5)."""
    people = {one for step in found.chain for one in step.people}
    if signing is not None:
        people.update(to for wait in signing.waits.values() for to in wait.escalated_to)
    return any(person in found.directory.delegates_of(one) for one in people)


def named(found: Ground, alone: frozenset[UUID], step: int) -> frozenset[UUID]:
    """Whom a step asks by the directory alone, whoever has signed and whatever it escalated to: those it names, and
    their delegates. Where this changes, the step is asked of others (R5.5).
    """
    directory, out = found.directory, {found.human, sole_author(found, alone)}
    people = [one for one in found.chain[step].people if directory.human(one) not in out]
    delegates = [to for one in people for to in directory.delegates_of(one) if directory.human(to) not in out]
    return frozenset([*people, *delegates])


def asks(found: Ground, alone: frozenset[UUID], steps: Iterable[int]) -> tuple[Asked, ...]:
    """Whom steps ask as they open."""
    return tuple(Asked(step=step, people=tuple(sorted(named(found, alone, step)))) for step in steps)


def step_for(found: Ground, signing: Signing, person: UUID) -> tuple[int, Seat] | None:
    """The step that somebody would sign: of several, one that leaves the others enough people."""
    places = {step: seats(found, signing, step) for step in open_now(found, signing)}
    mine = [(step, people[person]) for step, people in places.items() if person in people]
    if len(mine) > 1:
        mine.sort(key=lambda one: (one[1].via == "escalation", one[1].via == "delegate", one[0]))
        return next((one for one in mine if _leaves_enough(found, signing, person, *one)), mine[0])
    return mine[0] if mine else None


def _leaves_enough(found: Ground, signing: Signing, person: UUID, step: int, seat: Seat) -> bool:
    human = found.directory.human
    gone = spent(found, signing) | {human(person), human(seat.on_behalf_of or person)}
    return can_be_filled(
        (of_chain.humans - gone, max(0, of_chain.needed - counted(found, signing, place) - (place == step)))
        for place, of_chain in enumerate(found.chain)
        if place not in signing.done
    )


def counted(found: Ground, signing: Signing, step: int) -> int:
    """How many signatures of a step count."""
    given = [one.on_behalf_of or one.signer for one in signing.signatures if one.step == step]
    return sum([counts(found, signing, step, principal) for principal in given])


def counts(found: Ground, signing: Signing, step: int, principal: UUID) -> bool:
    """Whether a signature by or for somebody counts: a successor inherits none, so whoever the step names no more
    counts no more; who was asked by escalation does (R5.5, R5.6).
    """
    wait = signing.waits.get(step)
    escalated = wait is not None and principal in wait.escalated_to
    return escalated or found.directory.human(principal) in found.chain[step].humans


def next_level(found: Ground, signing: Signing, step: int) -> UUID | None:
    """Whom an open step goes to next; None where nobody is left to ask."""
    asked = found.chain[step].people.union(signing.waits[step].escalated_to)
    return next_above(found, asked, frozenset(spent(found, signing)))

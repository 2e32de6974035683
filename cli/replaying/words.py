"""Every event of a plan as a sentence: the actor's name in front, reasons and changes below.

An event that has no words of its own is told by its type and the first line of its docstring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from cli.replaying.definitions import ERASED, definition_lines, reading_words, text
from domain.directory.state import DirectoryState
from domain.goals import Kpi, Okr
from domain.messages import Event
from domain.plan.amending import AmendmentRequested, RevertedToSigned
from domain.plan.diff import Change
from domain.plan.drafting import AssignmentAcknowledged, GoalAssigned, GoalDrafted, PlanOpened
from domain.plan.duties import AssignmentServed, Escalated, Reminded, ResultServed
from domain.plan.goal import Reading
from domain.plan.negotiation import RevisionAccepted, RevisionProposed
from domain.plan.rerouting import Rerouted
from domain.plan.result import Reflected, ResultAcknowledged
from domain.plan.sending_back import ChangesRequested, PlanRecalled, PlanRejected, SignatureWithdrawn
from domain.plan.signing import PlanSigned, PlanSubmitted
from domain.plan.tracking import CheckedIn
from domain.plan.visibility import VisibilitySet
from domain.plan.voiding import SignaturesVoided
from domain.sealed import Sealed
from domain.values import SYSTEM
from domain.words import VOIDED

AUDIENCES = {
    "default": "whoever its kind is for",
    "organization": "everybody",
    "chain": "the chain",
    "private": "who writes, negotiates and signs it",
}
E = TypeVar("E", bound=Event)


@dataclass
class Teller:
    """Knows the names of people, and of what the goals so far consist."""

    directory: DirectoryState
    """With its texts opened."""
    titles: dict[UUID, str] = field(default_factory=dict)
    """Of goals, key results and milestones, at the latest revision told; and of the metrics that they name."""

    def tell(self, event: Event) -> list[str]:
        """What happened, without the actor: a clause, then details a line each."""
        definition = getattr(event, "definition", None)
        if isinstance(definition, Okr | Kpi):
            self.learn(UUID(str(getattr(event, "goal", SYSTEM))), definition)
        teller = WORDS.get(type(event))
        if teller is not None:
            return list(teller(self, event))
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(event).__name__).lower()
        about = (type(event).__doc__ or "").partition("\n")[0]
        return [f"{words}: {about}", *self._reason(getattr(event, "reason", None))]

    def learn(self, goal: UUID, definition: Okr | Kpi) -> None:
        """What a goal and its parts are called from now on."""
        self.titles |= {goal: text(definition.title), **_parts(definition)}

    def name(self, person: UUID | None) -> str:
        """A person's or team's name; ids stay ids where a name was erased."""
        if person is None:
            return "nobody"
        if person == SYSTEM:
            return "goalcycle"
        known = self.directory.people.get(person) or self.directory.teams.get(person)
        return (known.name.text if known is not None else None) or f"{ERASED} {person}"

    def names(self, people: Iterable[UUID]) -> str:
        """Several, with commas."""
        return ", ".join(self.name(person) for person in people) or "nobody"

    def goal(self, goal: UUID) -> str:
        """A goal, or a part of one, in quotation marks."""
        return f"“{self.titles.get(goal, str(goal))}”"

    def _reason(self, reason: Any) -> Iterator[str]:
        if isinstance(reason, Sealed):
            yield f"reason: {text(reason)}"

    def definition(self, definition: Okr | Kpi) -> Iterator[str]:
        """A goal's content, a line each."""
        return definition_lines(definition, self.titles)

    def change(self, change: Change, reasons: Mapping[str, Sealed]) -> str:
        """One changed field, with its reason."""
        path = self._path(change.path)
        values = f": {change.before} to {change.after}" if change.before is not None or change.after is not None else ""
        reason = f", because: {text(reasons[change.path])}" if change.path in reasons else ""
        return f"{path}{values or ' reworded'}{reason}"

    def field(self, path: str | None) -> str:
        """Which field of a goal; nothing where it is the whole."""
        return "" if path is None else f" ({self._path(path)})"

    def _path(self, path: str) -> str:
        for part in path.split("."):
            if len(part) == 36 and UUID(part) in self.titles:
                path = path.replace(part, self.goal(UUID(part)))
        return path.replace("_", " ").replace(".", " › ")

    def reading(self, reading: Reading) -> str:
        """What was read of which measure."""
        return f"{self.goal(reading.measure)}: {reading_words(reading, self.titles)}"


def _parts(definition: Okr | Kpi) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    for result in definition.key_results if isinstance(definition, Okr) else ():
        found[result.id] = text(result.title)
        if result.kind == "milestones":
            found |= {step.id: text(step.title) for step in result.milestones}
    return found


WORDS: dict[type[Event], Callable[[Teller, Any], Iterable[str]]] = {}


def _words(event: type[E]) -> Callable[[Callable[[Teller, E], Iterable[str]]], Callable[[Teller, E], Iterable[str]]]:
    def register(words: Callable[[Teller, E], Iterable[str]]) -> Callable[[Teller, E], Iterable[str]]:
        WORDS[event] = words
        return words

    return register


@_words(PlanOpened)
def _plan_opened(teller: Teller, event: PlanOpened) -> Iterable[str]:
    return [f"opened the plan of {teller.name(event.owner)}"]


@_words(GoalDrafted)
def _goal_drafted(teller: Teller, event: GoalDrafted) -> Iterable[str]:
    return [f"drafted the goal {teller.goal(event.goal)}", *teller.definition(event.definition)]


@_words(GoalAssigned)
def _goal_assigned(teller: Teller, event: GoalAssigned) -> Iterable[str]:
    return [f"assigned the KPI {teller.goal(event.goal)}", *teller.definition(event.definition)]


@_words(AssignmentAcknowledged)
def _acknowledged(teller: Teller, event: AssignmentAcknowledged) -> Iterable[str]:
    return [f"acknowledged the KPI {teller.goal(event.goal)}"]


@_words(AssignmentServed)
def _served(teller: Teller, event: AssignmentServed) -> Iterable[str]:
    return [f"counts the KPI {teller.goal(event.goal)} as received: nobody answered in time"]


@_words(RevisionProposed)
def _proposed(teller: Teller, event: RevisionProposed) -> Iterable[str]:
    how = "proposed" if event.round == 1 else "countered with"
    yield f"{how} revision {event.number} of {teller.goal(event.goal)} as the {event.side.value} (round {event.round})"
    for change in event.changes:
        yield teller.change(change, event.reasons)


@_words(RevisionAccepted)
def _accepted(teller: Teller, event: RevisionAccepted) -> Iterable[str]:
    agreed = ": both sides agree" if event.agreed else ""
    return [f"accepted {teller.goal(event.goal)} as the {event.side.value}{agreed}"]


@_words(PlanSubmitted)
def _submitted(teller: Teller, event: PlanSubmitted) -> Iterable[str]:
    return [f"submitted the plan for signatures ({event.hash[:12]})"]


@_words(PlanSigned)
def _signed(teller: Teller, event: PlanSigned) -> Iterable[str]:
    complete = ": the plan is signed" if event.complete else ""
    behalf = f" on behalf of {teller.name(event.on_behalf_of)}" if event.on_behalf_of is not None else ""
    if event.via == "acceptance":
        signer = teller.name(event.signer)
        return [f"counted {signer}'s acceptance as the signature of step {event.step + 1} ({event.hash[:12]})"]
    return [f"signed step {event.step + 1} of the plan{behalf} ({event.hash[:12]}){complete}"]


@_words(PlanRejected)
def _rejected(teller: Teller, event: PlanRejected) -> Iterable[str]:
    return [f"rejected the plan in step {event.step + 1}", f"reason: {text(event.reason)}"]


@_words(ChangesRequested)
def _changes_requested(teller: Teller, event: ChangesRequested) -> Iterable[str]:
    goals = ", ".join(teller.goal(goal) for goal in event.goals)
    return [f"asked in step {event.step + 1} for changes of {goals}", f"reason: {text(event.reason)}"]


@_words(PlanRecalled)
def _recalled(teller: Teller, event: PlanRecalled) -> Iterable[str]:
    return ["took the plan back from its approvers", f"reason: {text(event.reason)}"]


@_words(AmendmentRequested)
def _amendment(teller: Teller, event: AmendmentRequested) -> Iterable[str]:
    return [f"opened the signed plan ({event.base[:12]}) for an amendment", f"reason: {text(event.reason)}"]


@_words(RevertedToSigned)
def _reverted(teller: Teller, event: RevertedToSigned) -> Iterable[str]:
    return [
        f"gave the amendment up: the plan is again as it was signed ({event.hash[:12]})",
        f"reason: {text(event.reason)}",
    ]


@_words(SignatureWithdrawn)
def _withdrew_signature(teller: Teller, event: SignatureWithdrawn) -> Iterable[str]:
    fallen = [person for person in event.signers if person != event.signer]
    also = f"; with it fell what {teller.names(fallen)} signed" if fallen else ""
    return [f"withdrew the signature of step {event.step + 1}{also}", f"reason: {text(event.reason)}"]


@_words(Rerouted)
def _rerouted(teller: Teller, event: Rerouted) -> Iterable[str]:
    released = [person for person in event.from_people if person not in event.to_people]
    instead = f", and no longer {teller.names(released)}" if released else ""
    return [f"asks {teller.names(event.to_people)} for step {event.step + 1}{instead}"]


@_words(SignaturesVoided)
def _voided(teller: Teller, event: SignaturesVoided) -> Iterable[str]:
    why = VOIDED.get(event.reason, event.reason)
    signers = f" of {teller.names(event.signers)}" if event.signers else ""
    about = f": {teller.goal(event.goal)}" if event.goal is not None else ""
    return [f"made the signatures{signers} void, because {why}{about}"]


@_words(Reminded)
def _reminded(teller: Teller, event: Reminded) -> Iterable[str]:
    about = {"turn": "the answer", "objection": "the decision"}.get(event.about, f"the {event.about}")
    goal = f" on {teller.goal(event.goal)}" if event.goal is not None else ""
    return [f"reminded {teller.names(event.people)} of {about}{goal}"]


@_words(Escalated)
def _escalated(teller: Teller, event: Escalated) -> Iterable[str]:
    if event.to is None:
        return [f"found nobody to escalate step {event.step + 1} to"]
    return [f"escalated step {event.step + 1} from {teller.names(event.from_people)} to {teller.name(event.to)}"]


@_words(CheckedIn)
def _checked_in(teller: Teller, event: CheckedIn) -> Iterable[str]:
    final = "last values of" if event.final else "values of"
    status = event.status.replace("_", " ")
    yield f"reported the {final} {teller.goal(event.goal)}: {status}, confidence {event.confidence}"
    for reading in event.readings:
        yield teller.reading(reading)
    if event.narrative is not None:
        yield f"narrative: {text(event.narrative)}"


@_words(Reflected)
def _reflected(teller: Teller, event: Reflected) -> Iterable[str]:
    reflection = event.reflection
    yield f"reflected on {teller.goal(event.goal)}: {reflection.next_step}"
    yield f"what happened: {text(reflection.what_happened)}"
    yield f"why: {text(reflection.why)}"
    yield f"learned: {text(reflection.learned)}"


@_words(ResultAcknowledged)
def _result_acknowledged(teller: Teller, event: ResultAcknowledged) -> Iterable[str]:
    yield f"acknowledged the result ({event.result[:12]}) with {event.how}"
    if event.comment is not None:
        yield f"comment: {text(event.comment)}"


@_words(ResultServed)
def _result_served(teller: Teller, event: ResultServed) -> Iterable[str]:
    return [f"counts the result ({event.result[:12]}) as received: nobody answered in time"]


@_words(VisibilitySet)
def _visibility_set(teller: Teller, event: VisibilitySet) -> Iterable[str]:
    besides = ", ".join(teller.name(person) for person in event.viewers)
    besides = f", and {besides} besides" if besides else ""
    return [f"lets {AUDIENCES[event.audience]} see {teller.goal(event.goal)}{besides}"]

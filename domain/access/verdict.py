"""The verdict: Allow with the rule that allows, or Deny with the rule and the reason. What no grant allows is denied.

Everything here is a function of an action's name, its grants and the facts; the facts are made of states from the log
(domain/*/access.py), so an auditor can ask again as of any position and must get the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from domain.access.refusals import CYCLE_CLOSED, NO_GRANT, PHASE_WRONG
from domain.cycle.windows import Phase
from domain.problems import DomainError, Problem


class Stand(StrEnum):
    """How somebody stands to the thing acted on."""

    SYSTEM = "system"
    """goalcycle itself, doing a duty."""
    FOUNDER = "founder"
    """The first person of an organization that is being founded."""
    MEMBER = "member"
    """Any active person of the organization."""
    ADMIN = "admin"
    BOARD_APPROVER = "board_approver"
    AUDITOR = "auditor"
    UNIT_HR = "unit_hr"
    FACILITATOR = "facilitator"
    """Of the cycle; where the facilitator has left, an administrator for the cycle's own commands."""
    OWNER = "owner"
    """Who answers for the plan: the person, or the team's lead (R3.9)."""
    CONTRIBUTOR = "contributor"
    COUNTERPART = "counterpart"
    """The other side of the negotiation: whoever signs first (R4)."""
    PARENT_OWNER = "parent_owner"
    """Who answers for the parent goal of the alignment that the command names (R3.7)."""
    DATA_OWNER = "data_owner"
    """Whose number it is: the KPI that the command names (R3.2), or the metric (R3.10)."""
    ASSIGNER = "assigner"
    """Who assigned the KPI that the command names."""
    AUTHOR = "author"
    """Who wrote the first or the present revision of the goal."""
    MEDIATOR = "mediator"
    """Asked to end a goal's negotiation, or having imposed what stands now (R4.3)."""
    DECIDER = "decider"
    """Above who assigned a KPI, while an objection to it waits (R4.2)."""
    APPROVER = "approver"
    """Somebody of the chain: named by a step, or asked by an escalation (R5.2, R5.6)."""
    DELEGATE = "delegate"
    """A delegate of somebody of the chain (R5.5)."""
    ABOVE = "above"
    """Somebody above the owner in the reporting line."""
    VIEWER = "viewer"
    """Named by SetVisibility."""
    SELF_OF_OWNER = "self_of_owner"
    """The same human as the owner, by whatever account. A bar: it never grants (R5.4)."""


When = Phase | Literal["closed"]
"""The phase a cycle is in, or that it is over."""


class Facts(NamedTuple):
    """What the log knows of somebody and a thing; a stand that no grant of the action asks for is not worked out."""

    stands: frozenset[Stand] = frozenset()
    phase: When | None = None
    """None: there is no cycle, or its phase is being closed and the rule itself waits for what comes (R2.3)."""
    kind: Literal["okr", "kpi"] | None = None
    """None: it names no goal, or one that is not there, of which the rule then says so."""
    active: bool = True
    """Whether they are in the directory and have not left."""
    proposed: bool = True
    """Whether the goal was ever put on the table (R8)."""
    audience: str = "default"


@dataclass(frozen=True, slots=True)
class Grant:
    """Lets some stands do something. Of several the first that fits says the rule."""

    stands: tuple[Stand, ...]
    """In the order in which they are asked: the first one held names the rule."""
    phases: tuple[When, ...] | None = None
    """None: in every phase, and after the cycle."""
    unless: frozenset[Stand] = frozenset()
    """Who holds one of these is refused, whatever else they are."""
    kinds: frozenset[str] | None = None
    proposed: bool | None = None
    audiences: frozenset[str] | None = None

    def fits(self, facts: Facts) -> bool:
        """Whether the grant speaks of such a thing, whoever asks and whenever."""
        return (
            (self.kinds is None or facts.kind is None or facts.kind in self.kinds)
            and (self.proposed is None or facts.proposed is self.proposed)
            and (self.audiences is None or facts.audience in self.audiences)
        )


@dataclass(frozen=True)
class Grants:
    """All that is granted for one action, and how others are refused."""

    grants: tuple[Grant, ...]
    refusal: Problem
    """For somebody without a stand."""
    barred: Problem
    """For somebody with a bar."""
    left: Problem
    """For somebody who has left, or never was there."""
    stands: tuple[Stand, ...] = field(init=False)
    """What facts must be worked out for it."""
    given: frozenset[When] | None = field(init=False)
    """The phases in which anybody may do it; None: all of them, and after the cycle."""
    who: str = field(init=False)
    """The people it is granted to, in the glossary's words; each is a msgid of its own."""

    def __post_init__(self) -> None:
        asked = [stand for grant in self.grants for stand in (*grant.stands, *sorted(grant.unless))]
        granted = dict.fromkeys(stand for grant in self.grants for stand in grant.stands)
        object.__setattr__(self, "stands", tuple(dict.fromkeys(asked)))
        phases = [grant.phases for grant in self.grants]
        given = None if None in phases else frozenset(one for some in phases for one in some or ())
        object.__setattr__(self, "given", given)
        object.__setattr__(self, "who", ", ".join(WORDS[stand] for stand in granted))

    def given_in(self, phase: Phase) -> bool:
        """Whether anybody may do it in this phase."""
        return self.given is None or phase in self.given


WORDS: Mapping[Stand, str] = {
    Stand.SYSTEM: "goalcycle itself",
    Stand.FOUNDER: "the first person",
    Stand.OWNER: "the plan's owner",
    Stand.COUNTERPART: "the counterpart",
    Stand.PARENT_OWNER: "who answers for the parent goal",
    Stand.DATA_OWNER: "the number's owner",
    Stand.ASSIGNER: "who assigned the goal",
    Stand.FACILITATOR: "the facilitator",
    Stand.ABOVE: "people above the owner",
    Stand.CONTRIBUTOR: "contributors",
    Stand.MEDIATOR: "the mediator",
    Stand.DECIDER: "who decides the objection",
    Stand.AUTHOR: "the author",
    Stand.VIEWER: "viewers",
    Stand.AUDITOR: "auditors",
    Stand.APPROVER: "approvers",
    Stand.DELEGATE: "their delegates",
    Stand.ADMIN: "administrators",
    Stand.BOARD_APPROVER: "board approvers",
    Stand.UNIT_HR: "the unit's HR",
    Stand.MEMBER: "active people",
}
"""How a refusal calls them: each is a msgid."""


@dataclass(frozen=True, slots=True)
class Allow:
    """It may be done, by this rule."""

    rule: str
    """A stable id, of `RULES`."""


@dataclass(frozen=True, slots=True)
class Deny:
    """It may not be done."""

    rule: str
    """A stable id: `default`, `left`, `unless` or `phase`."""
    reason: Problem
    params: Mapping[str, Any] = field(default_factory=dict)

    def error(self) -> DomainError:
        """The refusal to raise."""
        return self.reason(**self.params)


def authorize(action: str, facts: Facts, table: Mapping[str, Grants]) -> Allow | Deny:
    """Whether an action is allowed to who stands so. Bars come first, then the people, then the phase: whoever may
    never do it learns nothing of when it is done.
    """
    found = table.get(action)
    if found is None:
        return Deny("default", NO_GRANT)
    if not facts.active:
        return Deny("left", found.left, {"who": WORDS[Stand.MEMBER]})
    late: Grant | None = None
    for grant in found.grants:
        if not grant.fits(facts):
            continue
        if not grant.unless.isdisjoint(facts.stands):
            return Deny("unless", found.barred, {"who": found.who})
        for stand in grant.stands:
            if stand in facts.stands:
                if grant.phases is None or facts.phase is None or facts.phase in grant.phases:
                    return ALLOWS[stand]
                late = grant
                break
    if late is None:
        return Deny("default", found.refusal, {"who": found.who})
    if facts.phase == "closed":
        return Deny("phase", CYCLE_CLOSED)
    return Deny("phase", PHASE_WRONG, {"phase": str(facts.phase), "expected": ", ".join(late.phases or ())})


RULES: Mapping[Stand, str] = {
    Stand.SYSTEM: "duty",
    Stand.FOUNDER: "organization.founder",
    Stand.MEMBER: "organization.member",
    Stand.ADMIN: "directory.admin",
    Stand.BOARD_APPROVER: "organization.board_approver",
    Stand.AUDITOR: "organization.auditor",
    Stand.UNIT_HR: "unit.hr",
    Stand.FACILITATOR: "cycle.facilitator",
    Stand.OWNER: "plan.owner",
    Stand.CONTRIBUTOR: "goal.contributor",
    Stand.COUNTERPART: "plan.counterpart",
    Stand.PARENT_OWNER: "goal.parent_owner",
    Stand.DATA_OWNER: "goal.data_owner",
    Stand.ASSIGNER: "goal.assigner",
    Stand.AUTHOR: "goal.author",
    Stand.MEDIATOR: "goal.mediator",
    Stand.DECIDER: "goal.decider",
    Stand.APPROVER: "plan.chain",
    Stand.DELEGATE: "plan.delegate",
    Stand.ABOVE: "plan.above",
    Stand.VIEWER: "goal.viewer",
}
"""The rule that speaks for a stand: what stands in the event (`allowed_by`) and in docs/access/permissions.csv. Bars
have none. Stable: it is stored."""
ALLOWS: Mapping[Stand, Allow] = {stand: Allow(rule) for stand, rule in RULES.items()}
NOBODY = Facts()
GOALCYCLE = Facts(frozenset({Stand.SYSTEM}))

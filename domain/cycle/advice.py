"""Which framework suits a unit: advice with reasons, from facts that a person states (R1.1). A person decides.

The share of KPIs begins at one half; each fact moves it by the points of its reason, and so do the bounds that keep
the advice sound. `BALANCED` plus all points is the advised share, so everybody can follow the sum. The points are
ours; what they follow is the rule that each reason cites.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Literal, NamedTuple

from domain.cycle.policy import Framework
from domain.values import Frozen

BALANCED = 50
"""Percent of KPIs where nothing speaks for either side."""
LITTLE = 20
"""Percent: an instrument with no more than this is not worth a second set of rules (ours)."""
BASE = 30
"""Percent of KPIs that are kept where the base may not be left to OKRs alone (ours)."""


class Stage(StrEnum):
    """Where a unit stands."""

    STARTING = "starting"
    GROWING = "growing"
    MATURE = "mature"
    TURNAROUND = "turnaround"


class Degree(StrEnum):
    """How much of something there is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Practice(StrEnum):
    """How a unit is used to goals."""

    NONE = "none"
    SOME = "some"
    PRACTISED = "practised"


class UnitFacts(Frozen):
    """What is known of a unit that shall choose its framework."""

    stage: Stage
    predictability: Degree
    """Of the unit's work."""
    regulation: Degree
    """How far results are required from outside."""
    innovation: Degree
    """How much must be found anew."""
    maturity: Practice
    """With goals."""


class Reason(Frozen):
    """Why the advice is as it is."""

    fact: str
    """The fact that speaks, or `mix` for a bound of the sum, `preset` or `caution`."""
    rule: str
    """The rule of practice that it follows."""
    points: int = 0
    """Percentage points towards KPIs; below zero towards OKRs."""
    sentence: str
    """English: the catalogue's msgid."""


class Advice(Frozen):
    """A recommendation. It changes nothing: who may choose a framework gives ChooseFramework."""

    framework: Framework
    kpi_share: int
    """Percent of the unit's goals by weight; the rest are OKRs."""
    preset: Literal["light", "formal"]
    reasons: tuple[Reason, ...]
    """`BALANCED` and their points make `kpi_share`."""
    cautions: tuple[Reason, ...]
    """What to heed with this framework."""


class _Speaks(NamedTuple):
    points: int
    rule: str
    sentence: str


TABLE: Mapping[str, Mapping[StrEnum, _Speaks]] = {
    "stage": {
        Stage.STARTING: _Speaks(-15, "R1", "What a starting unit looks for is not known yet: it is found by daring."),
        Stage.GROWING: _Speaks(-5, "R1", "A growing unit has a base to hold, but more to win than to guarantee."),
        Stage.MATURE: _Speaks(10, "R1", "A mature unit lives on its base: results that are certain weigh more."),
        Stage.TURNAROUND: _Speaks(15, "R1", "In a turnaround the base comes first, and it is assigned."),
    },
    "predictability": {
        Degree.LOW: _Speaks(-15, "R1.2", "Unpredictable work is led by its approach: a fixed number is soon wrong."),
        Degree.MEDIUM: _Speaks(0, "R1", "Work that is half predictable speaks for neither instrument alone."),
        Degree.HIGH: _Speaks(15, "R3.2", "Predictable work can promise a threshold, a target and a stretch."),
    },
    "regulation": {
        Degree.LOW: _Speaks(-5, "R1", "Little is required from outside, so autonomy costs nobody a guarantee."),
        Degree.MEDIUM: _Speaks(5, "R1", "Some results are required from outside: a KPI guarantees them."),
        Degree.HIGH: _Speaks(20, "R3.3", "Seven tenths of a required result is a breach: KPIs, some with a red line."),
    },
    "innovation": {
        Degree.LOW: _Speaks(10, "R1", "Little must be found anew: the guarantee of the base is what counts."),
        Degree.MEDIUM: _Speaks(-5, "R1", "Part of the work must be found anew: that part belongs into OKRs."),
        Degree.HIGH: _Speaks(-20, "R3.6", "What must be found anew needs goals that may be missed: aspirational OKRs."),
    },
    "maturity": {
        Practice.NONE: _Speaks(
            10, "R3.6", "Without practice every goal turns into a promise: assigned ones come first."
        ),
        Practice.SOME: _Speaks(0, "R4.2", "Some practice with goals carries a part that is negotiated."),
        Practice.PRACTISED: _Speaks(-5, "R4.2", "A practised unit writes its goals together, from either side."),
    },
}
"""What each fact says. More innovation never speaks for KPIs, more regulation and predictability never for OKRs."""


def advise(facts: UnitFacts) -> Advice:
    """The recommended mix of a unit with its reasons (R1.1)."""
    reasons = [
        Reason(fact=fact, rule=said.rule, points=said.points, sentence=said.sentence)
        for fact, said in ((fact, values[getattr(facts, fact)]) for fact, values in TABLE.items())
    ]
    share = BALANCED + sum(reason.points for reason in reasons)
    for bound in _bounds(facts, share):
        reasons.append(bound)
        share += bound.points
    framework = {0: Framework.OKR, 100: Framework.KPI}.get(share, Framework.COMPOSITE)
    chosen = _preset(facts)
    return Advice(
        framework=framework,
        kpi_share=share,
        preset="light" if chosen.fact == "light" else "formal",
        reasons=(*reasons, chosen.model_copy(update={"fact": "preset"})),
        cautions=tuple(_cautions(facts, framework)),
    )


def _bounds(facts: UnitFacts, share: int) -> Iterator[Reason]:
    """What keeps the sum sound. At most one applies: each ends where the others begin."""
    if share < BASE and facts.regulation is Degree.HIGH:
        yield _mix("R1", BASE - share, "Under strict requirements the base is never left to OKRs alone.")
    elif share < BASE and facts.maturity is Practice.NONE:
        yield _mix("R3.6", BASE - share, "A unit without practice does not begin with OKRs alone.")
    elif share > 100 - BASE and facts.innovation is Degree.HIGH:
        yield _mix("R9.19", 100 - BASE - share, "A unit that must innovate is not left with KPIs alone.")
    elif share <= LITTLE:
        yield _mix("R1.1", -share, "So small a base is not worth a second set of rules: OKRs alone.")
    elif share >= 100 - LITTLE:
        yield _mix("R1.1", 100 - share, "So little growth is not worth a second set of rules: KPIs alone.")


def _mix(rule: str, points: int, sentence: str) -> Reason:
    return Reason(fact="mix", rule=rule, points=points, sentence=sentence)


def _preset(facts: UnitFacts) -> Reason:
    if facts.regulation is Degree.HIGH:
        return Reason(fact="formal", rule="R5.2", sentence="Required results deserve a whole chain of signatures.")
    if facts.maturity is Practice.NONE or (facts.maturity is Practice.SOME and facts.regulation is Degree.LOW):
        return Reason(fact="light", rule="R6.1", sentence="A light rhythm is kept more easily while it is learned.")
    return Reason(fact="formal", rule="R4.1", sentence="Who is used to goals gains from kept rounds and reasons.")


def _cautions(facts: UnitFacts, framework: Framework) -> Iterator[Reason]:
    if framework is not Framework.KPI:
        yield _heed("R3.6", "Mark every OKR as committed or aspirational: not to mark it is the first trap.")
        if facts.maturity is Practice.NONE:
            yield _heed("R3.5", "Begin with three objectives: more are not kept in mind.")
        yield _heed("R7.6", "Link no aspirational OKR to pay, or nobody dares one again.")
    if framework is not Framework.OKR:
        yield _heed("R3.2", "Establish the baselines of the KPIs before their targets are signed.")
    if framework is Framework.COMPOSITE:
        yield _heed("R1", "Let both scores stand side by side: one number of both hides both.")
    if framework is Framework.KPI:
        yield _heed("R9.19", "The drift report names a unit with KPIs only: look again next cycle.")


def _heed(rule: str, sentence: str) -> Reason:
    return Reason(fact="caution", rule=rule, sentence=sentence)

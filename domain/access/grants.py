"""The table of grants: who may give which command, in which phases. What stands here is allowed, nothing else is.

One line a command, in the order of names. It says who may come at all: whose turn it is, which step waits, and whether
what was seen is stale are questions of the rule. docs/access/permissions.csv says the same by hand, as the oracle.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.access.refusals import (
    DUTY_ONLY,
    GOAL_UNKNOWN,
    NOT_ADMIN,
    NOT_ALLOWED,
    NOT_APPROVER,
    NOT_FACILITATOR,
    NOT_FIRST_PERSON,
    NOT_KEEPER,
    NOT_MEMBER,
    NOT_SECOND,
    OWN_CASE,
    OWN_PLAN,
    PLAN_UNKNOWN,
)
from domain.access.verdict import Grant, Grants, Stand, When
from domain.cycle.windows import ALIGNABLE, NEGOTIABLE, Phase
from domain.problems import Problem

ABOVE, ADMIN, APPROVER, ASSIGNER = Stand.ABOVE, Stand.ADMIN, Stand.APPROVER, Stand.ASSIGNER
COUNTERPART, FACILITATOR, FOUNDER, MEMBER, OWNER = (
    Stand.COUNTERPART,
    Stand.FACILITATOR,
    Stand.FOUNDER,
    Stand.MEMBER,
    Stand.OWNER,
)
PARENT_OWNER = Stand.PARENT_OWNER
MEDIATOR = Stand.MEDIATOR
COMMIT, TRACK, RETROSPECT = (Phase.COMMIT,), (Phase.TRACK,), (Phase.RETROSPECT,)
OPEN: tuple[When, ...] = tuple(Phase)
"""In any phase, while the cycle is open."""


def may(
    *stands: Stand,
    phases: tuple[When, ...] | None = None,
    unless: tuple[Stand, ...] = (),
    refusal: Problem = NOT_ALLOWED,
    barred: Problem | None = None,
    left: Problem | None = None,
) -> Grants:
    """These may, in these phases; others are refused with this problem."""
    grant = Grant(stands, phases, frozenset(unless))
    return Grants((grant,), refusal, barred or refusal, left or refusal)


def signs() -> Grants:
    """What an approver does with a plan that was submitted: nobody with their own (R5.4)."""
    own = (Stand.SELF_OF_OWNER,)
    stands = (APPROVER, Stand.DELEGATE)
    return may(*stands, phases=COMMIT, unless=own, refusal=NOT_APPROVER, barred=OWN_PLAN, left=NOT_ALLOWED)


def facilitates(phases: tuple[When, ...] | None = OPEN) -> Grants:
    """What the cycle's facilitator does."""
    return may(FACILITATOR, phases=phases, refusal=NOT_FACILITATOR)


DUTY = may(Stand.SYSTEM, refusal=DUTY_ONLY)
KEEPS_DIRECTORY = may(ADMIN, refusal=NOT_ADMIN)
KEEPS_METRIC = may(ADMIN, Stand.DATA_OWNER, refusal=NOT_KEEPER)

WRITES = (OWNER, Stand.CONTRIBUTOR, Stand.AUTHOR, Stand.VIEWER, PARENT_OWNER, Stand.AUDITOR)
"""Who sees a draft: who writes it, whom they name or ask for a parent, and auditors (R8)."""
ACTS = (APPROVER, Stand.DELEGATE, COUNTERPART, MEDIATOR, Stand.DECIDER, ASSIGNER, Stand.DATA_OWNER)
"""Who negotiates or signs it besides: nobody is asked to sign what is hidden from them."""
SCORECARD = (OWNER, APPROVER, Stand.DELEGATE, COUNTERPART, ABOVE, Stand.UNIT_HR, Stand.AUDITOR)
"""Who sees what a plan's goals came to (R8)."""
OKR, KPI = frozenset({"okr"}), frozenset({"kpi"})

DIRECTORY: Mapping[str, Grants] = {
    "AddPerson": KEEPS_DIRECTORY,
    "AddSite": KEEPS_DIRECTORY,
    "AddTeam": KEEPS_DIRECTORY,
    "ChangeCalendar": KEEPS_DIRECTORY,
    "ChangePerson": KEEPS_DIRECTORY,
    "ChangeTeam": KEEPS_DIRECTORY,
    "DeactivatePerson": KEEPS_DIRECTORY,
    "Delegate": may(MEMBER, refusal=NOT_ADMIN),
    "EndDelegation": may(MEMBER, refusal=NOT_ADMIN),
    "FoundOrganization": may(FOUNDER, refusal=NOT_FIRST_PERSON),
    "GrantRole": KEEPS_DIRECTORY,
    "RevokeRole": KEEPS_DIRECTORY,
    "SetManager": KEEPS_DIRECTORY,
    "TakeEffect": DUTY,
}
CYCLE: Mapping[str, Grants] = {
    "AdvancePhase": facilitates(),
    "AmendCycle": facilitates(),
    "AssignGoals": may(Stand.MEMBER, phases=NEGOTIABLE),  # to whom: AssignGoal, for each of them
    "BeginClosing": DUTY,
    "BeginNextCycle": DUTY,
    "ChooseFramework": facilitates((Phase.DRAFT,)),
    "CloseCycle": facilitates(),
    "ConfirmBypass": may(ADMIN, Stand.BOARD_APPROVER, phases=OPEN, refusal=NOT_SECOND),
    "EnrolParticipant": facilitates(ALIGNABLE),
    "ExcuseParticipant": facilitates(),
    "ExtendDeadline": facilitates(),
    "FinishClosing": DUTY,
    "HoldCycle": facilitates(),
    "OpenCycle": may(ADMIN, refusal=NOT_ADMIN),
    "OpenNextCycle": DUTY,
    "PublishResults": facilitates(RETROSPECT),
    "RecomputeDeadlines": facilitates(),
    "ReopenPhase": facilitates(None),
    "RequestBypass": facilitates(),
    "ResumeCycle": facilitates(),
    "SendDigest": DUTY,
}
SHARES = may(Stand.CONTRIBUTOR, phases=ALIGNABLE)
LINKS_PAY = may(COUNTERPART, phases=OPEN)

PLAN: Mapping[str, Grants] = {
    "AbandonGoal": Grants(
        (Grant((OWNER,), NEGOTIABLE, kinds=OKR), Grant((ASSIGNER, ABOVE), NEGOTIABLE, kinds=KPI)),
        refusal=NOT_ALLOWED,
        barred=NOT_ALLOWED,
        left=NOT_ALLOWED,
    ),
    "AcceptAlignment": may(PARENT_OWNER, phases=ALIGNABLE),
    "AcceptRevision": may(OWNER, COUNTERPART, phases=NEGOTIABLE),
    "AcceptShare": SHARES,
    "AcknowledgeAssignment": may(OWNER, phases=NEGOTIABLE),
    "AcknowledgeResult": may(OWNER, phases=RETROSPECT),
    "AddContributor": may(OWNER, phases=ALIGNABLE),
    "AssignGoal": may(ABOVE, FACILITATOR, phases=NEGOTIABLE, unless=(Stand.SELF_OF_OWNER,)),
    "CheckIn": may(OWNER, phases=(*TRACK, *RETROSPECT, "closed")),
    "CommentOnRevision": may(OWNER, COUNTERPART, APPROVER, ASSIGNER, MEDIATOR, Stand.CONTRIBUTOR, phases=NEGOTIABLE),
    "DecideMediation": may(MEDIATOR, phases=NEGOTIABLE),
    "DecideObjection": may(Stand.DECIDER, phases=NEGOTIABLE, unless=(ASSIGNER,), barred=OWN_CASE),
    "DeclineAlignment": may(PARENT_OWNER, OWNER, phases=ALIGNABLE),
    "DeclineShare": SHARES,
    "DraftGoal": may(OWNER, COUNTERPART, FACILITATOR, phases=NEGOTIABLE),
    "Escalate": DUTY,
    "EscalateGoal": may(OWNER, phases=ALIGNABLE),
    "KeepDefinition": may(OWNER, phases=ALIGNABLE),
    "LinkPay": LINKS_PAY,
    "MarkServed": DUTY,
    "MoveKeyResult": may(OWNER, COUNTERPART, phases=NEGOTIABLE),
    "ObjectToAssignment": may(OWNER, phases=NEGOTIABLE),
    "ProposeRevision": may(OWNER, COUNTERPART, ASSIGNER, MEDIATOR, phases=NEGOTIABLE),
    "RecallPlan": may(OWNER, phases=COMMIT),
    "ReceiveGoal": may(ABOVE, FACILITATOR, phases=NEGOTIABLE, unless=(Stand.SELF_OF_OWNER,)),
    "ReceiveKeyResult": may(OWNER, COUNTERPART, phases=NEGOTIABLE),
    "Reflect": may(OWNER, phases=(*TRACK, *RETROSPECT)),
    "RejectPlan": signs(),
    "Remind": DUTY,
    "RequestAlignment": may(OWNER, phases=ALIGNABLE),
    "Reroute": DUTY,
    "RequestAmendment": may(OWNER, COUNTERPART, FACILITATOR, phases=TRACK),
    "RequestChanges": signs(),
    "RevertToSigned": may(OWNER, COUNTERPART, FACILITATOR, phases=(*NEGOTIABLE, *TRACK)),
    "RequestMediation": may(OWNER, COUNTERPART, phases=NEGOTIABLE),
    "SetVisibility": Grants(
        (Grant((OWNER,), OPEN, kinds=OKR), Grant((ASSIGNER, Stand.UNIT_HR), OPEN, kinds=KPI)),
        refusal=NOT_ALLOWED,
        barred=NOT_ALLOWED,
        left=NOT_ALLOWED,
    ),
    "ResolveComment": may(Stand.MEMBER, phases=NEGOTIABLE),
    "SetBaseline": may(OWNER, Stand.DATA_OWNER, phases=(*NEGOTIABLE, *TRACK)),
    "SignPlan": signs(),
    "SubmitPlan": may(OWNER, phases=COMMIT),
    "TransferGoal": may(ABOVE, FACILITATOR, phases=NEGOTIABLE),
    "UnlinkPay": LINKS_PAY,
    "WithdrawSignature": signs(),
    "WithdrawRevision": may(OWNER, COUNTERPART, phases=NEGOTIABLE),
}
METRIC: Mapping[str, Grants] = {
    "ChangeMetric": KEEPS_METRIC,
    "DefineMetric": may(ADMIN, refusal=NOT_KEEPER),
    "RetireMetric": KEEPS_METRIC,
}
READS = may(Stand.MEMBER, refusal=NOT_MEMBER)
"""What every active person of the organization may ask for; what is in the answer is asked goal by goal."""


def audience(name: str) -> frozenset[str]:
    """A grant's audiences."""
    return frozenset({name})


SEEING: Mapping[str, Grants] = {
    "do.commands": READS,  # many at once: each of them is judged by itself
    "see.advice": READS,
    "see.alignment": READS,
    "see.board": READS,
    "see.cycle": READS,
    "see.difference": READS,
    "see.directory": READS,
    "see.feed": READS,
    "see.gate": READS,
    "see.goal": Grants(
        (
            Grant(WRITES),
            Grant((Stand.MEMBER,), kinds=OKR, proposed=True, audiences=audience("default")),
            Grant((Stand.MEMBER,), audiences=audience("organization")),
            Grant(ACTS, proposed=True),
            Grant((ABOVE, Stand.UNIT_HR), proposed=True, audiences=audience("default")),
            Grant((*ACTS, ABOVE, Stand.UNIT_HR), audiences=audience("chain")),
        ),
        refusal=GOAL_UNKNOWN,
        barred=GOAL_UNKNOWN,
        left=GOAL_UNKNOWN,
    ),
    "see.history": READS,
    "see.inbox": READS,
    "see.metric": READS,
    "see.negotiation": READS,
    "see.plan": READS,
    "see.scorecard": may(*SCORECARD, refusal=PLAN_UNKNOWN),
}
GRANTS: Mapping[str, Grants] = {**DIRECTORY, **CYCLE, **PLAN, **METRIC, **SEEING}
"""Every action's grants by its name."""

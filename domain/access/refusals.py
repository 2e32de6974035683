"""How a command is refused to somebody who may not give it. The grant of each action names one of these."""

from __future__ import annotations

from domain.problems import problem

NO_GRANT = problem(
    "access.no_grant", 403, "Nobody may do this: no rule allows it.", "Ask the people who develop goalcycle for a rule."
)
DUTY_ONLY = problem(
    "command.duty_only", 403, "Only goalcycle itself does this, when it falls due.", hint="Wait until it falls due."
)
NOT_FIRST_PERSON = problem(
    "organization.not_first_person",
    403,
    "An organization is founded by its first person.",
    "Send the command with the first person's own token.",
)
NOT_ADMIN = problem(
    "directory.not_admin", 403, "Only an administrator keeps the directory.", "Ask an administrator to send this."
)
NOT_KEEPER = problem(
    "metric.not_keeper",
    403,
    "A metric is defined by an administrator, and kept by one or by its data owner.",
    "Ask one of them.",
)
NOT_FACILITATOR = problem(
    "cycle.not_facilitator", 403, "Only the cycle's facilitator does this.", "Ask the facilitator."
)
NOT_SECOND = problem(
    "bypass.not_second",
    403,
    "A bypass is confirmed by a second person: an administrator or a board approver.",
    "Ask one who did not request it.",
)
NOT_ALLOWED = problem(
    "plan.not_allowed",
    403,
    "Only these people may do this: {who}.",
    "Ask one of them, or have the reporting line corrected.",
)
OWN_PLAN = problem("signing.own_plan", 403, "Nobody signs a plan of their own.", "Ask the next person in the chain.")
OWN_CASE = problem(
    "objection.own_case",
    403,
    "Who assigned a KPI does not decide on an objection to it.",
    "Wait for the decision, or revise the assignment.",
)
NOT_APPROVER = problem(
    "signing.not_approver", 403, "You are not an approver of the step that waits.", "See the plan for who is."
)
NOT_MEMBER = problem(
    "access.inactive",
    403,
    "Only active people of the organization may read this.",
    "Ask an administrator to add you to the directory.",
)
CYCLE_UNKNOWN = problem("cycle.unknown", 404, "There is no such cycle.", "Open it first with OpenCycle.")
PLAN_UNKNOWN = problem("plan.unknown", 404, "There is no such plan.", "Draft or assign its first goal.")
GOAL_UNKNOWN = problem("goal.unknown", 404, "The plan has no goal {goal}.", "Look at the plan for its goals.")
CYCLE_CLOSED = problem("cycle.closed", 409, "The cycle is closed.", "Re-open a phase first, with a reason.")
PHASE_WRONG = problem(
    "phase.wrong",
    409,
    "This belongs to {expected}; the cycle is in {phase}.",
    "Wait for the phase, or ask the facilitator to re-open it; a signed plan is changed by RequestAmendment.",
)

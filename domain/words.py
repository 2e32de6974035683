"""What codes are called where people read them: each sentence is a msgid of the catalogue, like those of problems.

The board, the inbox, the replay and the reports all say it in these words.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.waiting import Group, What

WAITS: Mapping[str, str] = {
    What.DRAFT_GOALS: "Write down the goals of the plan.",
    What.PROPOSE: "Put the goal on the table.",
    What.ANSWER: "Answer the revision on the table: accept it or counter it.",
    What.ACKNOWLEDGE: "Acknowledge the assigned KPI, or object to it.",
    What.ANSWER_ALIGNMENT: "Answer the request to align a goal with yours.",
    What.LOOK_AT_PARENT: "A goal that yours rests on has changed: see whether yours still fits.",
    What.ANSWER_SHARE: "Accept or decline the share of a goal that is offered to you.",
    What.ESCALATED: "A committed goal below you cannot be promised: help, or have it revised.",
    What.SUBMIT: "Submit the plan to its approvers.",
    What.SIGN: "Sign the plan, or send it back.",
    What.SIGN_AGAIN: "The plan has changed since you signed it: look at the difference and sign again.",
    What.CHECK_IN: "Check in: nothing was reported in this period.",
    What.FINAL_VALUES: "Report the final values.",
    What.ACKNOWLEDGE_RESULT: "Acknowledge the result, with assent or dissent.",
    What.PUBLISH_RESULTS: "Publish the results.",
    What.GATE_FAILED: "The phase did not close at its deadline: see who blocks its gate.",
}
"""What is asked of somebody."""
GROUPS: Mapping[str, str] = {
    Group.BLOCKS_GATE: "The phase cannot close without it.",
    Group.NEEDS_ME: "Others wait for it.",
    Group.STALE: "It was done and no longer counts.",
}
"""Why it is asked now."""
VOIDED: Mapping[str, str] = {
    "goal_changed": "a goal was changed",
    "goal_added": "a goal was added",
    "goal_dropped": "a goal was abandoned",
    "goal_transferred": "a goal went into another plan",
    "rejected": "the plan was rejected",
    "changes_requested": "changes were requested",
    "recalled": "the owner took the plan back",
    "withdrawn": "a signer took an earlier signature back",
}
"""Why a signature no longer counts (R5.1)."""
CHECKS: Mapping[str, str] = {
    "goals": "every plan has goals, or its owner is excused",
    "agreement": "every OKR is agreed",
    "acknowledgement": "every KPI is acknowledged, decided or served",
    "signature": "every plan is signed",
    "final_values": "the final values are in",
    "amendment": "no plan is being amended",
    "results": "the results are published",
    "receipt": "every result is acknowledged or served",
}
"""What a gate checks (R2.4)."""
WORDS: tuple[Mapping[str, str], ...] = (WAITS, GROUPS, VOIDED, CHECKS)
"""All of it, for the proof that the catalogue is complete."""

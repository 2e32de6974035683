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
    What.MEDIATE: "Mediate: the two sides of a goal could not end it. Impose a committed OKR, or give it back.",
    What.ACKNOWLEDGE: "Acknowledge the assigned KPI, or object to it.",
    What.DECIDE_OBJECTION: "Decide on the objection to an assigned KPI.",
    What.NAME_DECIDER: "Nobody is left above to decide: name a manager or a board approver.",
    What.RESOLVE_COMMENT: "Your comment blocks a goal: resolve it once it is settled.",
    What.ANSWER_ALIGNMENT: "Answer the request to align a goal with yours.",
    What.LOOK_AT_PARENT: "A goal that yours rests on has changed: see whether yours still fits.",
    What.LOOK_AT_METRIC: "A metric that your goal names is defined otherwise now: have the goal revised, or keep it.",
    What.SET_BASELINE: "Establish the KPI's baseline.",
    What.ANSWER_SHARE: "Accept or decline the share of a goal that is offered to you.",
    What.ESCALATED: "A committed goal below you cannot be promised: help, or have it revised.",
    What.SUBMIT: "Submit the plan to its approvers.",
    What.SIGN: "Sign the plan, or send it back.",
    What.SIGN_AGAIN: "The plan has changed since you signed it: look at the difference and sign again.",
    What.CHECK_IN: "Check in: nothing was reported in this period.",
    What.FINAL_VALUES: "Report the final values.",
    What.ACKNOWLEDGE_RESULT: "Acknowledge the result, with assent or dissent.",
    What.PUBLISH_RESULTS: "Publish the results.",
    What.PROVISIONAL_DEADLINES: "Deadlines are provisional: recompute them once the year's official notice is out.",
    What.RECOMPUTE_DEADLINES: "The calendar has changed since the deadlines were reckoned: recompute them.",
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
CHANGED: Mapping[str, str] = {
    "target": "a target",
    "weight": "a weight",
    "date": "a date",
    "kind": "a kind",
    "measure": "a key result or milestone",
    "words": "the wording",
}
"""What of a goal was changed."""
SIDES: Mapping[str, str] = {"owner": "the plan's owner", "counterpart": "the counterpart"}
CHANGED_AFTER = "{what} changed by {who} after you signed"
"""What a signature says that a changed goal made void (R5.1)."""
CAME: Mapping[str, str] = {
    "silence": "nobody answered",
    "rounds": "the rounds are spent",
    "requested": "a side asked for it",
    "escalated": "whoever was asked before has not decided",
    "delegated": "you stand in for whoever was asked",
}
"""Why a decision came to somebody (R4.3, R5.6)."""
REASONS: Mapping[str, str] = {**VOIDED, **CAME}
"""Why an item is on somebody's list."""
CHECKS: Mapping[str, str] = {
    "goals": "every plan has goals, or its owner is excused",
    "agreement": "every OKR is agreed",
    "acknowledgement": "every KPI is acknowledged, decided or served",
    "signature": "every plan is signed",
    "late_plan": "every plan of who joined in track is signed",
    "final_values": "the final values are in",
    "amendment": "no plan is being amended",
    "results": "the results are published",
    "receipt": "every result is acknowledged or served",
}
"""What a gate checks (R2.4)."""
FINDINGS: Mapping[str, str] = {
    "lint.activity_word": "the title names an activity instead of an outcome",
    "lint.activity_key_result": "a key result names an activity instead of an outcome",
    "lint.few_key_results": "the goal has fewer key results than advised",
    "lint.many_key_results": "the goal has more key results than advised",
    "lint.few_objectives": "the plan has fewer objectives than advised",
    "lint.many_objectives": "the plan has more objectives than advised",
    "lint.no_outcome_verb": "the title has no verb that says what will be otherwise",
    "lint.no_number": "nothing of the goal is counted, and it has no milestone",
    "lint.no_data_owner": "the KPI's number has no owner",
    "lint.no_date": "the goal has no date",
    "lint.date_outside_period": "a date lies outside the cycle's period",
    "lint.orphan": "an OKR is aligned to no parent and gives no reason",
}
"""What a lint found (R3.5, R3.7, R3.8)."""
WORDS: tuple[Mapping[str, str], ...] = (
    *(WAITS, GROUPS, VOIDED, CHANGED, CAME, CHECKS, FINDINGS),
    {"changed_after": CHANGED_AFTER},
)
"""All of it, for the proof that the catalogue is complete."""

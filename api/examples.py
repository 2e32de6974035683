"""One body for every command, together one small story: Ada founds, Ben plans, Ada signs.

They stand in the OpenAPI document, and a test sends each of them to a live application, so they stay true. Hashes are
the only placeholders: a plan's hash depends on keys that every installation makes for itself.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.metric_examples import METRIC_EXAMPLES
from domain.values import plan_id

ORGANIZATION = "0f3a5c9e-0000-4000-8000-000000000001"
ADA = "0f3a5c9e-0000-4000-8000-0000000000a1"
BEN = "0f3a5c9e-0000-4000-8000-0000000000b1"
TEAM = "0f3a5c9e-0000-4000-8000-0000000000c1"
DELEGATION = "0f3a5c9e-0000-4000-8000-0000000000c2"
CYCLE = "0f3a5c9e-0000-4000-8000-0000000000d1"
SITE = "0f3a5c9e-0000-4000-8000-0000000000c3"
OKR = "0f3a5c9e-0000-4000-8000-0000000000e1"
KPI = "0f3a5c9e-0000-4000-8000-0000000000e2"
SECOND_KPI = "0f3a5c9e-0000-4000-8000-0000000000e3"
KEY_RESULTS = tuple(f"0f3a5c9e-0000-4000-8000-0000000000f{place}" for place in range(1, 3))
MILESTONES = tuple(f"0f3a5c9e-0000-4000-8000-0000000000f{place}" for place in range(3, 5))
COMMENT = "0f3a5c9e-0000-4000-8000-0000000000e4"
HELP_CENTRE = "0f3a5c9e-0000-4000-8000-0000000000e5"
FIRST_CALLS = "0f3a5c9e-0000-4000-8000-0000000000e6"
MORE_RESULTS = tuple(f"0f3a5c9e-0000-4000-8000-0000000000f{place}" for place in range(5, 8))
PLAN = str(plan_id(UUID(CYCLE), UUID(BEN)))
EDGE = "0f3a5c9e-0000-4000-8000-0000000000a9"
HASH = "4f2a" + "0" * 60


def _okr(target: str) -> dict[str, Any]:
    return {
        "kind": "okr",
        "title": "New customers reach value in their first week",
        "approach": "Shadow ten onboardings, remove the three slowest steps, measure again",
        "ambition": "committed",
        "weight": "100",
        "key_results": [
            {
                "kind": "increase",
                "id": KEY_RESULTS[0],
                "title": "Accounts active on day 7",
                "unit": "%",
                "baseline": "42",
                "target": target,
            },
            {
                "kind": "milestones",
                "id": KEY_RESULTS[1],
                "title": "The guided tour is live",
                "milestones": [
                    {"id": MILESTONES[0], "title": "Prototype tested with five customers"},
                    {"id": MILESTONES[1], "title": "Released to everybody", "weight": "2"},
                ],
            },
        ],
    }


def _increase(id: str, title: str, target: str) -> dict[str, Any]:
    return {"kind": "increase", "id": id, "title": title, "unit": "%", "baseline": "40", "target": target}


MORE_OKRS: dict[str, dict[str, Any]] = {
    HELP_CENTRE: {
        "kind": "okr",
        "title": "Customers find answers without asking",
        "ambition": "aspirational",
        "weight": "50",
        "key_results": [
            _increase(MORE_RESULTS[0], "Questions answered by the help centre", "70"),
            _increase(MORE_RESULTS[1], "First calls that end with an answer", "80"),
        ],
    },
    FIRST_CALLS: {
        "kind": "okr",
        "title": "The first call solves the problem",
        "ambition": "aspirational",
        "weight": "50",
        "key_results": [_increase(MORE_RESULTS[2], "Calls within the first hour", "90")],
    },
}
"""Two more objectives of Ben: one gives a key result to the other, which goes to his team, and is abandoned."""


def _from_opening(days: int) -> dict[str, Any]:
    return {"anchor": "opening", "offset": {"unit": "working_days", "days": days}}


EXAMPLES: dict[str, dict[str, Any]] = {
    "FoundOrganization": {
        "name": "Example & Co.",
        "zone": "Asia/Shanghai",
        "first_person": {"id": ADA, "name": "Ada Example"},
    },
    "AddPerson": {"person": BEN, "name": "Ben 示例", "manager": ADA, "roles": []},
    "ChangePerson": {"person": BEN, "team": TEAM},
    "DeactivatePerson": {"person": BEN},
    "SetManager": {"person": BEN, "manager": ADA},
    "AddTeam": {"team": TEAM, "name": "Onboarding", "lead": BEN},
    "ChangeTeam": {"team": TEAM, "name": "Onboarding and support"},
    "Delegate": {
        "delegation": DELEGATION,
        "to": BEN,
        "starts": "2099-07-01T00:00:00+08:00",
        "ends": "2099-07-15T00:00:00+08:00",
    },
    "EndDelegation": {"delegation": DELEGATION},
    "GrantRole": {"person": ADA, "role": "board_approver"},
    "RevokeRole": {"person": ADA, "role": "board_approver"},
    "AddSite": {
        "site": SITE,
        "name": "Shanghai 上海",
        "calendar": {
            "zone": "Asia/Shanghai",
            "country": "CN",
            "exceptions": [{"on": "2027-03-12", "works": False}],
        },
    },
    "ChangeCalendar": {
        "site": SITE,
        "calendar": {"zone": "Asia/Shanghai", "country": "CN", "week": [0, 1, 2, 3, 4, 5], "confirmed": [2027]},
        "reason": "The official notice for 2027 is out, and Saturdays are worked from now on",
    },
    "OpenCycle": {
        "name": "2027-Q1",
        "framework": "composite",
        "facilitator": ADA,
        "period": {"starts": "2027-01-01T00:00:00+08:00", "ends": "2027-04-01T00:00:00+08:00"},
        "windows": {
            "draft": _from_opening(10),
            "negotiate": _from_opening(15),
            "commit": _from_opening(20),
            "track": _from_opening(85),
            "retrospect": _from_opening(95),
        },
        "preset": "light",
        "participants": [BEN],
    },
    "ChooseFramework": {
        "framework": "composite",
        "unit": TEAM,
        "reason": "Support has a base to hold, and onboarding must be found anew",
        "facts": {
            "stage": "growing",
            "predictability": "medium",
            "regulation": "medium",
            "innovation": "high",
            "maturity": "some",
        },
    },
    "EnrolParticipant": {"owner": TEAM},
    "ExcuseParticipant": {"owner": TEAM, "reason": "The team was formed too late in the quarter"},
    "RecomputeDeadlines": {"reason": "The official notice for 2027 is out"},
    "ExtendDeadline": {"phase": "retrospect", "until": "2099-06-30T18:00:00+08:00", "reason": "Public holidays"},
    "ReopenPhase": {"phase": "track", "until": "2099-05-31T18:00:00+08:00", "reason": "A late reading must count"},
    "AmendCycle": {"name": "2027-Q1 (spring)", "reason": "The name of the quarter's review"},
    "HoldCycle": {"reason": "The site is closed after a flood"},
    "ResumeCycle": {"reason": "The site is open again"},
    "RequestBypass": {"subject": "chain", "reason": "The second approver is in hospital until the summer"},
    "ConfirmBypass": {"bypass": 1, "reason": "The board knows of it"},
    "AdvancePhase": {},
    "CloseCycle": {},
    "PublishResults": {},
    "DraftGoal": {"cycle": CYCLE, "owner": BEN, "goal": OKR, "definition": _okr("55")},
    "AssignGoal": {
        "cycle": CYCLE,
        "owner": BEN,
        "goal": KPI,
        "definition": {
            "kind": "kpi",
            "title": "Support requests answered within a day",
            "weight": "100",
            "unit": "%",
            "direction": "higher",
            "threshold": "85",
            "target": "92",
            "stretch": "97",
        },
    },
    "AssignGoals": {
        "assignments": [
            {
                "owner": BEN,
                "goal": SECOND_KPI,
                "definition": {
                    "kind": "kpi",
                    "title": "Days from order to delivery",
                    "weight": "50",
                    "unit": "days",
                    "direction": "lower",
                    "threshold": "12",
                    "target": "9",
                    "stretch": "7",
                },
            }
        ]
    },
    "MoveKeyResult": {
        "goal": HELP_CENTRE,
        "hash": HASH,
        "key_result": MORE_RESULTS[1],
        "to_goal": FIRST_CALLS,
        "to_hash": HASH,
        "reason": "It measures calls, not the help centre",
    },
    "TransferGoal": {
        "goal": FIRST_CALLS,
        "hash": HASH,
        "cycle": CYCLE,
        "to_owner": TEAM,
        "reason": "The whole team answers calls",
    },
    "AbandonGoal": {"goal": HELP_CENTRE, "hash": HASH, "reason": "The help centre moves to another department"},
    "AddContributor": {"goal": OKR, "person": ADA, "share": "0.3"},
    "AcceptShare": {"goal": OKR, "share": "0.3"},
    "DeclineShare": {"goal": OKR, "reason": "Another takes my part of the onboardings"},
    "EscalateGoal": {"goal": OKR, "reason": "Without a second designer the tour cannot be promised"},
    "LinkPay": {"goal": OKR},
    "UnlinkPay": {"goal": OKR},
    "SetBaseline": {"goal": KPI, "value": "80", "reason": "The mean of the last two quarters"},
    "AcknowledgeAssignment": {"goal": KPI, "hash": HASH},
    "ProposeRevision": {
        "goal": OKR,
        "definition": _okr("60"),
        "reasons": {f"key_results.{KEY_RESULTS[0]}.target": "The pilot group reached 58"},
    },
    "AcceptRevision": {"goal": OKR, "hash": HASH},
    "CommentOnRevision": {
        "goal": OKR,
        "hash": HASH,
        "comment": COMMENT,
        "path": f"key_results.{KEY_RESULTS[0]}.target",
        "text": "Which accounts does the pilot group leave out?",
        "asks": True,
    },
    "ResolveComment": {"goal": OKR, "comment": COMMENT, "answer": "Those of fewer than five people"},
    "RequestMediation": {"goal": OKR, "hash": HASH, "reason": "We cannot agree on the pilot group"},
    "DecideMediation": {
        "goal": OKR,
        "hash": HASH,
        "outcome": "impose",
        "definition": _okr("58"),
        "reason": "The board counts on 58",
    },
    "ObjectToAssignment": {"goal": KPI, "hash": HASH, "counter": "90", "reason": "One of us three is on leave"},
    "DecideObjection": {"goal": KPI, "hash": HASH, "outcome": "rejected", "reason": "A stand-in is found"},
    "WithdrawRevision": {"goal": OKR, "hash": HASH},
    "RequestAlignment": {
        "edge": EDGE,
        "goal": OKR,
        "key_result": KEY_RESULTS[0],
        "parent": {"plan": PLAN, "goal": KPI},
        "parent_hash": HASH,
    },
    "AcceptAlignment": {"edge": EDGE, "hash": HASH},
    "DeclineAlignment": {"edge": EDGE, "reason": "What new customers do first is no matter of support"},
    "SubmitPlan": {"hash": HASH},
    "SignPlan": {"hash": HASH},
    "WithdrawSignature": {"hash": HASH, "reason": "I had overlooked how few customers the pilot has"},
    "RejectPlan": {"hash": HASH, "reason": "The plan leaves out the move of the help centre"},
    "RequestAmendment": {"reason": "The help centre moves half a year later than we knew"},
    "RevertToSigned": {"reason": "The move stays where it was"},
    "RecallPlan": {"reason": "The second key result needs a better baseline"},
    "RequestChanges": {"hash": HASH, "goals": [OKR], "reason": "Say how many customers the pilot has"},
    "CheckIn": {
        "goal": OKR,
        "readings": [
            {"measure": KEY_RESULTS[0], "value": "51.5"},
            {"measure": KEY_RESULTS[1], "done": [MILESTONES[0]]},
        ],
        "confidence": "0.7",
        "status": "on_track",
        "narrative": "The first slow step is gone",
    },
    "SetVisibility": {"goal": OKR, "audience": "chain", "viewers": []},
    "Reflect": {
        "goal": OKR,
        "what_happened": "Activation rose until the tour went live, then stood still",
        "why": "The tour helps small teams only",
        "learned": "Segment before the next change",
        "next_step": "keep",
    },
    "AcknowledgeResult": {"result": HASH, "how": "assent", "comment": "Fair"},
    **METRIC_EXAMPLES,
}

BULK_EXAMPLE: dict[str, Any] = {
    "items": [
        {"command": "AcceptRevision", "stream": PLAN, "body": {"goal": OKR, "hash": HASH}},
        {"command": "SignPlan", "stream": PLAN, "key": "sign-ben", "body": {"hash": HASH}},
    ]
}
"""Many commands in one request."""

"""What the second book holds signatures to: what they bind, who may give them, what voids them."""

from __future__ import annotations

from copy import deepcopy
from uuid import UUID

from domain.messages import Event
from domain.plan import (
    amending,
    duties,
    sending_back,
    signing,
    voiding,
)
from tests.domain.book.kept import STEPS, Book, Plan


def signed(book: Book, plan: Plan, actor: UUID, event: Event) -> None:
    match event:
        case signing.PlanSubmitted():
            assert (book.stage(plan), actor, plan.submitted) == ("commit", plan.person, False)
            assert event.hash == book.hash_of(plan)
            assert not any(goal.blocking for goal in plan.goals.values()), "submitted over a comment that blocks"
            for kind in ("okr", "kpi"):
                weights = [goal.weight for goal in plan.goals.values() if goal.kind == kind]
                assert not weights or sum(weights) == 100, "submitted with other weights than 100"
            plan.submitted, plan.asked_besides = True, set()
        case signing.PlanSigned():
            _one_signed(book, plan, actor, event)
        case voiding.SignaturesVoided():
            assert plan.submitted
            assert list(event.signers) == plan.signers, "the voided signatures are not those that were given"
            plan.submitted, plan.signers, plan.asked_besides = False, [], set()
        case duties.Reminded():
            about = (event.about, event.goal, event.since)
            assert about not in plan.told, "reminded twice of one wait"
            assert plan.person not in event.people or event.about == "turn"
            if event.about == "objection" and event.goal is not None:
                assert plan.goals[event.goal].assigner not in event.people
            plan.told.add(about)
        case duties.Escalated():
            assert plan.submitted
            assert not plan.signed
            to = event.to
            assert to is None or (book.people[to].active and to not in {*plan.signers, plan.person})
            plan.asked_besides |= {to} if to else set()
        case sending_back.PlanRejected() | sending_back.ChangesRequested():
            assert actor in book.may_sign(plan)
            assert event.hash == book.hash_of(plan)
        case sending_back.PlanRecalled():
            assert actor == plan.person
        case sending_back.SignatureWithdrawn():
            assert not plan.signed, "withdrawn after the last signature"
            place = plan.signers.index(actor)
            assert list(event.signers) == plan.signers[place:], "others fell than those that stood on it"
            plan.signers, plan.asked_besides = plan.signers[:place], set()
        case amending.AmendmentRequested():
            assert (book.phase, plan.signed, plan.base) == ("track", True, None)
            assert event.base == book.hash_of(plan)
            plan.base = deepcopy(plan.goals), plan.signers
            plan.submitted, plan.signers = False, []
        case amending.RevertedToSigned():
            assert plan.base is not None
            for id_, goal in plan.base[0].items():
                if id_ in plan.goals:
                    goal.blocking, goal.rounds = plan.goals[id_].blocking, plan.goals[id_].rounds
            (plan.goals, plan.signers), plan.base, plan.submitted = plan.base, None, True
            assert event.hash == book.hash_of(plan), "it went back to something else than what was signed"


def _one_signed(book: Book, plan: Plan, actor: UUID, event: signing.PlanSigned) -> None:
    assert book.stage(plan) == "commit"
    assert plan.submitted
    assert event.hash == book.hash_of(plan), "a signature over something else than the plan"
    assert event.step == len(plan.signers)
    assert actor == event.signer
    assert actor in book.may_sign(plan), "somebody signed who was not asked"
    plan.signers.append(actor)
    plan.asked_besides = set()
    assert event.complete == (len(plan.signers) == STEPS)
    if event.complete:
        plan.base = None

"""A goal's negotiation as data: all that was said of it, by whom and when, told from its events alone (R4.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.goals import Ambition
from domain.messages import Event
from domain.plan.comments import CommentResolved, RevisionCommented
from domain.plan.drafting import GoalAssigned, GoalDrafted
from domain.plan.duties import AssignmentServed
from domain.plan.mediation import MediationDecided, MediationOpened, RevisionImposed
from domain.plan.negotiation import ProposeRevision, RevisionProposed
from domain.plan.objection import AssignmentObjected, ObjectionDecided
from domain.plan.record import (
    Acceptance,
    Happened,
    MediationRecord,
    NegotiationRecord,
    ObjectionRecord,
    Remark,
    Revision,
    Turn,
    record_of,
)
from domain.plan.talks import Side
from domain.values import SYSTEM
from tests.support.given import HEAD, LEAD, STAFF, World, increase, kpi, milestones, okr, who

TARGET = f"key_results.{who('berths')}.target"


class Told(NamedTuple):
    """An event, when it came, and the plan's version that holds it."""

    event: Any
    at: datetime
    version: int


def happened(world: World) -> list[Happened]:
    of_plan = [told[1:] for told in world.events if told[0] == world.plan_ref()]
    return [Happened(version, *told) for version, told in enumerate(of_plan, 1)]


def recorded(world: World, name: str = "okr") -> NegotiationRecord:
    return record_of(who(name), happened(world))


def of(world: World, kind: type[Event]) -> list[Told]:
    return [Told(one.event, one.at, one.version) for one in happened(world) if isinstance(one.event, kind)]


def drafted() -> World:
    """Beside it the plan has a goal of which nothing is told; every step that follows takes an hour."""
    return World().founded().opened().assigned("other").wait(hours=1).drafted().wait(hours=1)


def retitled(title: str) -> dict[str, Any]:
    return {"title": okr(title=title).title}


def revision(told: Told, how: Any, by: UUID, number: int, round: int, **more: Any) -> Revision:
    event = told.event
    saying = {"definition": event.definition, "hash": event.hash, "findings": event.findings}
    return Revision(how=how, version=told.version, number=number, round=round, by=by, at=told.at, **saying, **more)


def turn(side: Side, begun: Told, ended: Told | None, **more: Any) -> Turn:
    event, ended_at = begun.event, ended.at if ended is not None else None
    return Turn(side=side, since=begun.at, due=event.answer_by, mediate_at=event.mediate_by, ended_at=ended_at, **more)


def test_r4_1_r4_4_the_record_tells_of_revisions_questions_and_turns_up_to_what_was_imposed() -> None:
    world = drafted().proposed().wait(hours=1).commented(HEAD, "why", path="weight", asks=True)
    world.wait(hours=1).resolved(STAFF, "why", answer="So it is").wait(hours=1)
    raised = okr(title="Help the yard", key_results=(increase(target="25"), milestones()))
    counter = ProposeRevision.model_validate({"goal": who("okr"), "definition": raised, "reasons": {TARGET: "Less"}})
    world.when(HEAD, world.plan_ref(), counter)
    world.wait(hours=1).commented(STAFF, "aside").wait(hours=1).commented(HEAD, "grave", blocking=True)
    due = world.goal().turn_due
    assert due is not None
    world.now = due
    assert "Remind" in world.perform(world.plan_ref())
    world.wait(hours=1).mediated().wait(hours=1)
    world.decided(LEAD, "impose", definition=okr(ambition=Ambition.COMMITTED, key_results=(increase(),)))

    (draft,), (first, second) = of(world, GoalDrafted), of(world, RevisionProposed)
    (asked, aside, grave), (answered,) = of(world, RevisionCommented), of(world, CommentResolved)
    (opened,), (decided,), (imposed,) = (
        of(world, MediationOpened),
        of(world, MediationDecided),
        of(world, RevisionImposed),
    )
    assert draft.event.findings == first.event.findings == ("lint.no_date",)
    assert imposed.event.changes
    assert set(second.event.reasons) == {TARGET}
    one, other = Side.COUNTERPART, Side.OWNER
    assert recorded(world) == NegotiationRecord(
        revisions=(
            revision(draft, "drafted", STAFF, 1, 0),
            revision(first, "proposed", STAFF, 1, 1, side=other),
            revision(
                second, "proposed", HEAD, 2, 2, side=one, changes=second.event.changes, reasons=second.event.reasons
            ),
            revision(imposed, "imposed", LEAD, 3, 0, changes=imposed.event.changes, reasons=imposed.event.reasons),
        ),
        turns=(
            turn(one, first, asked),
            turn(other, asked, answered),
            turn(one, answered, second),
            turn(other, second, decided, reminded_at=due),
        ),
        comments=(
            Remark(
                comment=who("why"),
                hash=first.event.hash,
                path="weight",
                by=HEAD,
                side=one,
                at=asked.at,
                text=asked.event.text,
                blocking=False,
                asks=True,
                answer=answered.event.answer,
                resolved_by=STAFF,
                resolved_at=answered.at,
            ),
            Remark(
                comment=who("aside"),
                hash=second.event.hash,
                path=None,
                by=STAFF,
                side=other,
                at=aside.at,
                text=aside.event.text,
                blocking=False,
                asks=False,
            ),
            Remark(
                comment=who("grave"),
                hash=second.event.hash,
                path=None,
                by=HEAD,
                side=one,
                at=grave.at,
                text=grave.event.text,
                blocking=True,
                asks=False,
                resolved_by=LEAD,
                resolved_at=imposed.at,
            ),
        ),
        mediations=(
            MediationRecord(
                mediator=LEAD,
                cause="requested",
                hash=second.event.hash,
                reason=opened.event.reason,
                at=opened.at,
                due=opened.event.answer_by,
                outcome="impose",
                decided_by=LEAD,
                decided_at=decided.at,
                advice=decided.event.reason,
            ),
        ),
    )


def test_r4_1_r4_3_the_record_tells_what_was_withdrawn_returned_and_agreed() -> None:
    world = drafted().proposed().wait(hours=1).proposed(HEAD, **retitled("One")).wait(hours=1).withdrawn(HEAD)
    world.wait(hours=1).mediated().wait(hours=1).decided(LEAD, "return").wait(hours=1).proposed(**retitled("Two"))
    world.wait(hours=1).mediated().wait(hours=1)
    assert recorded(world).mediations[-1].outcome is None
    world.accepted(HEAD)

    (draft,), (first, counter, last) = of(world, GoalDrafted), of(world, RevisionProposed)
    (asked, again), (returned,) = of(world, MediationOpened), of(world, MediationDecided)
    accepted = world.now
    withdrawn = counter.at.replace(hour=counter.at.hour + 1)
    one, other = Side.COUNTERPART, Side.OWNER
    assert recorded(world) == NegotiationRecord(
        revisions=(
            revision(draft, "drafted", STAFF, 1, 0),
            revision(first, "proposed", STAFF, 1, 1, side=other),
            revision(counter, "proposed", HEAD, 2, 2, side=one, changes=counter.event.changes, withdrawn_at=withdrawn),
            revision(
                last,
                "proposed",
                STAFF,
                3,
                3,
                side=other,
                changes=last.event.changes,
                acceptances=(Acceptance(how="accepted", by=HEAD, at=accepted),),
            ),
        ),
        turns=(
            turn(one, first, counter),
            turn(other, counter, None).model_copy(update={"ended_at": withdrawn}),
            Turn(
                side=one,
                since=withdrawn,
                due=first.event.answer_by,
                mediate_at=first.event.mediate_by,
                ended_at=returned.at,
            ),
            turn(other, returned, last),
            turn(one, last, None).model_copy(update={"ended_at": accepted}),
        ),
        mediations=(
            mediation(asked, outcome="return", decided_by=LEAD, decided_at=returned.at, advice=returned.event.reason),
            mediation(again, outcome="agreed", decided_by=HEAD, decided_at=accepted),
        ),
    )


def mediation(opened: Told, **ended: Any) -> MediationRecord:
    event = opened.event
    return MediationRecord(
        mediator=LEAD,
        cause=event.cause,
        hash=event.hash,
        reason=event.reason,
        at=opened.at,
        due=event.answer_by,
        **ended,
    )


def test_r4_1_the_record_of_a_plain_agreement_has_no_mediation() -> None:
    world = drafted().proposed().wait(hours=1).accepted()
    record = recorded(world)
    assert record.revisions[-1].acceptances == (Acceptance(how="accepted", by=HEAD, at=world.now),)
    assert ([one.ended_at for one in record.turns], record.mediations) == ([world.now], ())


def test_r4_2_the_record_tells_of_objections_and_of_how_an_assignment_was_received() -> None:
    world = World().founded().opened().assigned("other").wait(hours=1).assigned().wait(hours=1)
    world.acknowledged().wait(hours=1)
    revised = ProposeRevision.model_validate(
        {"goal": who("kpi"), "definition": kpi(target="110"), "reasons": {"target": "A new line"}}
    )
    world.when(HEAD, world.plan_ref(), revised)
    world.wait(hours=1).objected("105").wait(hours=1).judged(LEAD, "rejected").wait(hours=1)
    world.when(HEAD, world.plan_ref(), revised.model_copy(update={"definition": kpi(target="111")}))
    world.wait(days=30)
    world.perform(world.plan_ref())

    (_, assigned), (second, third) = of(world, GoalAssigned), of(world, RevisionProposed)
    (objected,), (decided,) = of(world, AssignmentObjected), of(world, ObjectionDecided)
    served = next(one for one in of(world, AssignmentServed) if one.event.goal == who("kpi"))
    assert recorded(world, "kpi") == NegotiationRecord(
        revisions=(
            revision(
                assigned,
                "assigned",
                HEAD,
                1,
                0,
                acceptances=(Acceptance(how="acknowledged", by=STAFF, at=second.at.replace(hour=second.at.hour - 1)),),
            ),
            revision(
                second,
                "proposed",
                HEAD,
                2,
                1,
                side=Side.COUNTERPART,
                changes=second.event.changes,
                reasons=second.event.reasons,
            ),
            revision(
                third,
                "proposed",
                HEAD,
                3,
                2,
                side=Side.COUNTERPART,
                changes=third.event.changes,
                reasons=third.event.reasons,
                acceptances=(Acceptance(how="served", by=SYSTEM, at=served.at),),
            ),
        ),
        objections=(
            ObjectionRecord(
                hash=second.event.hash,
                path="target",
                counter="105",
                reason=objected.event.reason,
                by=STAFF,
                at=objected.at,
                decider=LEAD,
                due=objected.event.answer_by,
                outcome="rejected",
                decided_by=LEAD,
                decided_at=decided.at,
                decision=decided.event.reason,
            ),
        ),
    )

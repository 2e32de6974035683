"""Moves round a signature: submitted, signed, sent back, taken back; amended and reverted."""

from __future__ import annotations

from uuid import UUID

from domain.plan.amending import RequestAmendment, RevertToSigned
from domain.plan.sending_back import RecallPlan, RejectPlan, RequestChanges, WithdrawSignature
from domain.plan.signing import SignPlan, SubmitPlan
from domain.plan.state import PlanState
from tests.moves import OWNERS, TEXT, Scene, Sending, sends


def plan_that(scene: Scene, fits: str) -> tuple[UUID, PlanState]:
    """An owner and their plan, mostly one of these."""
    plans = [(owner, scene.world.plan(owner)) for owner in OWNERS if scene.world.plan(owner).goals]
    fitting = {
        "unsubmitted": [one for one in plans if one[1].signing is None],
        "waiting": [one for one in plans if one[1].signing is not None and not one[1].signed],
        "begun": [one for one in plans if one[1].signing and one[1].signing.signatures and not one[1].signed],
        "signed": [one for one in plans if one[1].signed],
        "amended": [one for one in plans if one[1].amendment is not None],
    }[fits]
    return scene.one(fitting if scene.often(0.95) else plans)


@sends(SubmitPlan)
def submit_plan(scene: Scene) -> Sending:
    owner, _ = plan_that(scene, "unsubmitted")
    return scene.world.plan_ref(owner), SubmitPlan(hash=scene.seen(scene.world.hash(owner)))


@sends(SignPlan)
def sign_plan(scene: Scene) -> Sending:
    owner, _ = plan_that(scene, "waiting")
    return scene.world.plan_ref(owner), SignPlan(hash=scene.seen(scene.world.hash(owner)))


@sends(RejectPlan)
def reject_plan(scene: Scene) -> Sending:
    owner, _ = plan_that(scene, "waiting")
    return scene.world.plan_ref(owner), RejectPlan(hash=scene.seen(scene.world.hash(owner)), reason=TEXT)


@sends(RequestChanges)
def request_changes(scene: Scene) -> Sending:
    owner, plan = plan_that(scene, "waiting")
    asked = RequestChanges(
        hash=scene.seen(scene.world.hash(owner)), goals=(scene.one(sorted(plan.goals)),), reason=TEXT
    )
    return scene.world.plan_ref(owner), asked


@sends(RecallPlan)
def recall_plan(scene: Scene) -> Sending:
    owner, _ = plan_that(scene, "waiting")
    return scene.world.plan_ref(owner), RecallPlan(reason=TEXT)


@sends(WithdrawSignature)
def withdraw_signature(scene: Scene) -> Sending:
    owner, _ = plan_that(scene, "begun")
    return scene.world.plan_ref(owner), WithdrawSignature(hash=scene.seen(scene.world.hash(owner)), reason=TEXT)


@sends(RequestAmendment)
def request_amendment(scene: Scene) -> Sending:
    owner, _ = plan_that(scene, "signed")
    return scene.world.plan_ref(owner), RequestAmendment(reason=TEXT)


@sends(RevertToSigned)
def revert_to_signed(scene: Scene) -> Sending:
    owner, _ = plan_that(scene, "amended")
    return scene.world.plan_ref(owner), RevertToSigned(reason=TEXT)

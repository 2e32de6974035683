"""What an item of the inbox says in words, in either language."""

from __future__ import annotations

from typing import Any

import pytest

from api.inbox import told
from api.texts import texts_for
from domain.goals import Ambition
from domain.plan.negotiation import ProposeRevision
from domain.plan.sending_back import RejectPlan
from domain.waiting import plan_waits
from tests.support.given import HEAD, LEAD, STAFF, World, okr, who


def item(world: World, language: str) -> dict[str, Any]:
    waits = plan_waits(world.plan(), world.ground(), STAFF, world.plan_ref().stream)
    rows = [wait.model_dump(mode="json") for wait in waits if wait.person == HEAD]
    (found,) = told(rows, {}, world.directory, HEAD, None, texts_for(language), world.now)
    return found


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("en", "a weight, a kind changed by the plan's owner after you signed"),
        ("zh-CN", "您签署之后，计划的负责人更改了权重、类型"),
    ],
)
def test_r5_1_a_signature_that_is_void_says_what_was_changed_and_by_whom(language: str, reason: str) -> None:
    world = World().in_commit().submitted().signed(HEAD)
    safer = okr("90", ambition=Ambition.COMMITTED)
    reasons = dict.fromkeys(("ambition", "weight"), "Safer")
    world.when(STAFF, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=safer, reasons=reasons))
    whole = okr(ambition=Ambition.COMMITTED)
    world.when(HEAD, world.plan_ref(), ProposeRevision(goal=who("okr"), definition=whole, reasons={"weight": "All"}))
    world.accepted(STAFF).submitted()
    assert item(world, language)["reason_text"] == reason


@pytest.mark.parametrize(("language", "reason"), [("en", "the plan was rejected"), ("zh-CN", "计划被拒绝")])
def test_r5_1_other_reasons_have_their_own_words(language: str, reason: str) -> None:
    world = World().in_commit().submitted().signed(HEAD)
    world.when(LEAD, world.plan_ref(), RejectPlan(hash=world.hash(), reason="No"))
    world.submitted()
    assert item(world, language)["reason_text"] == reason

"""GET of advice: from the query alone, in the caller's language, for members only."""

from __future__ import annotations

from uuid import uuid4

from api.examples import ADA
from api.shapes import AdviceAnswer
from tests.api.world import World

FACTS = {"stage": "growing", "predictability": "low", "regulation": "medium", "innovation": "high", "maturity": "some"}


async def test_r1_1_advice_cites_its_rules_and_writes_nothing(world: World) -> None:
    await world.found()
    before = (await world.get("/feed")).json()
    assert before["items"]
    answer = await world.get("/advice", **FACTS)
    found = AdviceAnswer.model_validate(answer.json())
    assert answer.headers["content-language"] == "en"
    assert found.balanced + sum(reason.points for reason in found.reasons) == found.kpi_share
    assert found.kpi_share + found.okr_share == 100
    assert (await world.get("/feed")).json() == before


async def test_the_sentences_are_in_the_language_that_is_asked_for(world: World) -> None:
    await world.found()
    url, headers = f"{world.base}/advice", world.headers(ADA, accept_language="zh-CN")
    answer = await world.client.get(url, params=FACTS, headers=headers)
    assert answer.headers["content-language"] == "zh-CN"
    assert "挑战型" in answer.text


async def test_facts_that_are_missing_or_unknown_are_named(world: World) -> None:
    await world.found()
    answer = await world.get("/advice", **FACTS | {"stage": "sleepy"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/stage")
    assert (await world.get("/advice")).status_code == 422


async def test_only_members_are_advised(world: World) -> None:
    await world.found()
    assert (await world.get("/advice", uuid4(), **FACTS)).status_code == 404

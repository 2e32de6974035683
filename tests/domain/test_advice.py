"""Advice on a unit's framework (R1.1): every combination of facts, because there are few enough."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from domain.cycle.advice import BALANCED, BASE, LITTLE, TABLE, Advice, Degree, Practice, Stage, UnitFacts, advise
from domain.cycle.policy import Framework

RULES = Path(__file__).parents[3] / "shared" / "rules.md"
VALUES = {"stage": Stage, "predictability": Degree, "regulation": Degree, "innovation": Degree, "maturity": Practice}
ALL = [UnitFacts.model_validate(dict(zip(VALUES, one, strict=True))) for one in product(*VALUES.values())]
TOWARDS_KPIS = {"innovation": -1, "regulation": 1, "predictability": 1, "maturity": -1}


def facts(**given: str) -> UnitFacts:
    middle = {"predictability": "medium", "regulation": "medium", "innovation": "medium"}
    return UnitFacts.model_validate({"stage": "growing", "maturity": "some"} | middle | given)


def every() -> list[tuple[UnitFacts, Advice]]:
    return [(one, advise(one)) for one in ALL]


def test_r1_1_the_mix_is_the_sum_of_the_reasons_that_are_shown() -> None:
    for one, advice in every():
        assert BALANCED + sum(reason.points for reason in advice.reasons) == advice.kpi_share, one
        assert 0 <= advice.kpi_share <= 100
        assert {reason.fact for reason in advice.reasons} >= set(TABLE) | {"preset"}


def test_r1_1_every_reason_and_caution_cites_a_rule() -> None:
    for one, advice in every():
        assert advice.cautions, one
        for reason in (*advice.reasons, *advice.cautions):
            assert re.fullmatch(r"R\d+(\.\d+)?", reason.rule), reason


@pytest.mark.skipif(not RULES.exists(), reason="the rules of practice do not lie beside this checkout")
def test_r1_1_every_cited_rule_is_one_of_rules_md() -> None:
    text = RULES.read_text(encoding="utf-8")
    for rule in {reason.rule for _, advice in every() for reason in (*advice.reasons, *advice.cautions)}:
        assert re.search(rf"(^## {rule} |^- {rule} |^\| {rule} )", text, re.M), rule


def test_r1_1_the_framework_is_what_the_mix_says() -> None:
    for _, advice in every():
        pure = {0: Framework.OKR, 100: Framework.KPI}
        assert advice.framework is pure.get(advice.kpi_share, Framework.COMPOSITE)
        assert advice.kpi_share in (0, 100) or LITTLE < advice.kpi_share < 100 - LITTLE
    assert {advice.framework for _, advice in every()} == set(Framework)


@pytest.mark.parametrize("fact", TOWARDS_KPIS)
def test_r1_1_more_of_a_fact_never_speaks_against_it(fact: str) -> None:
    """More need to innovate or practice never lowers the share of OKRs, more regulation or certainty never of KPIs."""
    for one in ALL:
        asked = [one.model_copy(update={fact: value}) for value in VALUES[fact]]
        shares = [TOWARDS_KPIS[fact] * advise(unit).kpi_share for unit in asked]
        assert shares == sorted(shares), one


def test_r1_a_required_base_is_never_left_to_okrs_alone() -> None:
    for one, advice in every():
        if one.regulation is Degree.HIGH:
            assert advice.kpi_share >= BASE


def test_r3_6_a_unit_without_practice_never_begins_with_okrs_alone() -> None:
    for one, advice in every():
        if one.maturity is Practice.NONE:
            assert advice.kpi_share >= BASE


def test_r9_19_a_unit_that_must_innovate_is_never_left_with_kpis_alone() -> None:
    for one, advice in every():
        if one.innovation is Degree.HIGH:
            assert advice.kpi_share <= 100 - BASE


@pytest.mark.parametrize(
    ("given", "framework", "share"),
    [
        ({"stage": "mature", "predictability": "high", "regulation": "high", "innovation": "low"}, "kpi", 100),
        ({"stage": "starting", "predictability": "low", "regulation": "low", "innovation": "high"}, "okr", 0),
        ({}, "composite", 45),
        ({"regulation": "high", "innovation": "high", "predictability": "low", "stage": "starting"}, "composite", 30),
    ],
)
def test_r1_1_typical_units(given: dict[str, str], framework: str, share: int) -> None:
    advice = advise(facts(**given))
    assert (advice.framework, advice.kpi_share) == (framework, share)


@pytest.mark.parametrize(
    ("given", "preset"),
    [
        ({"maturity": "none", "regulation": "medium"}, "light"),
        ({"maturity": "none", "regulation": "high"}, "formal"),
        ({"maturity": "some", "regulation": "low"}, "light"),
        ({"maturity": "some", "regulation": "medium"}, "formal"),
        ({"maturity": "practised", "regulation": "low"}, "formal"),
    ],
)
def test_r1_1_the_preset_follows_practice_and_what_is_required(given: dict[str, str], preset: str) -> None:
    assert advise(facts(**given)).preset == preset


def test_r1_1_cautions_fit_the_framework() -> None:
    some = [advice for one, advice in every() if one.maturity is Practice.SOME]
    cited = {advice.framework: {caution.rule for caution in advice.cautions} for advice in some}
    assert cited == {
        Framework.OKR: {"R3.6", "R7.6"},
        Framework.KPI: {"R3.2", "R9.19"},
        Framework.COMPOSITE: {"R3.6", "R7.6", "R3.2", "R1"},
    }
    beginners = advise(facts(maturity="none")).cautions
    assert "R3.5" in {caution.rule for caution in beginners}

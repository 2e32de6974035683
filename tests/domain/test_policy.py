"""A cycle's policy: the two presets, and what no policy may say (R1, R3, R5.6)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain.cycle.opening import OpenCycle
from domain.cycle.policy import Policy, preset
from domain.cycle.scoring_rules import Payout, ScoringRules, Zones
from domain.values import Elapsed, WorkingDays
from tests.support.given import LEAD, QUARTER

LIGHT = {
    "preset",
    "chain",
    "approach_required",
    "reasons_required",
    "check_in_every",
}
"""What the light preset does otherwise; every other value is the formal one's."""


def test_the_light_preset_differs_from_the_formal_one_in_exactly_these_values() -> None:
    light, formal = preset("light"), preset("formal")
    assert formal == Policy()
    assert {name for name in Policy.model_fields if getattr(light, name) != getattr(formal, name)} == LIGHT


def test_the_light_preset_has_one_approver_a_fortnightly_check_in_and_few_reasons() -> None:
    light = preset("light")
    assert len(light.chain) == 1
    assert light.check_in_every == WorkingDays(days=10)
    assert (light.approach_required, light.reasons_required) == (False, False)


def test_both_presets_score_alike() -> None:
    """A light cycle is less work, not another measure: its results compare with a formal one's."""
    assert preset("light").scoring == preset("formal").scoring


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"scoring": {"payout": {"threshold": "100"}}}, ("scoring", "payout", "target")),
        ({"scoring": {"payout": {"stretch": "100"}}}, ("scoring", "payout", "stretch")),
        ({"scoring": {"payout": {"threshold": "-1"}}}, ("scoring", "payout", "threshold")),
        ({"scoring": {"zones": {"commit": "0.7"}}}, ("scoring", "zones", "target")),
        ({"scoring": {"zones": {"target": "1"}}}, ("scoring", "zones", "stretch")),
        ({"scoring": {"progress_floor": "0.5", "progress_cap": "0.5"}}, ("scoring", "progress_cap")),
        ({"scoring": {"progress_floor": "1"}}, ("scoring", "progress_cap")),
        ({"scoring": {"weight_least": "20", "weight_most": "10"}}, ("scoring", "weight_most")),
        ({"scoring": {"red_line_cap": "-1"}}, ("scoring", "red_line_cap")),
        ({"objectives_least": 6}, ("objectives_most",)),
        ({"key_results_least": 9}, ("key_results_most",)),
        ({"chain": []}, ("chain",)),
        ({"turn": {"unit": "working_days", "days": -1}}, ("turn",)),
        ({"check_in_every": {"unit": "elapsed", "seconds": 0}}, ("check_in_every",)),
        ({"closing_lapses": {"seconds": 0}}, ("closing_lapses",)),
        ({"signature_escalation": {"unit": "working_days", "days": 1}}, ("signature_escalation",)),
    ],
)
def test_a_policy_refuses_nonsense_and_names_the_field(fields: dict[str, Any], at: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Policy.model_validate(fields)
    assert [tuple(part for part in error["loc"] if part not in TAGS) for error in refusal.value.errors()] == [at]


TAGS = ("working_days", "elapsed")


def test_a_policy_at_its_bounds_is_none() -> None:
    Policy(scoring=ScoringRules(weight_least="50", weight_most="50", payout=Payout(threshold="0"), red_line_cap="0"))
    Policy(objectives_least=4, objectives_most=4, signature_escalation=WorkingDays(days=2))
    Policy(signature_escalation=Elapsed(seconds=1))  # of another unit: it depends on the calendar which is longer


def test_r3_1_what_the_zones_score_may_be_the_cycle_s_own_and_is_part_of_what_is_signed() -> None:
    own = ScoringRules(zones=Zones(commit="0.2"))
    assert (ScoringRules().zone_scores, own.zone_scores.commit) == (Zones(), own.zones and own.zones.commit)
    assert own.hash != ScoringRules().hash


def test_r3_3_a_crossed_red_line_pays_what_the_threshold_pays_unless_the_policy_says_otherwise() -> None:
    assert ScoringRules(payout=Payout(threshold="50")).crossed_pays == 50
    assert ScoringRules(red_line_cap="0").crossed_pays == 0


def test_a_cycle_opens_by_one_preset() -> None:
    given: dict[str, Any] = {"name": "Q2", "facilitator": LEAD, "period": QUARTER, "policy": preset("light")}
    assert OpenCycle(**given).policy == OpenCycle(**given, preset="light").policy
    with pytest.raises(ValidationError, match="two presets"):
        OpenCycle(**given, preset="formal")

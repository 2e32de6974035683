"""Findings about the wording and size of goals. They warn; they refuse nothing (R3.5, R3.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.cycle.policy import Policy
from domain.goals import Kpi, Okr

ACTIVITY_WORDS = re.compile(
    r"^\s*(consult|help|analy[sz]e|participate|assist|support)\b|^\s*(协助|参与|分析|支持)", re.I
)
"""Words that name an activity instead of an outcome [Google]."""


def lint_goal(definition: Okr | Kpi, policy: Policy) -> tuple[str, ...]:
    """Stable codes of what a reader of the goal should look at."""
    findings: list[str] = []
    if _is_activity(definition.title.text):
        findings.append("lint.activity_word")
    if isinstance(definition, Okr):
        count = len(definition.key_results)
        if count < policy.key_results_least:
            findings.append("lint.few_key_results")
        if count > policy.key_results_most:
            findings.append("lint.many_key_results")
        if any(_is_activity(item.title.text) for item in definition.key_results):
            findings.append("lint.activity_key_result")
    return tuple(findings)


def lint_plan(definitions: Iterable[Okr | Kpi], policy: Policy) -> tuple[str, ...]:
    """Whether a plan has about as many objectives as a quarter can bear (R3.5)."""
    objectives = sum(1 for item in definitions if item.kind == "okr")
    if 0 < objectives < policy.objectives_least:
        return ("lint.few_objectives",)
    return ("lint.many_objectives",) if objectives > policy.objectives_most else ()


def _is_activity(text: str | None) -> bool:
    return text is not None and ACTIVITY_WORDS.search(text) is not None

"""Findings about the wording, dates and size of goals (SMART). They warn; they refuse nothing (R3.5, R3.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date

from domain.cycle.policy import Policy
from domain.cycle.state import CycleState
from domain.goals import Kpi, Okr
from domain.key_results import Ordinal, YesNo

ACTIVITY_WORDS = re.compile(
    r"^\s*(consult|help|analy[sz]e|participate|assist|support)\b|^\s*(协助|参与|分析|支持)", re.I
)
"""Words that name an activity instead of an outcome [Google]."""
OUTCOME_WORDS = re.compile(
    r"\b(achiev|attain|becom|buil[dt]|clos|complet|cut|deliver|doubl|earn|eliminat|end|establish|exceed|expand|gain|"
    r"gr[eo]w|halv|hold|held|improv|increas|keep|kept|land|launch|lead|lower|maintain|mak|made|migrat|open|publish|"
    r"rais|reach|recover|reduc|releas|remov|replac|restor|retain|retir|sav|sell|sold|ship|shorten|sign|stop|tripl|turn|"
    r"win|won)\w{0,4}\b"
    r"|达到|达成|实现|完成|提升|提高|增加|增长|扩大|降低|减少|缩短|消除|保持|维持|上线|发布|交付|建成|建立|赢得|签下|关闭|替换",
    re.I,
)
"""Stems of words that name what will be otherwise (R3.8; the list is ours)."""


def lint_goal(definition: Okr | Kpi, cycle: CycleState) -> tuple[str, ...]:
    """Stable codes of what a reader of the goal should look at."""
    found = _of_okr(definition, cycle.policy) if isinstance(definition, Okr) else _of_kpi(definition)
    words = ("lint.activity_word",) if _is_activity(definition.title.text) else ()
    return (*words, *found, *_of_dates(definition, cycle))


def _of_okr(okr: Okr, policy: Policy) -> Iterator[str]:
    count = len(okr.key_results)
    if count < policy.key_results_least:
        yield "lint.few_key_results"
    if count > policy.key_results_most:
        yield "lint.many_key_results"
    if any(_is_activity(item.title.text) for item in okr.key_results):
        yield "lint.activity_key_result"
    if okr.title.text is not None and not OUTCOME_WORDS.search(okr.title.text):
        yield "lint.no_outcome_verb"
    if all(isinstance(item, YesNo | Ordinal) for item in okr.key_results):
        yield "lint.no_number"  # and no milestone either


def _of_kpi(kpi: Kpi) -> Iterator[str]:
    if kpi.data_owner is None:
        yield "lint.no_data_owner"


def _of_dates(definition: Okr | Kpi, cycle: CycleState) -> Iterator[str]:
    dates = [definition.due, *(item.due for item in (definition.key_results if isinstance(definition, Okr) else ()))]
    told = [day for day in dates if day is not None]
    if definition.due is None and len(told) < max(1, len(dates) - 1):
        yield "lint.no_date"
    if any(not _within(day, cycle) for day in told):
        yield "lint.date_outside_period"


def _within(day: date, cycle: CycleState) -> bool:
    """Whether a day touches the period: it begins and ends at a midnight of some zone, a day off UTC at most."""
    if cycle.period is None:
        return True
    first, last = (moment.astimezone(UTC).date() for moment in (cycle.period.starts, cycle.period.ends))
    return first <= day <= last


def lint_plan(definitions: Iterable[Okr | Kpi], policy: Policy) -> tuple[str, ...]:
    """Whether a plan has about as many objectives as a quarter can bear (R3.5)."""
    objectives = sum(1 for item in definitions if item.kind == "okr")
    if 0 < objectives < policy.objectives_least:
        return ("lint.few_objectives",)
    return ("lint.many_objectives",) if objectives > policy.objectives_most else ()


def _is_activity(text: str | None) -> bool:
    return text is not None and ACTIVITY_WORDS.search(text) is not None

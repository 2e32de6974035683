"""Every code that people read has its words: a new one without them fails here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import domain
from domain.cycle.gates import GATES
from domain.plan.diff import Changed
from domain.plan.talks import Side
from domain.waiting import Group, What
from domain.words import CHANGED, CHECKS, FINDINGS, GROUPS, SIDES, VOIDED, WAITS, WORDS

VOIDING = re.compile(r"void_signatures\(\s*\w+,\s*\"(\w+)\"")


def test_everything_that_can_be_asked_of_somebody_has_its_words() -> None:
    assert set(WAITS) == set(What)
    assert set(GROUPS) == set(Group)


def test_every_check_of_a_gate_has_its_words() -> None:
    assert set(CHECKS) == {code for codes in GATES.values() for code in codes}


def test_every_reason_for_which_signatures_are_void_has_its_words() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in Path(domain.__path__[0]).rglob("*.py"))
    reasons = set(VOIDING.findall(sources))
    assert len(reasons) > 4
    assert reasons <= set(VOIDED)


def test_r5_1_everything_that_a_change_may_be_of_has_its_words() -> None:
    assert set(CHANGED) == set(get_args(Changed))
    assert set(SIDES) == set(Side)


def test_r3_8_every_finding_has_its_words() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in Path(domain.__path__[0], "plan").rglob("*.py"))
    assert set(re.findall(r"\"(lint\.\w+)\"", sources)) == set(FINDINGS)


def test_no_two_codes_are_said_in_the_same_words() -> None:
    said = [sentence for words in WORDS for sentence in words.values()]
    assert len(set(said)) == len(said)

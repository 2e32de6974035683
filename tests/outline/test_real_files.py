"""Five real quarters, written five ways, read by one rule."""

import re
from collections import Counter

import pytest

from cli.outline import Outline, Role, decode_outline, read_outline
from tests.outline.real_files import COUNTED, real_file

QUARTERS = list(COUNTED)


def read(quarter: str) -> Outline:
    return read_outline(decode_outline(real_file(quarter).read_bytes()))


@pytest.mark.parametrize("quarter", QUARTERS)
def test_the_counts_are_those_taken_by_hand(quarter: str) -> None:
    outline = read(quarter)
    roles = Counter(account.role for account in outline.accounts)
    lines = [*outline.objectives, *(line for objective in outline.objectives for line in objective.below())]
    counted = COUNTED[quarter]
    assert len(outline.objectives) == roles[Role.OBJECTIVE] == counted.objectives
    assert sum(len(one.key_results) for one in outline.objectives) == roles[Role.KEY_RESULT] == counted.key_results
    assert roles[Role.MILESTONE] == counted.milestones
    assert sum(line.done is True for line in lines) == counted.done
    assert sum(line.abandoned for line in lines) == counted.abandoned
    assert sum(len(line.tags) for line in lines) == counted.tags
    assert roles[Role.CONTEXT] == counted.context
    assert roles[Role.CONTENTS] == counted.contents
    assert roles[Role.TITLE] == 1


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_heading_and_item_is_accounted_for_once(quarter: str) -> None:
    text = real_file(quarter).read_text(encoding="utf-8")
    written = [
        number for number, line in enumerate(text.splitlines(), start=1) if re.match(r"#{1,6} |[ \t]*[-*] ", line)
    ]
    assert [account.line for account in read(quarter).accounts] == written


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_line_of_the_outline_says_what_the_file_says_there(quarter: str) -> None:
    text = real_file(quarter).read_text(encoding="utf-8").splitlines()
    outline = read(quarter)
    for line in [*outline.objectives, *(one for objective in outline.objectives for one in objective.below())]:
        words = re.findall(r"\w+", line.title)
        assert all(word in text[line.line - 1] for word in words), (line.line, line.title)


def test_an_objective_a_key_result_and_a_milestone_by_line() -> None:
    objective = next(one for one in read("2018-Q4").objectives if one.line == 3)
    assert objective.title == "Bring 'Code as Data' to market with enterprises"
    result = next(one for one in objective.key_results if one.line == 53)
    assert (result.title, result.tags) == (
        "Get bblfsh ready for wide language support of our use cases",
        ("LA",),
    )
    assert [(step.line, step.title, step.done) for step in result.milestones] == [
        (56, "Go", True),
        (57, "Scala", False),
        (58, "Python", False),
        (59, "Deprecate UAST v1.", False),
        (60, "Fix positions in all alpha+ drivers.", False),
    ]
    assert result.milestones[0].within == ("Finish migration to v2 for all supported client languages:",)


def test_what_was_struck_through_is_abandoned_with_its_tags_read() -> None:
    objective = next(one for one in read("2018-Q4").objectives if one.line == 119)
    assert (objective.title, objective.tags, objective.abandoned) == (
        "Release a new version of PGA",
        ("INFRA", "APPS"),
        True,
    )


def test_brackets_inside_a_word_are_no_tag() -> None:
    results = [result for one in read("2018-Q3").objectives for result in one.key_results]
    assert next(one for one in results if one.line == 223).title == "Release a beta of the style analyzer[s]"

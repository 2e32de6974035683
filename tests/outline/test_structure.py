"""The structural rule, on outlines written for these tests."""

import pytest

from cli.outline import Outline, OutlineError, Role, read_outline

ENGLISH = """\
# Plans of the bakery

- [Bread](#bread)
  - [Rye](#rye)
- [Cakes](#cakes)

Some words about the year.

## Bread that people queue for [OVEN]

Approach: bake *one* loaf less
than we could sell.

- Raise loaves a day from 120 to 180 loaves
- [ ] Open on Sundays [P1][SHOP]
  - [x] Ask the bakers
  - [ ] Ask the neighbours

### A rye bread of our own

- [x] Recipe
- [ ] Supplier [MILL]

### Everything around it

#### A new oven

- [ ] Quotes:
  - [ ] Three of them

## ~~Cakes by post~~

- [ ] A box that survives [SHOP]

> - a quoted item
"""
CHINESE = """\
# 二零二七年第一季度

## 让每个班组都能自己改进【林】

路径：从三个试点班组开始。

- 每月改进建议从 40 提高到 90 条
- [P0] 建立改进看板
  - [x] 选定试点班组
  - [ ] ~~第一次复盘~~

## 老客户愿意推荐我们 [赵敏]

1. 客户净推荐值 from 31 to 45 分
2. 客户回访
"""


def shape(outline: Outline) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    return [
        (one.title, [(result.title, [step.title for step in result.milestones]) for result in one.key_results])
        for one in outline.objectives
    ]


def test_an_english_outline_reads_as_a_person_reads_it() -> None:
    outline = read_outline(ENGLISH)
    assert outline.title == "Plans of the bakery"
    assert shape(outline) == [
        (
            "Bread that people queue for",
            [
                ("Raise loaves a day from 120 to 180 loaves", []),
                ("Open on Sundays", ["Ask the bakers", "Ask the neighbours"]),
                ("A rye bread of our own", ["Recipe", "Supplier"]),
                ("A new oven", ["Quotes:", "Three of them"]),
            ],
        ),
        ("Cakes by post", [("A box that survives", [])]),
    ]
    bread, cakes = outline.objectives
    assert (bread.line, bread.tags) == (9, ("OVEN",))
    assert bread.approach == "bake one loaf less\nthan we could sell."
    sundays = bread.key_results[1]
    assert (sundays.line, sundays.tags, sundays.priority, sundays.done) == (15, ("SHOP",), "P1", False)
    assert [step.done for step in sundays.milestones] == [True, False]
    assert bread.key_results[2].milestones[1].tags == ("MILL",)
    assert cakes.abandoned
    assert cakes.key_results[0].abandoned
    roles = {account.line: account.role for account in outline.accounts}
    assert [roles[line] for line in (1, 3, 4, 5)] == [Role.TITLE, Role.CONTENTS, Role.CONTENTS, Role.CONTENTS]
    assert roles[24] == Role.CONTEXT
    assert list(roles.values()).count(Role.PROSE) == 1


def test_a_chinese_outline_reads_the_same_way() -> None:
    outline = read_outline(CHINESE)
    assert shape(outline) == [
        (
            "让每个班组都能自己改进",
            [("每月改进建议从 40 提高到 90 条", []), ("建立改进看板", ["选定试点班组", "第一次复盘"])],
        ),
        ("老客户愿意推荐我们", [("客户净推荐值 from 31 to 45 分", []), ("客户回访", [])]),
    ]
    first, second = outline.objectives
    assert (first.tags, second.tags) == (("林",), ("赵敏",))
    assert first.approach == "从三个试点班组开始。"
    board = first.key_results[1]
    assert board.priority == "P0"
    assert [step.abandoned for step in board.milestones] == [False, True]


@pytest.mark.parametrize(
    ("text", "objectives"),
    [
        pytest.param("# T\n## A\n- x\n## B\n- y\n", ["A", "B"], id="the shallowest repeated level"),
        pytest.param("# T\n## Q\n### A\n- x\n### B\n- y\n", ["A", "B"], id="a single section above is context"),
        pytest.param("# A\n- x\n# B\n- y\n", ["A", "B"], id="two headings of level 1 are no title"),
        pytest.param("# T\n## A\n- x\n", ["A"], id="one objective below the title"),
        pytest.param("A\n=\n\nB\n=\n\n- x\n", ["A", "B"], id="underlined headings"),
        pytest.param("- A\n  - x\n- B\n", ["A", "B"], id="no headings"),
        pytest.param("# T\n- A\n  - x\n- B\n", ["A", "B"], id="nothing but a title above"),
        pytest.param("# T\n## P\n- A\n  - [P0] x\n## Q\n- B\n", ["A", "B"], id="priorities rank key results"),
        pytest.param("# T\n## P [DR]\n- A\n  - [P0] x\n## Q\n- B\n", ["P", "Q"], id="a marked heading is a goal"),
        pytest.param("# T\n## P\n- [ ] A\n  - [P0] x\n## Q\n- B\n", ["P", "Q"], id="a marked item is a key result"),
    ],
)
def test_which_headings_or_items_are_objectives(text: str, objectives: list[str]) -> None:
    assert [one.title for one in read_outline(text).objectives] == objectives


@pytest.mark.parametrize(("level", "objectives"), [(1, ["T"]), (2, ["A", "B"]), (0, ["x", "y"])])
def test_a_given_level_overrides_the_rule(level: int, objectives: list[str]) -> None:
    text = "# T\n## A\n### C\n- x\n## B\n- y\n"
    assert [one.title for one in read_outline(text, objective_level=level).objectives] == objectives


def test_what_a_given_level_leaves_outside_is_refused_and_never_lost() -> None:
    with pytest.raises(OutlineError) as caught:
        read_outline("# T\n## A\n### C\n- x\n## B\n- y\n", objective_level=3)
    assert [(found.line, found.code) for found in caught.value.problems] == [(6, "import.outside_objective")]


def test_a_heading_over_the_contents_belongs_to_them() -> None:
    outline = read_outline("# T\n\n## Contents\n\n- [A](#a)\n- [B](#b)\n\n## A\n- x\n## B\n")
    assert [one.title for one in outline.objectives] == ["A", "B"]
    assert [account.role for account in outline.accounts][1:4] == [Role.CONTENTS] * 3


def test_lists_in_links_code_and_several_paragraphs() -> None:
    text = "# T\n\n## A\n\n- `code` and [a *link*](https://example.org)\n\n  More words.\n\n  # odd\n\n## B\n"
    outline = read_outline(text)
    assert outline.objectives[0].key_results[0].title == "code and a link"
    assert [account.role for account in outline.accounts] == [
        Role.TITLE,
        Role.OBJECTIVE,
        Role.KEY_RESULT,
        Role.PROSE,
        Role.OBJECTIVE,
    ]

"""The structural rule, sentence by sentence, on small outlines that we wrote."""

from __future__ import annotations

import pytest

from cli.outline import Outline, Role, read_outline
from tests.outline.reading import every, key_results, milestones, read


def shape(outline: Outline) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    return [
        (
            objective.title,
            [(result.title, [one.title for one in result.milestones]) for result in objective.key_results],
        )
        for objective in outline.objectives
    ]


def titles(text: str, level: int | None = None) -> list[str]:
    return [objective.title for objective in read_outline(text, level).objectives]


def test_an_english_outline_reads_as_it_looks() -> None:
    assert shape(read("bakery.md")) == [
        (
            "Bread that people cross town for",
            [
                ("Raise loaves sold a day from 200 to 320", []),
                ("Bake without waste", ["Weigh what is thrown away", "of the burnt ones", "of the unsold ones"]),
                ("Sourdough course", ["Write the first lesson (notes)", "Hire a teacher"]),
                ("Second course", ["Reach ~~10~~ 20 pupils"]),
                ("Street market", ["Rent a stand"]),
            ],
        ),
        (
            "A shop that runs itself",
            [("Flour", ["Choose a supplier[s]", "Sign the array[i][j] of contracts"])],
        ),
    ]


def test_its_marks_are_taken_out_of_the_titles() -> None:
    outline = read("bakery.md")
    marks = {one.line: (one.priority, one.tags, one.done, one.abandoned) for one in every(outline)}
    assert marks[12] == ("P0", ("OVEN",), None, False)
    assert marks[16] == ("P1", ("COUNTER",), True, False)
    assert marks[17] == (None, (), None, False)
    assert marks[23] == ("P2", (), None, False)
    assert marks[26] == (None, ("HR",), False, True)
    assert marks[30] == (None, (), True, False)
    assert marks[32] == (None, (), None, True)
    assert marks[34] == (None, (), False, True), "what stands below a struck heading was given up with it"
    assert outline.title == "Bakery goals, spring"
    assert outline.objectives[0].approach == "Taste every batch, write down what was wrong."
    assert {one.line: one.within for one in milestones(outline)}[21] == ("Find the cause",)


def test_its_contents_quotation_and_groups_are_no_goals() -> None:
    roles = {account.line: account.role for account in read("bakery.md").accounts}
    assert [roles[line] for line in (5, 7, 8)] == [Role.CONTENTS] * 3
    assert roles[36] is Role.PROSE
    assert roles[1] is Role.TITLE
    assert [roles[line] for line in (19, 40)] == [Role.CONTEXT] * 2


def test_a_chinese_outline_reads_as_it_looks() -> None:
    outline = read("school.md")
    assert shape(outline) == [
        (
            "让每个孩子爱上阅读",
            [("借书量从 1200 本提高到 2000 本", []), ("每班建立读书角", ["选书", "采购书架"])],
        ),
        ("新建游泳馆", [("完成选址", [])]),
        ("家校沟通更顺畅", [("家长开放日", ["春季一次", "收集意见"])]),
    ]
    tagged = {one.line: (one.priority, one.tags) for one in every(outline) if one.tags}
    assert tagged == {
        3: ("P0", ("语文组",)),
        7: (None, ("图书馆",)),
        8: ("P1", ("总务处",)),
        10: (None, ("林",)),
        12: (None, ("总务处",)),
        18: (None, ("德育处",)),
    }
    assert [one.abandoned for one in outline.objectives] == [False, True, False]
    assert outline.objectives[0].approach == "每天二十分钟，老师先读。"
    assert sum(one.done is True for one in every(outline)) == 3


def test_top_level_items_are_objectives_where_only_items_below_them_are_ranked() -> None:
    assert shape(read("club.md")) == [
        ("Win the city regatta", [("Train four times a week", []), ("Repair both eights", [])]),
        ("Teach beginners", []),
        ("Keep the boathouse open", [("Find three caretakers", [])]),
    ]


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        ("tick", "# T\n## A\n- [ ] a\n  - [P0] b\n## B\n"),
        ("tag", "# T\n## A\n- a [DR]\n  - [P0] b\n## B\n"),
        ("priority of a heading", "# T\n## A [P1]\n- a\n  - [P0] b\n## B\n"),
    ],
)
def test_a_mark_further_up_keeps_the_headings_objectives(mark: str, text: str) -> None:
    assert titles(text) == ["A", "B"], mark


def test_objectives_are_the_shallowest_level_that_occurs_more_than_once() -> None:
    assert titles("# T\n## Q1\n### A\n- a\n### B\n#### C\n- c\n#### D\n- d\n") == ["A", "B"]


def test_where_no_level_occurs_twice_objectives_are_the_deepest() -> None:
    assert titles("# T\n## Q1\n### A\n- a\n") == ["A"]


def test_without_headings_the_items_are_objectives() -> None:
    assert shape(read_outline("- A\n  - a\n    - m\n- B\n")) == [("A", [("a", ["m"])]), ("B", [])]


def test_the_level_can_be_named() -> None:
    text = "# T\n## Q1\n### A\n- a\n### B\n- b\n"
    assert [titles(text, level) for level in (2, 3)] == [["Q1"], ["A", "B"]]
    assert titles("# T\n## S\n- A\n  - a\n## R\n- B\n", 0) == ["A", "B"]
    assert titles("# T\n- a\n", 1) == ["T"]


def test_a_heading_over_a_table_of_contents_is_a_title_where_deeper_headings_follow() -> None:
    outline = read_outline("# T\n- [A](#a)\n\n## A\n- a\n## B\n- b\n")
    assert (outline.title, [one.title for one in outline.objectives]) == ("T", ["A", "B"])


def test_a_heading_of_a_table_of_contents_counts_for_no_level() -> None:
    assert titles("# T\n## Contents\n- [A](#a)\n## Q1\n### A\n- a\n### B\n- b\n") == ["A", "B"]


def test_what_stands_below_a_struck_group_is_abandoned() -> None:
    outline = read_outline("# T\n## A\n### ~~Group~~\n#### a\n- m\n## B\n- b\n")
    assert {one.title: one.abandoned for one in every(outline)} == {
        "A": False,
        "a": True,
        "m": True,
        "B": False,
        "b": False,
    }


def test_a_key_result_heading_of_a_struck_objective_is_abandoned() -> None:
    outline = read_outline("# T\n## ~~A~~\n### a\n- m\n## B\n")
    assert {one.title: one.abandoned for one in every(outline)} == {"A": True, "a": True, "m": True, "B": False}


def test_marks_in_a_table_of_contents_say_nothing_about_the_levels() -> None:
    assert titles("# T\n- [[P1] A](#a)\n\n## S\n- A\n  - [P0] a\n## R\n- B\n") == ["A", "B"]


def test_an_item_whose_words_begin_on_the_next_line_stands_where_they_do() -> None:
    assert [one.line for one in every(read_outline("# T\n## A\n-\n  [ ] a\n## B\n"))] == [2, 4, 5]


def test_a_list_of_links_elsewhere_is_no_table_of_contents() -> None:
    outline = read_outline("# T\n## A\n- [docs](https://a.test)\n## B\n- [B](#b) and more\n")
    assert [one.title for one in key_results(outline)] == ["docs", "B and more"]


@pytest.mark.parametrize(
    ("item", "title", "tags", "priority", "done"),
    [
        ("[x] [P0][DP] Store logs", "Store logs", ("DP",), "P0", True),
        ("[P?] Store logs [DP] [LA]", "Store logs", ("DP", "LA"), "P?", None),
        ("[p1] Store logs", "Store logs", (), "P1", None),
        ("Store logs [DP][DP]", "Store logs", ("DP",), None, None),
        ("analyzer[s]", "analyzer[s]", (), None, None),
        ("grid[i][j]", "grid[i][j]", (), None, None),
        ("see [1]", "see [1]", (), None, None),
        ("and so on [...]", "and so on [...]", (), None, None),
        ("literally \\[DR\\]", "literally [DR]", (), None, None),
        ("code `[DR]`", "code [DR]", (), None, None),
        ("[x](https://a.test) of a link", "x of a link", (), None, None),
        ("提升续约率[P0][销售]", "提升续约率", ("销售",), "P0", None),
        ("over two\n  lines [DR]", "over two lines", ("DR",), None, None),
    ],
)
def test_marks(item: str, title: str, tags: tuple[str, ...], priority: str | None, done: bool | None) -> None:
    found = read_outline(f"# T\n## A\n- {item}\n## B\n").objectives[0].key_results[0]
    assert (found.title, found.tags, found.priority, found.done) == (title, tags, priority, done)


def test_line_endings_and_byte_order_mark_move_no_line() -> None:
    text = "# T\n\n## A\n- [x] a\n\n## B\n"
    for ending in ("\n", "\r\n", "\r"):
        assert [one.line for one in every(read_outline(text.replace("\n", ending)))] == [3, 4, 6]

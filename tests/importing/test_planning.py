"""What an outline becomes: owners, weights, key results, and the ids that make a second import a duplicate."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.importing import DirectoryError, read_directory
from cli.importing.goals import shares
from cli.outline import OutlineError
from domain.goals import Ambition
from domain.key_results import Measured, Milestones
from domain.plan.drafting import DraftGoal
from tests.importing.imports import planned

DIRECTORY = read_directory(
    b"""\
[organization]
name = "Bakery"
[people.ada]
name = "Ada"
[people.ben]
name = "Ben"
manager = "ada"
[teams.ovens]
name = "The ovens"
lead = "ben"
[tags]
HEAT = "ovens"
"""
)


def outline(*objectives: str) -> str:
    return "# Plans\n" + "".join(f"## {one}\n" for one in (*objectives, *([] if len(objectives) > 1 else ["Z"])))


@given(st.integers(1, 100))
def test_r3_4_weights_total_exactly_100_with_the_remainder_on_the_last(count: int) -> None:
    weights = shares(count)
    assert sum(weights) == 100
    assert all(weight >= 1 and weight == round(weight, 2) for weight in weights)
    assert len(set(weights[:-1])) <= 1
    assert weights[-1] >= weights[0]


def test_r3_4_each_owner_has_a_plan_whose_weights_total_100() -> None:
    plan = planned(outline("A [x-ray]", "B [x-ray]", "C [x-ray]", "D [yard]"))
    weights = [goal.definition.weight for goal in plan.goals]
    assert weights == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34"), 100]
    assert [goal.plan for goal in plan.goals[:3]] == [plan.plans["x-ray"]] * 3


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        pytest.param(outline("A [BEN]\n- x [ovens]"), "ben", id="a person's key, whatever its case"),
        pytest.param(outline("A [HEAT][ben]"), "ovens", id="the first tag, mapped to a team"),
        pytest.param(outline("A\n- x [ben]\n- y [HEAT]\n- z [HEAT]"), "ovens", id="the most frequent tag below"),
        pytest.param(outline("A\n- x [ben]\n- y [HEAT]"), "ben", id="the earlier of two equally frequent"),
        pytest.param(outline("A\n- ~~x [ben]~~\n- y [HEAT]"), "ovens", id="what was given up has no say"),
        pytest.param(outline("A [NEW]"), "new", id="a tag that nobody knows is a new team"),
        pytest.param(outline("A\n- x"), "company", id="no tag at all"),
    ],
)
def test_who_owns_an_objective(text: str, owner: str) -> None:
    goal = planned(text, DIRECTORY).goals[0]
    assert goal.owner.key == owner
    leads = {"ben": "ben", "ovens": "ben", "new": "ada", "company": "ada"}
    assert goal.owner.responsible == planned(text, DIRECTORY).people[leads[owner]]


def test_r3_6_p0_is_committed_and_everything_else_aspirational() -> None:
    plan = planned(outline("[P0] A", "[P1] B", "C"))
    assert [goal.definition.ambition for goal in plan.goals] == [
        Ambition.COMMITTED,
        Ambition.ASPIRATIONAL,
        Ambition.ASPIRATIONAL,
    ]


def test_key_results_become_measures_and_steps_with_their_final_ticks() -> None:
    text = outline(
        "A\nApproach: one at a time\n"
        "- Orders from 12 to 20 orders\n"
        "- [x] Failures from 9 to 4 a week\n"
        "- Open the shop\n  - [x] Lease\n  - Papers:\n    - [ ] Licence\n  - ~~Flag~~\n"
        "- [x] Say hello\n"
        "- [ ] Hire\n  - [x] Post it\n"
        "- Stock from 3 to 5 weeks\n  - [x] Shelves"
    )
    goal = planned(text).goals[0]
    assert goal.definition.approach is not None
    assert goal.definition.approach.text == "one at a time"
    told: list[tuple[object, ...]] = []
    for result in goal.results:
        definition = result.definition
        if isinstance(definition, Measured):
            values = (definition.kind, definition.baseline, definition.target, definition.unit)
            told.append((result.line, definition.title.text, *values, result.final.value))
        else:
            assert isinstance(definition, Milestones)
            done = set(result.final.done or ())
            steps = [(step.title.text, step.id in done) for step in definition.milestones]
            told.append((result.line, definition.title.text, steps))
        assert result.definition.weight == 1
        assert result.final.measure == result.definition.id
    assert told == [
        (4, "Orders", "increase", 12, 20, "orders", 12),
        (5, "Failures", "decrease", 9, 4, "a week", 4),
        (6, "Open the shop", [("Lease", True), ("Papers: › Licence", False)]),
        (11, "Say hello", [("Say hello", True)]),
        (12, "Hire", [("Post it", True), ("Hire", False)]),
        (14, "Stock", "increase", 3, 5, "weeks", 3),
        (14, "Stock from 3 to 5 weeks", [("Shelves", True)]),
    ]
    ids = [result.definition.id for result in goal.results]
    assert len(set(ids)) == len(ids)


def test_an_objective_without_key_results_is_its_own_single_step() -> None:
    plan = planned(outline("A", "B"))
    (result,) = plan.goals[0].results
    assert isinstance(result.definition, Milestones)
    assert [step.title.text for step in result.definition.milestones] == ["A"]
    assert any("lines 2, 3" in note for note in plan.notes)


def test_what_was_given_up_is_counted_and_left_out() -> None:
    plan = planned(outline("~~A~~\n- x\n  - y", "B\n- ~~c~~\n- d\n  - ~~e~~"))
    assert [(one.line, one.what) for one in plan.skipped] == [
        (2, "objective"),
        (3, "key_result"),
        (4, "milestone"),
        (6, "key_result"),
        (8, "milestone"),
    ]
    assert [goal.title for goal in plan.goals] == ["B"]
    assert [result.title for result in plan.goals[0].results] == ["d"]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        (outline("A\n" + "- x\n" * 31), 33, "import.too_many_key_results"),
        (outline("A\n- x\n" + "  - y\n" * 101), 104, "import.too_many_milestones"),
        (outline(*["A"] * 101), 102, "import.too_many_objectives"),
        (outline("~~A~~", "~~B~~"), 1, "import.no_objective"),
        (outline(f"A\n- x\n  - {'y' * 3000}\n    - {'z' * 3000}"), 5, "import.text_too_long"),
    ],
)
def test_more_than_the_domain_can_hold_is_told_by_line(text: str, line: int, code: str) -> None:
    with pytest.raises(OutlineError) as caught:
        planned(text)
    assert [(found.line, found.code) for found in caught.value.problems] == [(line, code)]


def test_exactly_what_the_domain_can_hold_is_planned() -> None:
    assert len(planned(outline("A\n" + "- x\n" * 30)).goals[0].results) == 30
    (result,) = planned(outline("A\n- x\n" + "  - y\n" * 100)).goals[0].results
    assert isinstance(result.definition, Milestones)
    assert len(result.definition.milestones) == 100
    assert len(planned(outline(*["A"] * 100)).goals) == 100


def test_the_same_file_has_the_same_ids_and_another_secret_has_others() -> None:
    text = outline("A\n- x", "B")
    first, second = planned(text), planned(text)
    assert first.order() == second.order()
    other = planned(text, secret=b"other" * 7)
    assert not {goal.goal for goal in first.goals} & {goal.goal for goal in other.goals}
    assert first.options.command_id != other.options.command_id
    cycle = first.options.cycle_id
    into, elsewhere = planned(text, cycle=cycle), planned(text, cycle=cycle, secret=b"other" * 7)
    # Nobody without the organization's key can tell from a command's id whether a guessed text was imported.
    assert into.options.command_id != elsewhere.options.command_id
    changed = planned(text + "\n")
    assert first.options.command_id != changed.options.command_id
    assert first.options.cycle_id != changed.options.cycle_id


def test_who_acts_can_be_chosen_and_must_be_somebody() -> None:
    plan = planned(outline("A"), DIRECTORY, actor="BEN")
    assert plan.actor == plan.people["ben"]
    with pytest.raises(DirectoryError):
        planned(outline("A"), DIRECTORY, actor="nobody")


def test_every_objective_is_drafted_by_one_command_of_its_line() -> None:
    plan = planned(outline("A", "B"))
    drafted = [(step.line, step.step.ref.stream) for step in plan.steps if isinstance(step.step.command, DraftGoal)]
    assert drafted == [(goal.line, goal.plan) for goal in plan.goals]

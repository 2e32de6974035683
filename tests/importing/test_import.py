"""Imports on the real log: all or nothing, once, and exactly what the file says."""

from pathlib import Path
from uuid import uuid4

import pytest

from cli.importing import DirectoryError, ImportRefused, read_directory, run_import
from cli.outline import OutlineError
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.directory.calendar import Calendar
from domain.directory.sites import AddSite
from domain.directory.state import DIRECTORY, DirectoryState
from domain.goals import Okr
from domain.plan.readings import measures
from domain.plan.state import PlanState
from domain.problems import DomainError
from eventlog.orders import Order
from eventlog.verify import verify_chain
from tests.importing.imports import ORGANIZATION, engine_on, plan_for, real_quarter

HARBOUR = Path(__file__).resolve().parents[2] / "examples" / "harbour"
TEXT = b"# Plans\n## A [x-ray]\n- Orders from 12 to 20 orders\n- [x] y\n## B\n- ~~c~~\n- d\n"
IMPORTED = {
    # plans, goals, key results, milestones done at the end: without what was struck through, and with one single
    # step for each of the objectives that has no key results (12 in 2018-Q1, 2 in 2019-Q1). By hand.
    "2018-Q1": (1, 30, 59, 0),
    "2018-Q2": (1, 2, 7, 0),
    "2018-Q3": (1, 5, 42, 21),
    "2018-Q4": (5, 9, 51, 8),
    "2019-Q1": (7, 10, 29, 0),
}


@pytest.mark.parametrize("quarter", list(IMPORTED))
async def test_a_real_quarter_is_in_the_log_as_it_stands_in_the_file(
    quarter: str, database: str, tmp_path: Path
) -> None:
    data = real_quarter(quarter)
    async with engine_on(database, tmp_path) as engine:
        plan = await plan_for(engine, data)
        report = await run_import(engine, plan)
        assert report.outcome == "appended"
        cycle: CycleState = (
            await engine.handler.cache.refresh(ORGANIZATION, Ref("cycle", plan.options.cycle_id))
        ).state
        states: list[PlanState] = []
        for ref in cycle.plans():
            states.append((await engine.handler.cache.refresh(ORGANIZATION, ref)).state)
        goals = [goal for state in states for goal in state.goals.values()]
        definitions = [goal.definition for goal in goals if isinstance(goal.definition, Okr)]
        plans, objectives, key_results, done = IMPORTED[quarter]
        assert (len(states), len(goals)) == (plans, objectives)
        assert sum(len(one.key_results) for one in definitions) == key_results
        assert all(sum(goal.definition.weight for goal in state.goals.values()) == 100 for state in states)
        finals = {planned.goal: planned.final for planned in plan.goals}
        assert sum(len(reading.done or ()) for final in finals.values() for reading in final) == done
        for goal in goals:
            assert tuple(reading.measure for reading in finals[goal.id]) == tuple(measures(goal))
        opened = await engine.opener(ORGANIZATION).open(tuple(definitions))
        assert {one.title.text for one in opened} == {planned.title for planned in plan.goals}
        assert (await verify_chain(engine.log, ORGANIZATION)).holds


async def test_the_example_organization_is_imported_with_its_people(database: str, tmp_path: Path) -> None:
    directory = read_directory((HARBOUR / "directory.toml").read_bytes())
    async with engine_on(database, tmp_path) as engine:
        plan = await plan_for(engine, (HARBOUR / "2027-Q1.md").read_bytes(), directory)
        await run_import(engine, plan)
        found: DirectoryState = (await engine.handler.cache.refresh(ORGANIZATION, DIRECTORY)).state
        people = plan.people
        assert len(found.people) == 12
        assert [found.people[people[key]].manager for key in ("mei", "amara", "lin")] == [
            people["amara"],
            people["lin"],
            None,
        ]
        assert not found.teams
        cycle: CycleState = (
            await engine.handler.cache.refresh(ORGANIZATION, Ref("cycle", plan.options.cycle_id))
        ).state
        keys = ("lin", "amara", "chen", "piotr", "mei", "jonas", "zhao", "sofia", "liu", "ewa")
        assert set(cycle.participants) == {people[key] for key in keys}
        assert cycle.facilitator == people["lin"]
        assert len(plan.goals) == 12


async def test_r2_2_sites_are_imported_once_and_people_placed_there(database: str, tmp_path: Path) -> None:
    text = (
        '[organization]\nname = "O"\ncountry = "NL"\n'
        '[sites.ningbo]\nname = "Ningbo"\nzone = "Asia/Shanghai"\ncountry = "CN"\n'
        '[people.a]\nname = "A"\nsite = "ningbo"\nroles = ["board_approver"]\n'
        '[people.b]\nname = "B"\nroles = ["board_approver"]\n'
        '[people.c]\nname = "C"\nmanager = "a"\nsite = "ningbo"\n'
    )
    directory = read_directory(text.encode())
    async with engine_on(database, tmp_path) as engine:
        plan = await plan_for(engine, b"# Q\n## Win [c]\n- Do it\n", directory, preset="light")
        await run_import(engine, plan)
        state: DirectoryState = (await engine.handler.cache.refresh(ORGANIZATION, DIRECTORY)).state
        [site] = state.sites.values()
        assert (state.calendar.country, site.calendar) == ("NL", Calendar(zone="Asia/Shanghai", country="CN"))
        assert sorted(person.site == site.id for person in state.people.values()) == [False, True, True]
        again = await plan_for(engine, b"# R\n## Win [c]\n- Do it\n", directory, exists=True, preset="light")
        assert not any(isinstance(one.step.command, AddSite) for one in again.steps), "it is there already"


async def test_the_same_file_again_is_a_duplicate_whoever_and_however(database: str, tmp_path: Path) -> None:
    async with engine_on(database, tmp_path) as engine:
        first = await run_import(engine, await plan_for(engine, TEXT))
        again = await run_import(engine, await plan_for(engine, TEXT))
        into = await run_import(
            engine,
            await plan_for(engine, TEXT, exists=True, cycle=first.plan.options.cycle_id, actor="Board approver 1"),
        )
        dry = await run_import(engine, await plan_for(engine, TEXT, exists=True), dry_run=True)
        assert first.outcome == "appended"
        for later in (again, into, dry):
            assert later.outcome == "duplicate"
            assert (later.first_position, later.last_position) == (1, first.last_position)
            assert later.goals == first.goals
        assert await engine.log.last_position(ORGANIZATION) == first.last_position


async def test_two_at_once_import_once(database: str, tmp_path: Path) -> None:
    async with engine_on(database, tmp_path) as engine, engine_on(database, tmp_path) as other:
        plan = await plan_for(engine, TEXT)
        order = plan.order()
        first = await engine.handler.execute(order)
        # The other process has looked for the command before the first one wrote: the log itself decides.
        second = await other.handler.execute(order)
        assert (first.outcome, second.outcome) == ("appended", "duplicate")
        assert second.last_position == first.last_position


async def test_a_dry_run_writes_nothing_and_says_what_it_would_write(database: str, tmp_path: Path) -> None:
    async with engine_on(database, tmp_path) as engine:
        plan = await plan_for(engine, TEXT)
        report = await run_import(engine, plan, dry_run=True)
        assert report.outcome == "dry_run"
        assert report.events == 10  # organization, two approvers, two teams, cycle; for both owners plan and goal
        assert await engine.log.last_position(ORGANIZATION) == 0
        assert await engine.pool.fetchval("select count(*) from goalcycle.disclosures") == 0


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"# T\n## \n- x\n## B\n", OutlineError), (b"# T\n## A\n- \xff\n", OutlineError), (b"", OutlineError)],
)
async def test_a_broken_file_changes_nothing(
    data: bytes, error: type[Exception], database: str, tmp_path: Path
) -> None:
    async with engine_on(database, tmp_path) as engine:
        last = (await run_import(engine, await plan_for(engine, TEXT))).last_position
        with pytest.raises(error):
            await plan_for(engine, data, exists=True)
        assert await engine.log.last_position(ORGANIZATION) == last


async def test_another_file_into_the_open_cycle_enrols_its_owners(database: str, tmp_path: Path) -> None:
    async with engine_on(database, tmp_path) as engine:
        first = await run_import(engine, await plan_for(engine, TEXT))
        cycle = first.plan.options.cycle_id
        more = b"# More\n## C [X-Ray]\n- e\n## D [yard]\n- f\n"
        plan = await plan_for(engine, more, exists=True, cycle=cycle)
        report = await run_import(engine, plan)
        assert plan.owners[0].owner.id == first.plan.owners[0].owner.id
        assert plan.plans["X-Ray"] == first.plan.plans["x-ray"]
        state: CycleState = (await engine.handler.cache.refresh(ORGANIZATION, Ref("cycle", cycle))).state
        assert len(state.participants) == 3
        assert report.notes[-1] == "The plan of x-ray had goals already: its weights total 200 now, not 100."


async def test_a_refusal_of_the_domain_names_the_line_and_changes_nothing(database: str, tmp_path: Path) -> None:
    lonely = read_directory(b"[organization]\nname = 'O'\n[people.ada]\nname = 'Ada'\n[people.ben]\nname = 'Ben'\n")
    async with engine_on(database, tmp_path) as engine:
        plan = await plan_for(engine, b"# T\n## A [ada]\n- x\n## B [ben]\n- y\n", lonely)
        with pytest.raises(ImportRefused) as caught:
            await run_import(engine, plan)
        assert (caught.value.refusal.code, caught.value.line, caught.value.of_directory) == (
            "cycle.no_approver",
            2,
            False,
        )
        assert await engine.log.last_position(ORGANIZATION) == 0


async def test_a_refused_command_in_the_middle_is_found_by_its_line(database: str, tmp_path: Path) -> None:
    async with engine_on(database, tmp_path) as engine:
        first = await run_import(engine, await plan_for(engine, TEXT))
        cycle = first.plan.options.cycle_id
        plan = await plan_for(
            engine, b"# More\n## C [x-ray]\n- e\n## D [yard]\n- f\n", exists=True, cycle=cycle, actor="Board approver 1"
        )
        with pytest.raises(ImportRefused) as caught:
            await run_import(engine, plan)
        # Only an administrator adds the team that line 4 asks for.
        assert (caught.value.refusal.code, caught.value.line) == ("directory.not_admin", 4)
        assert await engine.log.last_position(ORGANIZATION) == first.last_position


async def test_an_organization_or_cycle_that_is_not_there_is_refused(database: str, tmp_path: Path) -> None:
    async with engine_on(database, tmp_path) as engine:
        with pytest.raises(DomainError, match=r"organization\.unknown"):
            await plan_for(engine, TEXT, exists=True)
        await run_import(engine, await plan_for(engine, TEXT))
        with pytest.raises(DomainError, match=r"cycle\.unknown"):
            await plan_for(engine, TEXT, exists=True, cycle=uuid4())
        with pytest.raises(DirectoryError):
            await plan_for(engine, TEXT, exists=True, actor="nobody")


async def test_no_text_of_the_file_is_in_the_log(database: str, tmp_path: Path) -> None:
    words = b"# Zanzibar\n## Quixotic [marmalade]\nApproach: serendipity\n- Xylophone\n  - Yesteryear\n## B\n"
    async with engine_on(database, tmp_path) as engine:
        plan = await plan_for(engine, words)
        assert isinstance(plan.order(), Order)
        await run_import(engine, plan)
        rows = await engine.pool.fetch("select convert_from(payload, 'UTF8') as payload from goalcycle.events")
        written = "".join(row["payload"] for row in rows).lower()
        for word in ("zanzibar", "quixotic", "marmalade", "serendipity", "xylophone", "yesteryear"):
            assert word not in written

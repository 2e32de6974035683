"""`goalcycle assign`: a KPI a row, all or nothing, every fault at once with its row and column."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from cli.assigning import Asked, AssignReport, person_of, read_assignments, run_assign
from cli.assigning.printing import report_lines
from cli.composition import Engine
from cli.importing import ImportPlan, import_secret, read_directory, read_known, run_import
from domain.decider import Ref
from domain.plan.state import PlanState
from domain.problems import DomainError
from tests.assigning.test_tables import xlsx
from tests.importing.imports import ORGANIZATION, engine_on, plan_for

DIRECTORY = """
[organization]
name = "Harbour"
[people.lin]
name = "Lin"
first = true
[people.mei]
name = "Mei Tan"
manager = "lin"
[people.bo]
name = "Bo Ling"
manager = "mei"
[people.bo2]
name = "Bo Ling"
manager = "mei"
[people.b1]
name = "B1"
roles = ["board_approver"]
[people.b2]
name = "B2"
roles = ["board_approver"]
[teams.crane]
name = "Crane crew"
lead = "mei"
"""
OUTLINE = b"# 2099\n## A [mei]\n- a\n## B [crane]\n- b\n"
COLUMNS = "owner,title,weight,unit,threshold,target,stretch"
ROWS = ("Mei Tan,Berths ready,60,%,80,90,95", "crane,Cranes up,100,%,90,95,99", "mei,No accident,40,days,10,20,30")


class Desk:
    """An organization with a cycle in which two owners take part."""

    def __init__(self, engine: Engine, imported: ImportPlan) -> None:
        self.engine, self.imported = engine, imported
        self.cycle = imported.options.cycle_id
        self.secret = import_secret(engine.keyring, ORGANIZATION)

    async def assign(self, *rows: str, dry_run: bool = False, data: bytes = b"", by: str = "lin") -> AssignReport:
        data = data or "\n".join((COLUMNS, *rows)).encode()
        known = await read_known(self.engine, ORGANIZATION, self.cycle)
        file = read_assignments(data, known, self.cycle, self.secret)
        actor = person_of(known, self.secret, by)
        assert actor is not None
        asked = Asked(ORGANIZATION, self.cycle, actor, self.secret, data)
        return await run_assign(self.engine, file, asked, dry_run=dry_run)

    async def kpis(self, owner: str) -> list[str]:
        plan = self.imported.plans[owner]
        state: PlanState = (await self.engine.handler.cache.refresh(ORGANIZATION, Ref("plan", plan))).state
        opened = await self.engine.opener(ORGANIZATION).open(
            tuple(goal.definition for goal in state.goals.values() if goal.definition.kind == "kpi")
        )
        return sorted(one.title.text or "" for one in opened)

    async def position(self) -> int:
        return await self.engine.log.last_position(ORGANIZATION)


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with engine_on(database, tmp_path) as engine:
        imported = await plan_for(engine, OUTLINE, read_directory(DIRECTORY.encode()))
        await run_import(engine, imported)
        yield Desk(engine, imported)


def places(report: AssignReport) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.code) for fault in report.faults]


async def test_r4_2_a_file_is_assigned_whole(desk: Desk) -> None:
    report = await desk.assign(*ROWS)
    assert (report.outcome, len(report.rows), report.notes) == ("appended", 3, ())
    assert await desk.kpis("mei") == ["Berths ready", "No accident"]
    assert await desk.kpis("crane") == ["Cranes up"]


async def test_r4_2_a_sheet_says_the_same_as_a_csv(desk: Desk) -> None:
    titles = ["负责人", "标题", "权重", "单位", "门槛值", "目标值", "挑战值"]
    report = await desk.assign(data=xlsx(titles, ["Mei Tan", "Berths ready", 100, "%", 0.8, 0.9, 0.95]))
    assert report.outcome == "appended"
    (one,) = report.rows
    assert [str(getattr(one.assignment.definition, name)) for name in ("threshold", "target", "stretch")] == [
        "0.8",
        "0.9",
        "0.95",
    ]


async def test_r4_2_the_same_file_again_changes_nothing(desk: Desk) -> None:
    first = await desk.assign(*ROWS)
    again = await desk.assign(*ROWS)
    assert (again.outcome, again.first_position) == ("duplicate", first.first_position)


async def test_r4_2_a_dry_run_tells_what_would_be_assigned_and_changes_nothing(desk: Desk) -> None:
    before = await desk.position()
    report = await desk.assign(ROWS[0], ROWS[1], dry_run=True)
    assert report.outcome == "dry_run"
    assert report.notes == ("The KPIs of Mei Tan total 60 %, not 100.",)
    told = "\n".join(report_lines(report))
    assert "Berths ready (80 / 90 / 95 %)" in told
    assert "2 KPIs for 2 owners" in told
    assert [goal["title"] for goal in report.as_object()["goals"]] == ["Berths ready", "Cranes up"]
    assert await desk.position() == before


async def test_r4_2_every_fault_is_told_at_once_with_its_row_and_column_and_nothing_is_assigned(desk: Desk) -> None:
    before = await desk.position()
    report = await desk.assign(
        "Nobody,A,100,%,80,90,95",
        "bo,B,100,%,80,90,95",  # takes no part
        "Mei Tan,C,much,%,80,90,95",
        "Mei Tan,D,100,,80,90,95",
        "Mei Tan,E,100,%,90,90,95",
        ROWS[0],
        ROWS[0],
        "Bo Ling,F,100,%,80,90,95",
    )
    assert report.outcome == "refused"
    assert places(report) == [
        (2, "owner", "assign.unknown"),
        (3, "owner", "plan.not_participant"),
        (4, "weight", "decimal_parsing"),
        (5, "unit", "missing"),
        (6, "", "value_error"),
        (8, "goal", "goal.exists"),
        (9, "owner", "assign.ambiguous"),
    ]
    assert await desk.position() == before


async def test_r4_2_rules_refuse_every_row_at_fault(desk: Desk) -> None:
    await desk.assign(ROWS[0])
    before = await desk.position()
    report = await desk.assign(ROWS[1], ROWS[0], by="bo2")
    assert places(report) == [(2, "", "plan.not_allowed"), (3, "", "plan.not_allowed")]
    assert not report.unreadable
    assert places(await desk.assign(ROWS[1], ROWS[0])) == [(3, "goal", "goal.exists")]
    assert await desk.position() == before


async def test_a_cycle_that_takes_no_assignments_is_told_once(desk: Desk) -> None:
    desk.cycle = uuid4()
    with pytest.raises(DomainError) as refusal:
        await desk.assign(*ROWS)
    assert refusal.value.code == "cycle.unknown"


async def test_a_goal_may_bring_its_id_and_an_owner_be_named_by_id(desk: Desk) -> None:
    goal, owner = uuid4(), desk.imported.people["mei"]
    data = f"{COLUMNS},goal,direction\n{owner},Waiting,100,h,30,20,10,{goal},lower\n".encode()
    report = await desk.assign(data=data)
    assert (report.rows[0].assignment.goal, report.rows[0].assignment.owner) == (goal, owner)
    assert report.rows[0].assignment.definition.direction == "lower"


async def test_a_file_without_rows_assigns_nothing(desk: Desk) -> None:
    assert places(await desk.assign()) == [(1, "", "assign.nothing")]


async def test_nobody_assigns_in_the_name_of_somebody_ambiguous(desk: Desk) -> None:
    known = await read_known(desk.engine, ORGANIZATION, desk.cycle)
    assert person_of(known, desk.secret, "Bo Ling") is None
    assert person_of(known, desk.secret, "crane") is None
    assert person_of(replace(known, people={}), desk.secret, "lin") is None


def test_the_columns_are_those_of_a_kpi() -> None:
    from cli.assigning.reading import COLUMNS, NEEDED

    assert set(NEEDED) <= set(COLUMNS.values())
    assert NEEDED == ("owner", "title", "weight", "unit", "threshold", "target", "stretch")

"""What the demo imports: the example organization, or a file's goals with a directory made of its tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.assigning.reading import COLUMNS, NEEDED
from cli.demo.scenario import AssignedKpi
from cli.importing.directory import Directory, OrganizationEntry, PersonEntry, TeamEntry, read_directory
from cli.importing.planning import ImportPlan
from cli.outline import Outline
from cli.tables import read_table
from domain.directory.state import Role

EXAMPLE = Path(__file__).parents[2] / "examples" / "harbour"
OUTLINE = EXAMPLE / "2027-Q1.md"
BOARD = {
    f"board-{number}": PersonEntry(name=f"Board approver {number}", roles=(Role.BOARD_APPROVER,)) for number in (1, 2)
}


@dataclass(frozen=True)
class Given:
    """What a run of the demo begins with."""

    path: Path
    data: bytes
    directory: Directory
    kpis: tuple[Mapping[str, str], ...] = ()
    """As `goalcycle assign` reads them."""

    @property
    def is_example(self) -> bool:
        """Whether this is the organization that ships with goalcycle."""
        return self.path == OUTLINE


def example() -> Given:
    """The organization of examples/harbour."""
    directory = read_directory((EXAMPLE / "directory.toml").read_bytes())
    kpis = read_table((EXAMPLE / "kpis.csv").read_bytes(), COLUMNS, NEEDED)
    return Given(OUTLINE, OUTLINE.read_bytes(), directory, tuple(row.cells for row in kpis.rows))


def from_file(path: Path, data: bytes, outline: Outline) -> Given:
    """A file's goals: each tag is a team with a lead of its own, below one first person."""
    kept = [objective for objective in outline.objectives if not objective.abandoned]
    tags = {tag.casefold(): tag for objective in kept for line in (objective, *objective.below()) for tag in line.tags}
    leads = {f"lead-{key}": PersonEntry(name=f"Lead of {tag}", manager="first") for key, tag in sorted(tags.items())}
    teams = {key: TeamEntry(name=tag, lead=f"lead-{key}") for key, tag in sorted(tags.items())}
    directory = Directory(
        organization=OrganizationEntry(name=outline.title or path.stem),
        people={"first": PersonEntry(name="First person", first=True), **leads, **BOARD},
        teams=teams,
    )
    return Given(path, data, directory)


def assigned(given: Given, plan: ImportPlan) -> list[AssignedKpi]:
    """The KPIs with the ids of their owners, each assigned by the owner's manager."""
    made = []
    for kpi in given.kpis:
        manager = given.directory.people[kpi["owner"]].manager
        assert manager is not None, "somebody above assigns a KPI"
        definition = {name: value for name, value in kpi.items() if name != "owner"}
        made.append(AssignedKpi(plan.people[manager], plan.people[kpi["owner"]], {"kind": "kpi", **definition}))
    return made

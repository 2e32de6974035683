"""From an outline to one order: people, teams, a cycle and its goals, all or nothing.

How goals are made of lines:

- An objective becomes an OKR of its owner's plan: committed where it is marked `[P0]`, else aspirational. The weights
  of a plan total exactly 100, shared evenly, the remainder on the last; key results weigh the same.
- A key result that says `from 12 to 20 orders` is measured. Every other one is reached in steps: its milestones, each
  told with the items that group it, and itself as one more step where it has milestones and a tick of its own. One
  without milestones is a single step, done or not; an objective without key results is its own.
- A measured key result with milestones becomes two, the measure and its steps: a measure has none.
- What is struck through was given up and is not imported, nor what stands below it. The report counts and names it.
- The owner is the objective's first tag, else the most frequent tag below it, else the company's team.
"""

from cli.importing.directory import Directory, DirectoryError, read_directory
from cli.importing.options import ImportOptions, Known, derived_id, import_secret
from cli.importing.planning import ImportPlan, plan_import
from cli.importing.running import ImportRefused, ImportReport, read_known, run_import
from cli.importing.sites import find_place
from cli.importing.steps import PlannedGoal, PlannedOwner

__all__ = [
    "Directory",
    "DirectoryError",
    "ImportOptions",
    "ImportPlan",
    "ImportRefused",
    "ImportReport",
    "Known",
    "PlannedGoal",
    "PlannedOwner",
    "derived_id",
    "find_place",
    "import_secret",
    "plan_import",
    "read_directory",
    "read_known",
    "run_import",
]

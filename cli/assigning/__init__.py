"""From a table to one command: a KPI a row, all or nothing (R4.2).

- `owner` is a person's or team's id, their key of an imported directory, or their name.
- The other columns are the fields of a KPI: `title`, `weight`, `unit`, `threshold`, `target`, `stretch`, and those that
  may be left out. `goal` may give the goal an id; else it follows from owner and title, so that the same row again is
  refused and not assigned twice.
- Every fault is told at once, with its row and column: those of the file and those that a rule finds.
"""

from cli.assigning.reading import AssignmentFile, person_of, read_assignments
from cli.assigning.running import Asked, AssignReport, run_assign

__all__ = ["Asked", "AssignReport", "AssignmentFile", "person_of", "read_assignments", "run_assign"]

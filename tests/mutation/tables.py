"""`make mutate ARGS=--tables`: what mutmut leaves alone, the values of tables and of policies, changed by cosmic-ray.

Such a value is read when its module is imported, so every mutant is a run of pytest of its own, in a copy of the tree.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MODULES = [
    "domain/access/grants.py",
    "domain/cycle/advice.py",
    "domain/cycle/gates.py",
    "domain/cycle/policy.py",
    "domain/cycle/scoring_rules.py",
    "domain/cycle/windows.py",
    "domain/plan/bounds.py",
]
SPECIFICATIONS = "tests/domain tests/golden"
KEPT = ("core/NumberReplacer", "core/ReplaceTrueWithFalse", "core/ReplaceFalseWithTrue")
"""What else it does, mutmut does to functions, and outside of functions it breaks the import, which is always found."""
CONFIGURATION = """
[cosmic-ray]
module-path = {modules}
timeout = 120.0
excluded-modules = []
test-command = "{python} -m pytest -x -q --tb=no -p no:cacheprovider {specifications}"

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = ["(?!({kept})$).*"]
"""


def mutate_tables(folder: Path) -> int:
    """Run cosmic-ray over the copy in the folder, and print its report with what each survivor changes."""
    modules = [path for path in MODULES if (folder / path).is_file()]
    if modules != MODULES:
        raise FileNotFoundError(f"not in the tree any more: {sorted(set(MODULES) - set(modules))}")
    (folder / "tables.toml").write_text(
        CONFIGURATION.format(
            modules=modules, kept="|".join(KEPT), python=sys.executable, specifications=SPECIFICATIONS
        ),
        encoding="utf-8",
    )
    for command in (
        ["cosmic-ray", "init", "tables.toml", "tables.sqlite"],
        ["cr-filter-operators", "tables.sqlite", "tables.toml"],
        ["cosmic-ray", "exec", "tables.toml", "tables.sqlite"],
        ["cr-report", "--surviving-only", "--show-diff", "tables.sqlite"],
    ):
        program = Path(sys.executable).with_name(command[0])
        subprocess.run([str(program), *command[1:]], cwd=folder, env={"PYTHONPATH": str(folder)}, check=True)
    return 0

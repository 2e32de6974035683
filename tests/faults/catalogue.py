"""Every fault there is: what the modules of this folder declare in `FAULTS`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.faults.campaign import Fault


def all_faults() -> dict[str, Fault]:
    """By name, in the order of the modules and of their declarations."""
    found: dict[str, Fault] = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        if path.stem.startswith("test_") or "FAULTS" not in path.read_text(encoding="utf-8"):
            continue
        module = import_module(f"tests.faults.{path.stem}")
        for fault in getattr(module, "FAULTS", ()):
            assert fault.name not in found, f"two faults are called {fault.name}"
            found[fault.name] = fault
    return found

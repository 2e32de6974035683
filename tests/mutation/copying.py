"""A copy of the tree whose domain holds every mutant beside its original: mutmut's trampolines choose one of them."""

from __future__ import annotations

import contextlib
import difflib
import json
import shutil
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents

from tests.mutation.plain_rules import PLAIN, plain_rules

ROOT = Path(__file__).parents[2]
MUTANTS = "mutants.json"
MARK = "__mutmut_"
CONFIGURED = '\n[tool.mutmut]\nsource_paths = ["domain"]\n'  # its trampolines ask for it when tests run


@dataclass(frozen=True)
class Mutant:
    """One changed copy of a function: `name` chooses it, `function` is what the trampoline reports as reached."""

    name: str
    path: str
    difference: str

    @property
    def function(self) -> str:
        return self.name.partition(MARK)[0]


def copy_tree(folder: Path) -> None:
    """Everything that is not ignored, as it lies in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(CONFIGURED)


def plant(folder: Path, only: list[str]) -> list[Mutant]:
    """Write all mutants of the modules that match into the copy."""
    with contextlib.chdir(folder):  # where mutmut looks for its configuration
        return [mutant for path in _modules(folder, only) for mutant in _mutate(folder, path)]


def sample(mutants: list[Mutant], one_in: int) -> list[Mutant]:
    """One in so many of each function's, spread over it, and always the same ones."""
    places: Counter[str] = Counter()
    chosen = []
    for mutant in mutants:
        if (places[mutant.function] + zlib.crc32(mutant.function.encode())) % one_in == 0:
            chosen.append(mutant)
        places[mutant.function] += 1
    return chosen


def choose(folder: Path, mutants: list[Mutant]) -> None:
    """Leave in the copy which of its mutants are to be tried."""
    (folder / MUTANTS).write_text(json.dumps([asdict(mutant) for mutant in mutants]), encoding="utf-8")


def chosen(folder: Path) -> list[Mutant]:
    """The mutants that `choose` left there."""
    return [Mutant(**fields) for fields in json.loads((folder / MUTANTS).read_text(encoding="utf-8"))]


def _modules(folder: Path, only: list[str]) -> list[str]:
    found = sorted(str(path.relative_to(folder)) for path in (folder / "domain").rglob("*.py"))
    return [path for path in found if not only or any(PurePosixPath(path).match(pattern) for pattern in only)]


def _mutate(folder: Path, path: str) -> Iterator[Mutant]:
    plain = plain_rules((folder / path).read_text(encoding="utf-8"))
    mutated = mutate_file_contents(path, plain)
    (folder / path).write_text(mutated.code if mutated.mutant_names else plain, encoding="utf-8")
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for name in mutated.mutant_names:
        yield Mutant(f"{module}.{name}", path, _difference(mutated, name))


def _difference(mutated: MutatedFile, name: str) -> str:
    """What the mutant changes, by its lines."""

    def text(function: str) -> list[str]:
        span = mutated.line_span_by_function_name[function]
        lines = mutated.code.splitlines()[span.start - 1 : span.end]
        return [line.replace(function, shown) for line in lines]

    shown = name.partition(MARK)[0].removeprefix("x_").replace(PLAIN, "")
    unified = difflib.unified_diff(text(f"{name.partition(MARK)[0]}{MARK}orig"), text(name), lineterm="", n=0)
    return "\n".join(line for line in unified if not line.startswith(("---", "+++", "@@")))

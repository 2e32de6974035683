"""The domain imports the standard library and pydantic only, does no input or output, and asks no clock and no dice."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOMAIN = Path(__file__).parents[2] / "domain"
MODULES = sorted(DOMAIN.rglob("*.py"))
ALLOWED = {"domain", "pydantic", "pydantic_core", "annotated_types"}
# Parts of the standard library that read the world or change with it.
WORLD = {
    "asyncio",
    "concurrent",
    "getpass",
    "http",
    "io",
    "locale",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "random",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "zoneinfo",
}
CLOCKS_AND_DICE = {
    "now",
    "utcnow",
    "today",
    "uuid1",
    "uuid4",
    "uuid6",
    "uuid7",
    "urandom",
    "token_bytes",
    "getrandbits",
}
WORLDLY_BUILTINS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}


def offences(source: str) -> Iterator[str]:
    """What in this source a pure function may not do."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (_import(alias.name) for alias in node.names if _import(alias.name))
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "a relative import: write its full name"
            elif offence := _import(node.module or ""):
                yield offence
            yield from (f"imports {alias.name}" for alias in node.names if alias.name in CLOCKS_AND_DICE)
        elif isinstance(node, ast.Attribute) and node.attr in CLOCKS_AND_DICE and _is_module_or_class(node.value):
            yield f"line {node.lineno}: asks {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORLDLY_BUILTINS:
            yield f"line {node.lineno}: calls {node.func.id}"
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"line {node.lineno}: waits"


def _import(name: str) -> str:
    top = name.partition(".")[0]
    if top in WORLD or (top not in ALLOWED and top not in sys.stdlib_module_names):
        return f"imports {name}"
    return ""


def _is_module_or_class(value: ast.expr) -> bool:
    """`datetime.now` and `datetime.datetime.now`, but not `context.now`, which is told."""
    return ast.unparse(value) in {
        "datetime",
        "datetime.datetime",
        "date",
        "datetime.date",
        "uuid",
        "os",
        "dt",
        "secrets",
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(DOMAIN)))
def test_a_module_of_the_domain_is_pure(module: Path) -> None:
    assert list(offences(module.read_text(encoding="utf-8"))) == []


def test_the_domain_is_there() -> None:
    assert len(MODULES) > 10


@pytest.mark.parametrize(
    "source",
    [
        "import asyncpg",
        "from eventlog.log import Head",
        "import time",
        "import os.path",
        "from random import random",
        "from uuid import uuid4",
        "import uuid\nx = uuid.uuid4()",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.datetime.now(datetime.UTC)",
        "from datetime import datetime\nx = field(default_factory=datetime.now)",
        "from datetime import date\nx = date.today()",
        "x = open('file')",
        "async def f(): ...",
        "from . import values",
    ],
)
def test_impurity_is_seen(source: str) -> None:
    assert list(offences(source))


@pytest.mark.parametrize("source", ["x = context.now", "from uuid import uuid5", "from datetime import datetime"])
def test_what_is_pure_is_let_be(source: str) -> None:
    assert list(offences(source)) == []


def test_rules_ask_for_the_directory_as_it_is_at_their_instant() -> None:
    """The stored state has no clock: what was decided for a date may have come although no event says so yet."""
    direct = [
        module.relative_to(DOMAIN).as_posix() for module in MODULES if "states[DIRECTORY]" in module.read_text("utf-8")
    ]
    assert direct == ["directory/effects.py"]

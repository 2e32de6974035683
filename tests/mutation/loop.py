"""A pytest plugin: collect once, then run for every mutant the tests that reach it, each mutant in a fork of its own.

A fork knows nothing of another's caches. Which test reaches which function is found first, a fork a test. A mutant is
killed by the first test that fails; what has killed others of its function is tried first, then what is quickest.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

from tests.mutation.copying import Mutant, chosen

T = TypeVar("T")
KILLED, SURVIVED, LATE, UNREACHED, IMPORTED = "killed", "survived", "late", "unreached", "imported"
FEW = 100  # one specification in so many may be set aside: those that read the source of the domain
GRACE = 5  # seconds of processor time that every mutant may use, besides ten times what its tests need


@dataclass
class Reached:
    """Which tests reach a function, and how long each takes, in seconds."""

    by_function: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    breadth: dict[int, int] = field(default_factory=dict)
    """How many functions a test reaches: who reaches few speaks of them."""
    seconds: dict[int, float] = field(default_factory=dict)


def pytest_configure(config: pytest.Config) -> None:
    set_mutant_under_test("stats")  # what the imports call is reached by no specification, or not by it alone
    vars(config.option).update(tbstyle="no", verbose=0)  # the terminal's options, which is not there
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],  # that it fails is enough
    )
    hypothesis.settings.load_profile("mutation")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    mutants = chosen(Path.cwd())
    children = int(os.environ["MUTATION_CHILDREN"])
    cap = float(os.environ["MUTATION_SECONDS"])
    imported = set(state()._stats)
    gc.collect()
    gc.freeze()  # what forks share stays shared
    gc.disable()
    reached = _reach(session, children)
    with Path("results.jsonl").open("a", encoding="utf-8") as results:
        for mutant, result, by in _judge(session, mutants, reached, children, cap):
            if result in (SURVIVED, UNREACHED) and mutant.function in imported:
                result = IMPORTED
            results.write(json.dumps({"name": mutant.name, "result": result, "by": by}) + "\n")
            results.flush()
    return True


def _reach(session: pytest.Session, children: int) -> Reached:
    reached = Reached()
    aside: list[str] = []

    def run(place: int) -> dict[str, object]:
        state()._stats.clear()
        start = time.process_time()
        failed = _fails(session, [place])
        return {"failed": failed, "seconds": time.process_time() - start, "functions": sorted(state()._stats)}

    for place, found in _forks(range(len(session.items)), run, lambda _place: 600, children):
        if not isinstance(found, dict) or found["failed"] is not None:
            aside.append(session.items[place].nodeid)
            continue
        reached.seconds[place] = found["seconds"]
        reached.breadth[place] = len(found["functions"])
        for function in found["functions"]:
            reached.by_function[function].append(place)
    print("".join(f"\nset aside, it fails in the copy without any mutant: {name}" for name in aside), flush=True)
    if len(aside) * FEW > len(session.items):
        raise pytest.UsageError("So many specifications fail in the copy that it proves nothing.")
    return reached


def _judge(
    session: pytest.Session, mutants: list[Mutant], reached: Reached, children: int, cap: float
) -> Iterator[tuple[Mutant, str, str | None]]:
    killers: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def shown(mutant: Mutant) -> list[int]:
        killed = killers[mutant.function]
        beside = killers[mutant.path]
        tests = sorted(
            reached.by_function[mutant.function],
            key=lambda place: (-killed[place], -beside[place], reached.seconds[place] * reached.breadth[place]),
        )
        total = 0.0
        kept: list[int] = []
        for place in tests:
            total += reached.seconds[place]
            if kept and total > cap:
                break
            kept.append(place)
        return kept

    def run(mutant: Mutant) -> int | None:
        set_mutant_under_test(mutant.name)
        return _fails(session, shown(mutant))

    def limit(mutant: Mutant) -> float:
        return GRACE + 10 * sum(reached.seconds[place] for place in shown(mutant))

    for mutant in mutants:
        if not reached.by_function[mutant.function]:
            yield mutant, UNREACHED, None
    tried = [mutant for mutant in mutants if reached.by_function[mutant.function]]
    for mutant, place in _forks(tried, run, limit, children):
        if place is None:
            yield mutant, SURVIVED, None
        elif isinstance(place, int):
            killers[mutant.function][place] += 1
            killers[mutant.path][place] += 1
            yield mutant, KILLED, session.items[place].nodeid
        else:
            yield mutant, LATE, None


def _fails(session: pytest.Session, places: Iterable[int]) -> int | None:
    """The first of these tests that fails."""
    for place in places:
        before = session.testsfailed
        item = session.items[place]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed > before:
            return place
    return None


def _forks(
    items: Iterable[T], run: Callable[[T], object], limit: Callable[[T], float], children: int
) -> Iterator[tuple[T, object]]:
    """What `run` answers for each, in forks; where one outlives its limit or breaks off, the text "late"."""
    running: dict[int, tuple[T, int]] = {}

    def collect() -> tuple[T, object]:
        child, _status = os.wait()
        item, pipe = running.pop(child)
        with os.fdopen(pipe, encoding="utf-8") as answer:
            text = answer.read()
        return item, json.loads(text) if text else LATE

    for item in items:
        if len(running) == children:
            yield collect()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _answer(partial(run, item), limit(item), writing)
        os.close(writing)
        running[child] = (item, reading)
    while running:
        yield collect()


def _answer(run: Callable[[], object], seconds: float, writing: int) -> None:
    """Run in the fork, and write the answer; never returns."""
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        os.write(writing, json.dumps(run()).encode())
    except BaseException:  # a mutant that breaks the test runner itself is killed, and says how
        os.write(writing, json.dumps(traceback.format_exc(limit=3)).encode())
    finally:
        os._exit(0)

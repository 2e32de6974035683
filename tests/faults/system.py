"""The system that faults strike: the real servers and several processes of each part, on free ports, in a folder.

Everything is supervised as `goalcycle dev` supervises it: what dies is started again.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg
import httpx
from temporalio.client import Client

from cli.composition import Engine, open_engine
from cli.parts import PARTS
from cli.stack import LocalStack
from cli.stack.child import Child
from cli.stack.own import environment_of
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, pick_free
from cli.temporal import connect
from eventlog.settings import Settings
from tests.faults.pace import Pace
from tests.faults.points import Points


@dataclass(frozen=True)
class Shape:
    """How many processes of each part run."""

    api: int = 2
    worker: int = 2
    relay: int = 1
    projector: int = 1


PAIRS = Shape(relay=2, projector=2)
"""Two of everything."""


@dataclass
class System:
    """Servers, parts, and what a fault may do to them. Parts are named `worker-1`, `worker-2`, `api-1` …"""

    settings: Settings
    stack: LocalStack
    shape: Shape
    random: random.Random
    """Seeded: whatever a fault leaves to chance, it asks here."""
    points: Points
    environment: dict[str, str] = field(default_factory=dict)
    """Set by `Fault.before_parts`: variables that every own part gets besides its settings."""
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    """The same for one process, by its name."""
    children: dict[str, Child] = field(default_factory=dict)
    """Everything that runs, by name: `postgres`, `temporal`, and the own parts."""
    ports: dict[str, int] = field(default_factory=dict)
    """Of the own parts that listen."""
    reports: list[str] = field(default_factory=list)
    """What the supervisor said."""
    pace: Pace = field(default_factory=Pace)
    """How the clients behave: a fault may turn it."""
    _engine: Engine | None = None
    _temporal: Client | None = None

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def engine(self) -> Engine:
        """Straight to Postgres, for whoever looks; faults on the way of the parts do not touch it."""
        assert self._engine is not None
        return self._engine

    @property
    def temporal(self) -> Client:
        """Straight to Temporal."""
        assert self._temporal is not None
        return self._temporal

    @property
    def database_url(self) -> str:
        """Postgres's own address."""
        return self.settings.require_database_url()

    @property
    def temporal_address(self) -> str:
        """Temporal's own address (host:port)."""
        return str(self.settings.temporal_connect_config()["target_host"])

    @property
    def api_urls(self) -> list[str]:
        """The base URL of every API process."""
        return [self.url(name) for name in self.names("api")]

    def url(self, name: str) -> str:
        """The base URL of one API process."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def names(self, part: str) -> list[str]:
        """The processes of a part."""
        return [name for name in self.children if name.rpartition("-")[0] == part]

    def any(self, part: str) -> str:
        """One process of a part, by chance."""
        return self.random.choice(self.names(part))

    def pid(self, name: str) -> int:
        """The process's id; it must run."""
        found = self.children[name].pid
        assert found is not None, f"{name} does not run"
        return found

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection as the database's owner, who sees every session and may kill it."""
        connection = await asyncpg.connect(self.database_url, timeout=5)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    # --- what a fault does ---

    def kill(self, name: str) -> None:
        """SIGKILL. The supervisor starts it again."""
        self.children[name].kill()

    def freeze(self, name: str) -> None:
        """SIGSTOP: it holds its connections and says nothing."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT; harmless where it died meanwhile."""
        with suppress(ProcessLookupError, AssertionError):
            os.kill(self.pid(name), signal.SIGCONT)

    async def stop(self, name: str) -> None:
        """Stop it in order, until `start`."""
        await self.children[name].stop()

    async def start(self, name: str) -> None:
        """Start what was stopped; returns when it serves."""
        await self.children[name].start()

    async def serving(self, name: str, within: float = 60.0) -> None:
        """Wait until it serves (again)."""
        await self.children[name].wait_ready(within)

    async def reconfigure(self, name: str, **environment: str) -> None:
        """Start an own part anew with these variables besides its own; an empty one is taken away again."""
        child = self.children[name]
        variables = {**child.part.environment, **environment}
        await child.stop()
        child.part = replace(child.part, environment={key: value for key, value in variables.items() if value})
        await child.start()

    def log_of(self, name: str) -> str:
        """What it has written so far."""
        return self.children[name].log_path.read_text(encoding="utf-8", errors="replace")

    async def goalcycle(self, *arguments: str) -> str:
        """Run the `goalcycle` command against this system; returns what it printed. Raises where it fails."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli.main", *arguments),
            env={**os.environ, **environment_of(self.settings)},
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            said, complained = await asyncio.wait_for(process.communicate(), 120)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, f"goalcycle {' '.join(arguments)}: {complained.decode()}"
        return said.decode()

    # --- its life ---

    async def start_parts(self) -> None:
        """Start every own part."""
        counts = {part: getattr(self.shape, part) for part in PARTS}
        names = [(part, f"{part}-{number}") for part, count in counts.items() for number in range(1, count + 1)]
        started = {name: Child(self._part(part, name), self.home / "logs", self.reports.append) for part, name in names}
        self.children |= started
        await asyncio.gather(*(child.start() for child in started.values()))

    async def stop_parts(self) -> None:
        """Stop every own part; frozen ones first go on."""
        own = [name for name in self.children if name not in ("postgres", "temporal")]
        for name in own:
            self.thaw(name)
        await asyncio.gather(*(self.children[name].stop() for name in own))

    def _part(self, part: str, name: str) -> Part:
        environment = {
            **environment_of(self.settings),
            "GOALCYCLE_LOG_FORMAT": "json",
            "GOALCYCLE_FAULTS_SEED": f"{self.random.random()}",
            **self.environment,
            **self.environments.get(name, {}),
        }
        if part == "api":
            self.ports[name] = pick_free()
            environment["GOALCYCLE_API_PORT"] = str(self.ports[name])
        return Part(
            name=name,
            command=(sys.executable, "-m", "tests.faults.entry", part, name),
            environment=environment,
            directory=Path(__file__).parents[2],
            ready=(lambda: answers(f"http://{LOOPBACK}:{self.ports[name]}")) if part == "api" else None,
        )


async def answers(url: str) -> bool:
    """Whether an API process says that it is ready."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            return (await client.get(f"{url}/health/ready")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@asynccontextmanager
async def servers(seed: int, shape: Shape, home: Path) -> AsyncIterator[System]:
    """Postgres and Temporal in a folder, and the system that `start_parts` completes; all stopped at the end."""
    settings = Settings(home=home, database_url=None, postgres_port=0)
    reports: list[str] = []
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(
            LocalStack(settings, parts=["postgres", "temporal"], report=reports.append)
        )
        system = System(local.settings, local, shape, random.Random(seed), Points(local.settings.home))
        system.reports = reports
        system.children |= local.children
        system._engine = await stack.enter_async_context(open_engine(local.settings))
        system._temporal = await connect(local.settings)
        stack.push_async_callback(system.stop_parts)
        yield system


def new_home() -> Path:
    """A folder that the unprivileged account of Postgres can enter."""
    home = Path(tempfile.mkdtemp(prefix="goalcycle-faults-"))
    home.chmod(0o755)
    return home


def last_lines(system: System) -> str:
    """The supervisor's last words and each part's last errors, for a failure's message."""
    found = [*system.reports[-20:]]
    for name in system.children:
        lines = [line for line in system.log_of(name).splitlines() if '"level": "error"' in line or "Traceback" in line]
        found += [f"{name}: {line[:300]}" for line in lines[-3:]]
    return "\n".join(found) or json.dumps({"reports": 0})

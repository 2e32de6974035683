"""Faults of Postgres: one backend, all of it, again and again."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
from contextlib import suppress
from pathlib import Path

from cli.stack.account import postgres_account
from cli.stack.finding import find_postgres
from eventlog.outage import TROUBLE
from tests.faults.campaign import Fault
from tests.faults.system import System

BACKENDS = """
select pid from pg_stat_activity
 where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
 order by pid
"""
SERVES_WITHIN = 60.0


class BackendKilled(Fault):
    """Postgres answers the death of one backend by ending all others and recovering from its write-ahead log."""

    name = "postgres-backend-killed"
    sentence = "One backend of Postgres is killed (SIGKILL); Postgres ends all others and recovers"

    async def strike(self, system: System) -> None:
        with suppress(*TROUBLE):  # the connection itself ends with all others
            async with system.owner() as owner:
                pids = [row["pid"] for row in await owner.fetch(BACKENDS)]
                os.kill(system.random.choice(pids), signal.SIGKILL)


class PostgresKilled(Fault):
    """Not even the postmaster gets to say a word."""

    name = "postgres-killed"
    sentence = "All processes of Postgres are killed (SIGKILL) and started again"

    async def strike(self, system: System) -> None:
        postmaster = system.pid("postgres")
        children = children_of(postmaster)
        system.kill("postgres")
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def heal(self, system: System) -> None:
        await system.serving("postgres", SERVES_WITHIN)


class PostgresStoppedAtOnce(Fault):
    """`pg_ctl stop -m immediate`, several times in a row: recovery is interrupted, too."""

    name = "postgres-immediate-loop"
    sentence = "`pg_ctl stop -m immediate` four times in a row, each as soon as Postgres is back"
    times = 4

    async def strike(self, system: System) -> None:
        for _ in range(self.times):
            await stop_immediately(system)
            await system.serving("postgres", SERVES_WITHIN)


class PostgresAway(Fault):
    """Long enough for everybody's patience to grow to its longest."""

    name = "postgres-away"
    sentence = "Postgres is stopped for 40 s"
    lasts = 40.0

    async def strike(self, system: System) -> None:
        await system.stop("postgres")

    async def heal(self, system: System) -> None:
        await system.start("postgres")


async def stop_immediately(system: System) -> None:
    """Stop the server as `pg_ctl stop -m immediate` does; the supervisor starts it again."""
    account, restarts = postgres_account(system.settings), system.children["postgres"].restarts
    process = await asyncio.create_subprocess_exec(
        str(find_postgres(system.settings) / "pg_ctl"),
        *("stop", "-m", "immediate", "-D", str(system.home / "postgres" / "data")),
        cwd="/",
        user=pwd.getpwnam(account).pw_uid if account else None,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    async with asyncio.timeout(10):
        while system.children["postgres"].restarts == restarts:  # the supervisor has not noticed yet
            await asyncio.sleep(0.02)


def children_of(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


FAULTS: tuple[Fault, ...] = (BackendKilled(), PostgresKilled(), PostgresStoppedAtOnce(), PostgresAway())

"""A full disk: under Postgres's data, and under its write-ahead log. The disk is a small tmpfs.

What Postgres makes of it differs. Without room for data it refuses the statement and serves on. Without room for the
write-ahead log it panics, and cannot finish its recovery before there is room again; its supervisor starts it anew.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from eventlog.outage import TROUBLE
from tests.faults.answers import accidents
from tests.faults.campaign import Fault
from tests.faults.system import System

FULL = "No space left on device"
FILLER = "filler"


@cache
def cannot_mount() -> str:
    """Why no tmpfs can be mounted here; empty: it can."""
    with TemporaryDirectory() as folder:
        try:
            mount(Path(folder), 1)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", None) or str(error)
            return f"a small disk cannot be mounted here ({said.strip()})"
        unmount(Path(folder))
    return ""


def mount(folder: Path, mebibytes: int) -> None:
    """A disk of this size."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def unmount(folder: Path) -> None:
    """Take it away with all that is on it."""
    subprocess.run(["umount", str(folder)], check=True)


class FullDisk(Fault):
    """A tmpfs that is filled to the brim, kept full, and freed."""

    lasts = 8.0
    within = 90.0
    mebibytes = 512

    def __init__(self) -> None:
        self._disk: Path | None = None
        self._filling: asyncio.Task[None] | None = None
        self._said = 0

    def unavailable(self) -> str:
        return cannot_mount()

    @property
    def disk(self) -> Path:
        assert self._disk is not None
        return self._disk

    async def before_servers(self, home: Path) -> None:
        self._disk = home / self.folder
        self._disk.mkdir(mode=0o755)
        mount(self._disk, self.mebibytes)

    @property
    def folder(self) -> str:
        """Where in the home the disk is mounted."""
        raise NotImplementedError

    async def end(self) -> None:
        if self._disk is not None and self._disk.is_mount():
            unmount(self._disk)

    async def strike(self, system: System) -> None:
        self._said = system.log_of("postgres").count(FULL)
        self._filling = asyncio.create_task(self._keep_full())
        await self._use_up(system)

    async def _keep_full(self) -> None:
        """What Postgres frees by itself, by recycling its files, is taken at once."""
        filler = self.disk / FILLER
        while True:
            free = os.statvfs(self.disk)
            room = free.f_bavail * free.f_frsize
            if room:
                with suppress(OSError), filler.open("ab") as file:
                    os.posix_fallocate(file.fileno(), file.tell(), room)
            await asyncio.sleep(0.05)

    async def _use_up(self, system: System) -> None:
        """Write until Postgres says that the disk is full."""
        async with asyncio.timeout(60):
            while system.log_of("postgres").count(FULL) == self._said:
                with suppress(*TROUBLE, TimeoutError):
                    async with system.owner() as owner:
                        await owner.execute(self.writes, timeout=5)
                await asyncio.sleep(0.05)

    writes = ""
    """What uses up the room that Postgres still has in its files."""

    async def heal(self, system: System) -> None:
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.wait([self._filling])
            self._filling = None
        (self.disk / FILLER).unlink(missing_ok=True)

    async def after(self, system: System) -> None:
        await self.heal(system)

    async def check(self, system: System) -> list[str]:
        return await accidents(system)

    async def _move_log(self, system: System, to: Path) -> None:
        """Have the write-ahead log on another disk than the data."""
        await system.stop("postgres")
        here = system.home / "postgres" / "data" / "pg_wal"
        shutil.copytree(here, to)
        owner = here.stat()
        for path in [to, *to.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)
        to.chmod(0o700)
        shutil.rmtree(here)
        here.symlink_to(to)
        await system.start("postgres")


class DataDiskFull(FullDisk):
    name = "disk-full-data"
    sentence = "The disk under Postgres's data is full for 8 s; its write-ahead log lies elsewhere"
    folder = "postgres"
    writes = """
    create table if not exists public.ballast (b text);
    insert into public.ballast select repeat('x', 2000) from generate_series(1, 500)
    """

    async def before_parts(self, system: System) -> None:
        elsewhere = system.home / "elsewhere"
        elsewhere.mkdir(mode=0o755)
        await self._move_log(system, elsewhere / "pg_wal")


class LogDiskFull(FullDisk):
    name = "disk-full-wal"
    sentence = "The disk under Postgres's write-ahead log is full for 8 s: Postgres panics until there is room again"
    folder = "wal"
    mebibytes = 256
    writes = "select pg_logical_emit_message(false, 'ballast', repeat('x', 8000000))"

    async def before_parts(self, system: System) -> None:
        await self._move_log(system, self.disk / "pg_wal")


FAULTS: tuple[Fault, ...] = (DataDiskFull(), LogDiskFull())

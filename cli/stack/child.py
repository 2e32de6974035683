"""One supervised process: started, awaited, started again when it dies, stopped."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cli.stack.errors import PartFailed
from cli.stack.part import Part
from cli.stack.tether import tether

POLL_SECONDS = 0.05
FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 5.0
STEADY_SECONDS = 10.0
"""A part that served this long is forgiven its earlier deaths."""
LOG_BYTES = 10_000_000
"""A log larger than this is set aside at the next start of the stack."""


class Child:
    """A part and the process that presently runs it."""

    def __init__(self, part: Part, logs: Path, report: Callable[[str], None]) -> None:
        self.part = part
        self.log_path = logs / f"{part.name}.log"
        self.restarts = 0
        self._report = report
        self._ready = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id, or None while nothing runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Starts the process, waits until it serves, and from then on keeps it alive.

        Raises:
            PartFailed: it ended, or did not serve in time; nothing is left running.
        """
        began = time.monotonic()
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        await self._run_once()
        self._report(f"{self.part.name} ready in {time.monotonic() - began:.1f} s")
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.part.name}")

    async def stop(self) -> None:
        """Stops it for good: its stop signal, then SIGKILL. Harmless when it does not run."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        self._ready.clear()
        await self._end()

    def kill(self) -> None:
        """SIGKILL, as a crash would; the keeper starts it again. See `wait_ready`."""
        self._ready.clear()
        self._signal_group(signal.SIGKILL)

    async def wait_ready(self, within: float | None = None) -> None:
        """Returns when the part serves (again).

        Raises:
            PartFailed: not in time.
        """
        try:
            await asyncio.wait_for(self._ready.wait(), within or self.part.ready_within)
        except TimeoutError:
            raise PartFailed(self._failure("does not serve")) from None

    async def _run_once(self) -> None:
        await self._spawn()
        try:
            await self._until_ready()
        except BaseException:
            await self._end()
            raise
        self._ready.set()

    async def _spawn(self) -> None:
        part = self.part
        # Everything goes to a file, not a pipe: a pipe would tie the part to whoever reads it.
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            account: dict[str, object] = {"user": part.user, "extra_groups": ()} if part.user else {}
            if part.user:
                account["group"] = _group_of(part.user)
            self._process = await asyncio.create_subprocess_exec(
                *part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=part.directory,
                env={**os.environ, **part.environment},
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops in reverse order
                preexec_fn=tether(part.death_signal),
                **account,  # type: ignore[arg-type]  # typeshed has no keyword dictionary for these
            )

    async def _until_ready(self) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + self.part.ready_within
        while not await self._is_ready():
            if process.returncode is not None:
                raise PartFailed(self._failure(f"ended with {describe(process.returncode)} before it served"))
            if time.monotonic() > deadline:
                raise PartFailed(self._failure(f"does not serve after {self.part.ready_within:.0f} s"))
            await asyncio.sleep(POLL_SECONDS)

    async def _is_ready(self) -> bool:
        if self.part.ready is not None:
            return await self.part.ready()
        for line in self._own_log().splitlines():
            with suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and said.get("ready") == self.part.name:
                    return True
        return False

    async def _keep(self) -> None:
        backoff = FIRST_BACKOFF
        while True:
            began = time.monotonic()
            if self._process is not None:
                code = await self._process.wait()
                self._ready.clear()
                self._report(f"{self.part.name} ended with {describe(code)}; starting it again in {backoff:.1f} s")
            await asyncio.sleep(backoff)
            backoff = FIRST_BACKOFF if time.monotonic() - began > STEADY_SECONDS else min(2 * backoff, LONGEST_BACKOFF)
            self._signal_group(signal.SIGKILL)  # what the dead process may have left behind
            self.restarts += 1
            try:
                await self._run_once()
            except (PartFailed, OSError) as failure:
                self._process = None
                self._report(str(failure))
            else:
                self._report(f"{self.part.name} ready again")

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(self.part.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.part.stop_within)
            except TimeoutError:
                self._report(f"{self.part.name} did not stop in {self.part.stop_within:.0f} s: killed")
        self._signal_group(signal.SIGKILL)
        await process.wait()
        self._process = None

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _own_log(self) -> str:
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _failure(self, what: str) -> str:
        last = [line for line in self._own_log().splitlines() if line.strip()][-5:]
        return "\n".join([f"{self.part.name} {what}; its log: {self.log_path}", *(f"  {line}" for line in last)])


def describe(code: int) -> str:
    """An exit code as a person says it."""
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _group_of(user: str) -> int:
    import pwd  # POSIX only, and only needed when we are root

    return pwd.getpwnam(user).pw_gid

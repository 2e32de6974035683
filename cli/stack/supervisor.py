"""Starts the parts in order, keeps them alive, stops them in reverse order."""

import asyncio
import fcntl
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cli.parts import PARTS
from cli.stack.child import Child
from cli.stack.errors import StackError
from cli.stack.own import api_address, own_part
from cli.stack.part import Part
from cli.stack.postgres import accepts_connections, create_database, postgres_part
from cli.stack.temporal import require_temporal, temporal_part
from eventlog.settings import NotConfigured, Settings

SERVERS = ("postgres", "temporal")
ALL_PARTS = (*SERVERS, *PARTS)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of a running stack are found; empty for a server that the stack goes without.

    `database_url` holds a password: it is never printed.
    """

    database_url: str = field(repr=False)
    postgres: str
    temporal: str
    temporal_ui: str | None
    api: str
    api_docs: str


class LocalStack:
    """Postgres, Temporal and goalcycle's own parts as one supervised tree.

    `async with LocalStack(settings) as stack:` returns when every part serves; leaving it stops them all. A server that
    a setting points elsewhere (GOALCYCLE_DATABASE_URL, TEMPORAL_ADDRESS) is asked once whether it answers, not started.
    """

    def __init__(
        self,
        settings: Settings,
        parts: Sequence[str | Part] = ALL_PARTS,
        *,
        migrate: bool = True,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.settings = settings.model_copy(update={"home": settings.home.absolute()})
        self.children: dict[str, Child] = {}
        self._wanted = parts
        self._migrate = migrate
        self._report = report
        self._lock: IO[str] | None = None
        self._external_temporal = False

    async def __aenter__(self) -> Self:
        self._take_home()
        try:
            await self._start_all()
        except BaseException:
            await self._stop_all()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_all()

    @property
    def addresses(self) -> Addresses:
        """Where to find the parts."""
        url = temporal = ""
        with suppress(NotConfigured):
            url = self.settings.require_database_url()
        with suppress(NotConfigured):
            temporal = self.settings.temporal_connect_config().get("target_host", "")
        temporal_ui = self.settings.remembered_port("temporal_ui")
        api = api_address(self.settings)
        return Addresses(
            database_url=url,
            postgres=url.rpartition("@")[2],
            temporal=temporal,
            temporal_ui=f"http://127.0.0.1:{temporal_ui}" if temporal_ui and not self._external_temporal else None,
            api=api,
            api_docs=f"{api}/docs",
        )

    async def kill(self, part: str) -> None:
        """SIGKILL to a part, as a crash would; it is started again. `wait_ready` returns when it serves again."""
        self.children[part].kill()

    async def stop(self, part: str) -> None:
        """Stops a part until `restart`."""
        await self.children[part].stop()

    async def restart(self, part: str) -> None:
        """Starts a stopped part again, or stops and starts a running one; returns when it serves."""
        await self.children[part].stop()
        await self.children[part].start()

    async def wait_ready(self, part: str, within: float | None = None) -> None:
        """Returns when the part serves. Raises PartFailed when it does not within so many seconds."""
        await self.children[part].wait_ready(within)

    async def _start_all(self) -> None:
        names = [part if isinstance(part, str) else part.name for part in self._wanted]
        unknown = [part for part in self._wanted if isinstance(part, str) and part not in ALL_PARTS]
        if unknown:
            raise StackError(f"no such part: {', '.join(unknown)} (there are {', '.join(ALL_PARTS)})")
        # The servers need nothing of each other, our own parts need both: two stages, each started at once.
        servers = [part for name in SERVERS if name in names and (part := await self._server(name)) is not None]
        own = [own_part(self.settings, part) if isinstance(part, str) else part for part in self._wanted
               if part not in SERVERS]  # fmt: skip
        await self._start(servers)
        if self._migrate and "postgres" in names:
            await self._prepare_database()
        await self._start(own)

    async def _start(self, parts: Sequence[Part]) -> None:
        started = [Child(part, self.settings.home / "logs", self._report) for part in parts]
        self.children.update({child.part.name: child for child in started})
        outcomes = await asyncio.gather(*(child.start() for child in started), return_exceptions=True)
        for failure in outcomes:
            if failure is not None:
                raise failure

    async def _server(self, name: str) -> Part | None:
        """How to run a server, or None when a setting names one that answers."""
        if name == "postgres":
            if self.settings.database_url is None:
                return await asyncio.to_thread(postgres_part, self.settings)
            await accepts_connections(self.settings.require_database_url())
            return None
        from temporalio.envconfig import ClientConfig

        config = ClientConfig.load_client_connect_config()
        if "target_host" not in config:
            return await temporal_part(self.settings, config.get("namespace", "default"))
        self._external_temporal = True
        await require_temporal(self.settings)
        return None

    async def _prepare_database(self) -> None:
        from eventlog.migrate import migrate

        if self.settings.database_url is None:
            await create_database(self.settings)
        await migrate(self.settings.require_database_url())

    async def _stop_all(self) -> None:
        for name in reversed(list(self.children)):
            if self.children[name].pid is not None:
                self._report(f"{name} stopping")
            await self.children[name].stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_home(self) -> None:
        home = self.settings.home
        try:
            home.mkdir(mode=0o755, parents=True, exist_ok=True)
            (home / "logs").mkdir(mode=0o755, exist_ok=True)
            for private in (home / "secrets", self.settings.keyring_directory):
                private.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_token_secret(self.settings.token_secret_path)
            self._lock = (home / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise StackError(
                f"cannot write into {home} ({error.strerror})", "set GOALCYCLE_HOME to another folder"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise StackError(
                f"another stack runs in {home}", "stop it, or set GOALCYCLE_HOME to another folder"
            ) from None


def _make_token_secret(path: Path) -> None:
    """The API and `goalcycle token` must find the same secret, whichever comes first."""
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")


def is_home_in_use(settings: Settings) -> bool:
    """Whether a stack runs in this home now."""
    try:
        with (settings.home / "lock").open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False

"""One API process on a database of its own, with an organization to write to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.composition import open_engine
from cli.serve.api import token_secret
from cli.stack.ports import pick_free
from eventlog.settings import Settings
from tests.faults.crowd import Crowd
from tests.faults.ground import Ground, prepare
from tests.faults.load import Post, resident
from tests.support.processes import Process, running


@dataclass
class Target:
    """The process, and requests that it must acknowledge."""

    url: str
    process: Process
    posts: list[Post]

    @property
    def memory(self) -> float:
        """In MiB."""
        return resident(self.process.running.pid)


@asynccontextmanager
async def serving(database: str, home: Path, **environment: str) -> AsyncIterator[Target]:
    """`goalcycle run api` with these variables besides its settings."""
    settings = Settings(home=home, database_url=database, api_port=pick_free())
    (home / "secrets").mkdir(parents=True)
    (home / "keyring").mkdir()
    settings.token_secret_path.write_text("a secret of the tests, long enough for HS256", encoding="ascii")
    async with open_engine(settings) as engine:
        ground = await prepare(engine)
    variables = {
        "GOALCYCLE_HOME": str(home),
        "GOALCYCLE_DATABASE_URL": database,
        "GOALCYCLE_API_PORT": str(settings.api_port),
        "GOALCYCLE_LOG_LEVEL": "warning",
        **environment,
    }
    async with running("api", variables, home / "api.log") as process:
        async with asyncio.timeout(30):
            while not await process.is_ready():
                await asyncio.sleep(0.02)
        url = f"http://127.0.0.1:{settings.api_port}"
        yield Target(url, process, check_ins(ground, token_secret(settings)))


def check_ins(ground: Ground, secret: str) -> list[Post]:
    """A check-in for every tracked goal: plans of their own, so that callers do not wait for one another."""
    crowd = Crowd([], secret, ground, 0)
    return [
        Post(
            path=f"/v1/organizations/{ground.organization}/plans/{goal.plan}/check-in",
            headers=crowd.headers(goal.owner),
            body={
                "goal": str(goal.goal),
                "readings": [{"measure": str(measure), "value": "51"} for measure in goal.measures],
                "confidence": "0.5",
                "status": "on_track",
            },
        )
        for goal in ground.tracked
    ]

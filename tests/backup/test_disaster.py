"""All is lost but the backup: the database, the keyring, Temporal's file, the secrets. Then it all comes back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from api.auth import mint_token
from cli.composition import open_engine
from cli.ending import end_workflows
from cli.serve.api import token_secret
from cli.stack import LocalStack
from cli.stack.own import environment_of
from cli.stack.ports import pick_free
from domain.cycle.policy import Policy
from domain.values import Elapsed
from eventlog.relay import Relay, rebuild_wakes
from eventlog.settings import Settings
from tests.backup.conftest import Site
from tests.support.commands import Said, goalcycle
from tests.support.dev_server import dev_server, relaying, until, working
from tests.support.quarter import Quarter, windows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HOURS = windows(*(hour * 3600 for hour in range(1, 6)))
TITLE = "Bring the harbour back"
DEFINITION = {
    "kind": "okr",
    "title": TITLE,
    "approach": "by asking every captain",
    "ambition": "aspirational",
    "weight": "100",
    "key_results": [{"kind": "increase", "id": str(uuid4()), "title": "Berths used", "unit": "berths", "baseline": "10",
                     "target": "20"}],
}  # fmt: skip
GOALS_OF_A_PLAN = 150
PROMPT = Policy(signature_reminder=Elapsed(seconds=1), signature_escalation=Elapsed(seconds=3600))


@pytest.fixture
async def home(open_folder: Path) -> AsyncIterator[Path]:
    folder = open_folder / f"site-{uuid4().hex}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Writers:
    """People who draft goals over HTTP until they are told to stop, and note what was acknowledged."""

    def __init__(self, settings: Settings, quarter: Quarter, cycles: list[UUID]) -> None:
        self.acknowledged: dict[UUID, tuple[UUID, int]] = {}
        """Of each goal the plan and the position."""
        self._settings = settings
        self._quarter = quarter
        self._cycles = cycles
        self.tasks = [asyncio.create_task(self._write(owner)) for owner in quarter.staff]
        self._stop = False

    async def stop(self) -> None:
        """Raises what a writer was refused."""
        self._stop = True
        await asyncio.gather(*self.tasks)

    async def _write(self, owner: UUID) -> None:
        places = [(cycle, Quarter(self._quarter.engine, cycle=cycle).plan_ref(owner).stream) for cycle in self._cycles]
        async with reader(self._settings, self._quarter, owner) as client:
            for cycle, plan in places:
                for _ in range(GOALS_OF_A_PLAN):
                    if self._stop:
                        return
                    goal = uuid4()
                    body = {"goal": str(goal), "cycle": str(cycle), "owner": str(owner), "definition": DEFINITION}
                    answer = await client.post(f"plans/{plan}/draft-goal", json=body)
                    assert answer.status_code in (200, 201), answer.text
                    self.acknowledged[goal] = (plan, answer.json()["position"]["last"])
                    await asyncio.sleep(0.02)  # people, not a benchmark: the backup is to find them still writing


def reader(settings: Settings, quarter: Quarter, person: UUID) -> httpx.AsyncClient:
    """An HTTP client that speaks as a person."""
    token = mint_token(
        token_secret(settings), organization=quarter.organization, person=person, lasts=timedelta(minutes=10)
    )
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{settings.api_port}/v1/organizations/{quarter.organization}/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
        trust_env=False,
    )


async def command(settings: Settings, *arguments: str) -> Said:
    said = await goalcycle(*arguments, environment=environment_of(settings))
    assert said.code == 0, said.errors
    return said


async def test_everything_is_lost_and_comes_back(home: Path, tmp_path: Path) -> None:
    settings = Settings(home=home, database_url=None, api_port=pick_free())
    log, keys = tmp_path / "log", tmp_path / "keys"
    async with LocalStack(settings) as stack, open_engine(stack.settings) as engine:
        settings = stack.settings
        quarter = Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=HOURS, policy=PROMPT)
        for owner in quarter.staff:
            await quarter.draft(owner)
            await quarter.agree(owner)
        await quarter.advance()
        await quarter.advance()
        await stack.stop("worker")  # so that the reminder falls due and is not performed
        await quarter.submit(quarter.staff[0])
        cycles = []
        for _ in range(5):
            drafts = Quarter(engine, quarter.organization, lead=quarter.lead, head=quarter.head, staff=quarter.staff)
            await drafts.open(timetable=HOURS)
            cycles.append(drafts.cycle)
        writers = Writers(settings, quarter, cycles)
        await until("twenty goals", _more_than(writers, 20))
        before = dict(writers.acknowledged)
        said = await command(settings, "backup", str(log), "--keys", str(keys), "--json")
        await writers.stop()
        assert len(writers.acknowledged) > len(before)
        assert await quarter.engine.log.last_position(quarter.organization) > said.answer["events"]
    shutil.rmtree(home)

    async with LocalStack(settings, ["postgres"], migrate=True):
        restored = await command(settings, "restore", str(log), "--keys", str(keys), "--json")
        assert restored.answer["faults"] == []
    async with LocalStack(settings):
        await command(settings, "rebuild", "workflows")
        await command(settings, "rebuild", "views")
        chain = await command(settings, "verify", "chain", "--json")
        assert chain.answer["organizations"][0]["last_position"] >= said.answer["events"]
        async with open_engine(settings) as engine:

            async def reminded() -> bool:
                feed = await engine.log.read_feed(quarter.organization, limit=10_000)
                return [event.type for event in feed].count("Reminded") == 1

            await until("the reminder that was due", reminded)
        for owner in quarter.staff:
            async with reader(settings, quarter, owner) as client:
                plan = Quarter(quarter.engine, cycle=cycles[0]).plan_ref(owner).stream
                found = (await client.get(f"plans/{plan}")).json()
                mine = {str(goal) for goal, (where, _) in before.items() if where == plan}
                goals = found["state"]["goals"]
                assert mine <= goals.keys()
                assert found["erased"] == []
                assert {goal["definition"]["title"] for goal in goals.values()} == {TITLE}
                board = await client.get(f"cycles/{quarter.cycle}/board")
                assert len(board.json()["items"]) == len(quarter.staff), board.text


def _more_than(writers: Writers, count: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        assert not any(task.done() and task.exception() for task in writers.tasks), "a writer was refused"
        return len(writers.acknowledged) > count

    return holds


async def test_a_temporal_that_survived_an_older_log_is_started_anew(site: Site, empty: Site, tmp_path: Path) -> None:
    """Its workflows wait for positions that the restored log has not got; one flag ends them, and nothing is missed."""
    async with dev_server() as client:
        async with site.engine() as engine:
            quarter = Quarter(engine)
            await quarter.found()
            await quarter.open(timetable=HOURS, policy=PROMPT)
            for owner in quarter.staff:
                await quarter.draft(owner)
                await quarter.agree(owner)
            await quarter.advance()
            await quarter.advance()
            assert (await site.run("backup", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))).code == 0
            for owner in reversed(quarter.staff):
                await quarter.submit(owner)
                await quarter.sign(owner, quarter.head)
            async with relaying(engine, client) as relay:
                await until("the workflows to be told", _delivered(relay))
        assert (await empty.run("restore", str(tmp_path / "log"), "--keys", str(tmp_path / "keys"))).code == 0
        async with empty.engine() as engine:
            again = Quarter(engine, quarter.organization, quarter.cycle, quarter.lead, quarter.head, quarter.staff)
            await again.submit(quarter.staff[0])
            ended = await end_workflows(client)
            assert ended >= 3
            await rebuild_wakes(engine.pool)
            async with working(engine, client):

                async def reminded() -> bool:
                    feed = await engine.log.read_feed(quarter.organization, limit=10_000)
                    return any(event.type == "Reminded" for event in feed)

                await until("the reminder", reminded)


def _delivered(relay: Relay) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        lag = await relay.lag()
        return lag.undelivered == 0 and lag.fanouts == 0

    return holds

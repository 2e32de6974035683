"""Records the histories that `test_histories.py` replays: `python -m tests.workflows.record_histories [path]`.

Run it when workflow code may change on purpose, keep the old files beside the new ones until nobody runs the old code,
and read the difference before you commit it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import asyncpg
from temporalio.client import Client

from cli.stack import LocalStack
from domain.cycle.windows import Phase
from domain.decider import Ref
from domain.plan.sending_back import RejectPlan
from eventlog.migrate import migrate
from eventlog.settings import Settings
from tests.support.dev_server import dev_server, until, working
from tests.support.quarter import Quarter, open_engine_on, windows
from tests.support.skipping import name_of, skipping
from tests.workflows.paths import PATHS, first_run, histories
from workflows.ids import workflow_id

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "histories"
CONTINUED = "continued"
LIMIT = ("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=50")


async def record(wanted: list[str]) -> None:
    """Live the wanted paths on fresh databases and keep what Temporal wrote down."""
    home = Path(tempfile.mkdtemp(prefix="goalcycle-histories-"))
    home.chmod(0o755)
    async with LocalStack(Settings(home=home / "home"), parts=["postgres"], migrate=False) as stack:
        server = stack.settings.require_database_url().rpartition("/")[0]
        for path in wanted:
            url = f"{server}/history_{uuid4().hex[:8]}"
            admin = await asyncpg.connect(f"{server}/postgres")
            await admin.execute(f"create database {url.rpartition('/')[2]}")
            await admin.close()
            await migrate(url)
            await _record_path(path, url)


async def _record_path(path: str, url: str) -> None:
    async with open_engine_on(url) as engine:
        if path == CONTINUED:
            async with dev_server(*LIMIT) as client, working(engine, client):
                quarter = await resubmitted(Quarter(engine), client)
                ref = quarter.plan_ref(quarter.staff[0])
                await _keep(path, client, quarter, {ref: await first_run(client, quarter, ref)})
            return
        async with skipping(engine) as machine:
            quarter = await PATHS[path](machine)
            refs = (quarter.cycle_ref, quarter.plan_ref(quarter.staff[0]))
            await _keep(path, machine.client, quarter, {ref: machine.first_runs[ref] for ref in refs})


async def resubmitted(quarter: Quarter, client: Client) -> Quarter:
    """A plan goes to and fro within one phase until its workflow has had a second run in it."""
    await quarter.found()
    await quarter.open(timetable=windows(*(hour * 3600 for hour in range(1, 6))))
    for owner in quarter.staff:
        await quarter.draft(owner)
        await quarter.agree(owner)
    await quarter.advance()
    await quarter.advance()
    owner, ref = quarter.staff[0], quarter.plan_ref(quarter.staff[0])
    handle = client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref)))
    for _ in range(10):
        shown = await quarter.submit(owner)
        # By hand: after the first one its own timer comes early enough, so that none of these would wake it.
        await handle.signal("nudge", await quarter.engine.log.last_position(quarter.organization))
        await until("the workflow to see the submission", lambda: _has_seen(quarter, ref, client))
        await quarter.act(quarter.head, ref, RejectPlan(hash=shown, reason="Once more"))
    await handle.signal("nudge", await quarter.engine.log.last_position(quarter.organization))
    await until("the workflow to see the last word", lambda: _has_seen(quarter, ref, client))
    assert (await quarter.state()).phase is Phase.COMMIT
    return quarter


async def _has_seen(quarter: Quarter, ref: Ref, client: Client) -> bool:
    woken = await quarter.engine.pool.fetchrow(
        "select wake_position, delivered_position from goalcycle.streams where organization = $1 and stream = $2",
        quarter.organization,
        ref.stream,
    )
    if woken is None or woken["delivered_position"] < woken["wake_position"]:
        return False
    handle = client.get_workflow_handle(workflow_id(name_of(quarter.organization, ref)))
    seen: int = await handle.query("position")
    return bool(seen >= woken["wake_position"])


async def _keep(path: str, client: Client, quarter: Quarter, first_runs: dict[Ref, str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for ref, run in first_runs.items():
        for old in FOLDER.glob(f"{path}.{ref.kind}.*.json"):
            old.unlink()
        for number, history in enumerate(await histories(client, quarter, ref, run), start=1):
            file = FOLDER / f"{path}.{ref.kind}.{number}.json"
            file.write_text(history.to_json().replace(f"{ROOT}/", ""), encoding="utf-8")  # frames of failures name it
            print(f"wrote {file.name}: {len(history.events)} events")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or [*PATHS, CONTINUED]))

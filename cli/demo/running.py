"""Runs the demo: raises the stack, imports the goals, lives the cycle, and proves what came of it."""

from __future__ import annotations

import shutil
import socket
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from cli.composition import CODEC, Engine, open_engine
from cli.demo.acting import Stage, until
from cli.demo.acts import Acts
from cli.demo.cast import Cast
from cli.demo.compressed import WINDOWS, policy
from cli.demo.narration import Narrator
from cli.demo.organization import Given, assigned
from cli.demo.proof import Summary, count_doubled, count_duties, count_lost, count_scenes, history_events
from cli.demo.scenario import Scenario
from cli.importing.options import ImportOptions, import_secret
from cli.importing.planning import ImportPlan, plan_import
from cli.importing.running import run_import
from cli.outline import read_outline
from cli.stack import LocalStack
from cli.temporal import connect
from domain.cycle.windows import Period
from domain.registry import DECIDERS
from eventlog.projection import Projection
from eventlog.settings import Settings
from eventlog.verify import verify_chain
from eventlog.views import PostgresViews


async def run_demo(given: Given, settings: Settings, narrator: Narrator) -> Summary:
    """One whole cycle; the stack stops at the end and its home stays, to be looked at with `goalcycle dev`.

    Raises:
        DemoFailed: something did not come about as it must.
        OutlineError: the file is no outline.
        StackError: a part did not start.
    """
    home = settings.home / "demo"
    shutil.rmtree(home, ignore_errors=True)
    own = settings.model_copy(update={"home": home, "api_port": _free_port(settings.api_port)})
    narrator.chapter("A stack of its own: Postgres, Temporal, API, worker, relay, projector")
    async with LocalStack(own) as stack:
        narrator.tell(f"everything serves; API {stack.addresses.api}, Temporal UI {stack.addresses.temporal_ui}")
        async with (
            open_engine(stack.settings) as engine,
            httpx.AsyncClient(base_url=stack.addresses.api, timeout=10, trust_env=False) as client,
        ):
            plan = await _import(given, engine, narrator)
            secret = stack.settings.token_secret_path.read_text(encoding="ascii").strip()
            stage = Stage(client, secret, plan.options.organization)
            cast = await Cast.read(stage, plan.options.cycle_id, plan.actor)
            kills = 0

            async def kill_worker() -> None:
                nonlocal kills
                await stack.kill("worker")
                kills += 1

            acts = Acts(stage, cast, _ticks(plan))
            await Scenario(acts, narrator, assigned(given, plan), kill_worker).run()
            narrator.chapter("Proof: nothing was lost")
            return await _prove(stage, cast, engine, stack.settings, narrator, kills)


async def _import(given: Given, engine: Engine, narrator: Narrator) -> ImportPlan:
    organization, now = uuid4(), datetime.now(UTC)
    options = ImportOptions(
        organization=organization,
        secret=import_secret(engine.keyring, organization),
        data=given.data,
        period=Period(starts=now, ends=now + timedelta(days=90)),
        policy=policy(approach_required=given.is_example),
        windows=WINDOWS,
    )
    plan = plan_import(read_outline(given.data.decode()), given.directory, options)
    report = await run_import(engine, plan)
    results = sum(len(goal.results) for goal in plan.goals)
    narrator.tell(
        f"{given.path.name}: {len(plan.goals)} objectives with {results} key results for {len(plan.owners)} owners, "
        f"{report.events} events in one request"
    )
    return plan


async def _prove(
    stage: Stage, cast: Cast, engine: Engine, settings: Settings, narrator: Narrator, kills: int
) -> Summary:
    summary = Summary(organization=str(stage.organization), cycle=str(cast.cycle), worker_kills=kills)
    events = await stage.feed(cast.facilitator)
    cycle = (await stage.see(cast.facilitator, f"cycles/{cast.cycle}"))["state"]
    plans = [await stage.see(cast.facilitator, f"plans/{part.plan}") for part in cast.parts]
    summary.plans = len(plans)
    summary.goals = sum(len(plan["state"]["goals"]) for plan in plans)
    summary.events = len(events)
    summary.acknowledged = len(stage.acknowledged)
    summary.repeated = stage.repeated
    summary.lost = count_lost(events, stage.acknowledged)
    summary.doubled = count_doubled(events, stage.acknowledged)
    closed = [event["data"]["phase"] for event in events if event["type"] == "PhaseClosed"]
    summary.phases = closed if cycle["closed"] else []
    summary.duties = count_duties(events)
    summary.scenes = count_scenes(events)
    summary.voided_signatures = sum(len(plan["state"]["voided"]) for plan in plans)
    narrator.tell(f"{summary.acknowledged} acknowledged commands: {summary.lost} lost, {summary.doubled} doubled")
    report = await verify_chain(engine.log, stage.organization)
    summary.chain_verified = report.holds and report.last_position == len(events)
    narrator.tell(f"order and content checked to position {report.last_position}: {report.fault or 'the chain holds'}")
    summary.views_match_log = await _views_match(engine, stage.organization, cast.cycle)
    narrator.tell(f"the board, rebuilt from the log, {'is' if summary.views_match_log else 'is NOT'} the same")
    client = await connect(settings)
    organization = str(stage.organization)

    async def every_run_is_listed() -> dict[str, float] | None:
        found = await history_events(client, organization)
        return found if found.keys() >= {"cycle", "plan", "directory"} else None

    summary.temporal_events_per_workflow = await until("Temporal to list its runs", every_run_is_listed)
    summary.seconds = round(narrator.seconds, 1)
    return summary


async def _views_match(engine: Engine, organization: UUID, cycle: UUID) -> bool:
    """Whether what is served is what a fold of the whole log gives."""
    views = PostgresViews(engine.pool)
    last = await engine.log.last_position(organization)
    if not await views.wait_for(organization, last, timeout=10):
        return False
    board = await views.board(organization, cycle, None, 10_000)
    events = await engine.log.read_feed(organization, limit=last)
    rows = await Projection(engine.log, DECIDERS, CODEC).rows(organization, events, [])
    folded = sorted((row.model_dump(mode="json") for row in rows.plans.values()), key=lambda row: row["plan"])
    return board is not None and folded == board["items"]


def _ticks(plan: ImportPlan) -> dict[UUID, tuple[UUID, ...]]:
    """The milestones that the file ticked, by key result."""
    return {reading.measure: reading.done or () for goal in plan.goals for reading in goal.final}


def _free_port(wanted: int) -> int:
    """The wanted port, or another where it is taken: the demo is no reason to stop a running stack."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("unreachable")

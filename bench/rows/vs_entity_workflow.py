"""`vs_entity_workflow`: commands over HTTP against the textbook entity workflow, on the same Temporal and Postgres.

Ours: goalcycle as it is deployed, each part a process: api, relay, worker, projector. 50 keep-alive clients with bearer
tokens: 25 owners check in; at 25 plans the owner submits, the head signs, the owner recalls, again and again (the one
endless loop of signing there is). Relay, worker and projector do their part of it meanwhile.
Theirs: a workflow a plan; a command is an Update that runs an activity that appends a row to Postgres
(bench/textbook/). One worker process with the SDK's defaults, on uvloop like the client; 50 clients, a plan each, in
the load generator's process, straight through Temporal's client: no HTTP, no token in front of it.
Figures are commands a second; `p50` in milliseconds, its ratio theirs over ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from api.auth import mint_token
from bench.load import Generator, post
from bench.quarter import Quarter, check_in
from bench.rounds import Row, Sample, Side, compared, rates, rounds
from bench.rows.http_vs_noop import check_ins, sample
from bench.stage import Site, Stage
from cli.serve.api import token_secret
from domain.cycle.policy import Policy
from domain.plan.signing import SignPlan, SubmitPlan

NAME = "vs_entity_workflow"
CLIENTS = 50
TINY = {"clients": 4, "parts": ()}
ONE_A_COMMAND = "type in ('CheckedIn', 'PlanSubmitted', 'PlanSigned', 'PlanRecalled')"
UNDELIVERED = "wake_position > delivered_position"
UNPROJECTED = """
last_position > coalesce(
    (select max(position) from goalcycle.view_checkpoints v where v.organization = o.organization), 0)
"""
PATIENCE = 120
PARTS = ("projector", "worker", "relay")


async def measure(
    stage: Stage, count: int, seconds: float, *, clients: int = CLIENTS, parts: Sequence[str] = PARTS
) -> list[Row]:
    """Commands a second, and their p50."""
    load, temporal = await stage.load(), await stage.temporal()
    async with stage.site() as site, AsyncExitStack() as running:
        async with site.engine() as engine:
            tracked = Quarter(engine)
            await tracked.track(clients // 2)
            committing = tracked.next()
            await committing.commit(clients // 2)
            scripts = [await check_ins(site, tracked, number) for number in range(clients // 2)]
            scripts += [await _signing(site, committing, owner) for owner in committing.owners]
            commands = await _textbook_commands(tracked)
        for part in parts:
            await running.enter_async_context(site.serving(part, temporal=temporal))
        await running.enter_async_context(site.serving("api"))
        await running.enter_async_context(site.running("bench.textbook.worker", temporal, name="textbook"))

        async def ours(seconds: float) -> Sample:
            done = await load.run(site.settings.api_port, scripts, seconds)
            await _caught_up(site, parts)
            return sample(done)

        theirs = _updates(load, temporal, commands, clients)
        answered, before = load.answered, await site.count("goalcycle.events", ONE_A_COMMAND)
        pairs = await rounds(ours, theirs, count=count, seconds=seconds)
        appended = await site.count("goalcycle.events", ONE_A_COMMAND) - before
        assert appended + await site.count("public.textbook_events") == load.answered - answered
    p50 = [(1000 * (ours.p50 or 0), 1000 * (theirs.p50 or 0)) for ours, theirs in pairs]
    return [Row(NAME, rates(pairs), {"p50": compared(p50, "ms", inverted=True)})]


async def _caught_up(site: Site, parts: Sequence[str]) -> None:
    """Wait until every nudge has gone out and every event is projected: our round's rest must not burden theirs."""
    async with asyncio.timeout(PATIENCE):
        while "relay" in parts and await site.count("goalcycle.streams", UNDELIVERED):
            await asyncio.sleep(0.05)
        while "projector" in parts and await site.count("goalcycle.organizations o", UNPROJECTED):
            await asyncio.sleep(0.05)


def _updates(load: Generator, temporal: str, commands: list[tuple[str, Any]], clients: int) -> Side:
    plans = [str(uuid4()) for _ in range(clients)]

    async def theirs(seconds: float) -> Sample:
        job = {"temporal": temporal, "plans": plans, "commands": commands, "seconds": seconds}
        return sample(await load.work(job))

    return theirs


async def _signing(site: Site, quarter: Quarter, owner: UUID) -> list[str]:
    """Submit, sign, recall, as ready requests."""
    plan = await quarter.plan(owner)
    shown = plan.content_hash(Policy().scoring.hash)
    path = f"/v1/organizations/{quarter.organization}/plans/{plan.id}"
    secret = token_secret(site.settings)
    owners, heads = (
        mint_token(secret, organization=quarter.organization, person=person, lasts=timedelta(hours=2))
        for person in (owner, quarter.head)
    )
    return [
        post(f"{path}/submit-plan", SubmitPlan(hash=shown).model_dump_json().encode(), owners),
        post(f"{path}/sign-plan", SignPlan(hash=shown).model_dump_json().encode(), heads),
        post(f"{path}/recall-plan", b'{"reason":"One more look at the second key result"}', owners),
    ]


async def _textbook_commands(quarter: Quarter) -> list[tuple[str, Any]]:
    """The same bodies for the other side."""
    plan = await quarter.plan(quarter.owners[0])
    signing = SignPlan(hash=plan.content_hash(Policy().scoring.hash)).model_dump(mode="json")
    return [("SignPlan", signing), ("CheckIn", check_in(plan).model_dump(mode="json", exclude_unset=True))]

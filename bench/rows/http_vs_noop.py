"""`http_vs_noop`: a check-in over HTTP against an empty POST on the same server.

Ours: the route of CheckIn in `goalcycle run api`, one process, with a bearer token; 16 keep-alive clients, each the
owner of a plan. Everything a caller gets is in it: token, body, decide, seal, hash, append, commit, answer.
Theirs: POST /noop with the same headers and body on the same server: a plain FastAPI route that answers 204, beside our
application and outside of its frame (bench/api.py).
"""

from __future__ import annotations

from datetime import timedelta

from api.auth import mint_token
from bench.api import NOOP
from bench.load import Load, post
from bench.quarter import Quarter, check_in
from bench.rounds import Row, Sample, compared, rates, rounds
from bench.stage import Site, Stage
from cli.serve.api import token_secret

NAME = "http_vs_noop"
CLIENTS = 16
TINY = {"clients": 2}


async def measure(stage: Stage, count: int, seconds: float, *, clients: int = CLIENTS) -> list[Row]:
    """Both sides in turn, from the same load generator."""
    load = await stage.load()
    async with stage.site() as site:
        async with site.engine() as engine:
            quarter = Quarter(engine)
            await quarter.track(clients)
            ours = [await check_ins(site, quarter, client) for client in range(clients)]
        theirs = [[_to_noop(request) for request in requests] for requests in ours]
        port, answered = site.settings.api_port, 0
        async with site.serving("api", module="bench.api"):

            async def our(seconds: float) -> Sample:
                nonlocal answered
                before = load.answered
                done = sample(await load.run(port, ours, seconds))
                answered += load.answered - before
                return done

            async def their(seconds: float) -> Sample:
                return sample(await load.run(port, theirs, seconds))

            pairs = await rounds(our, their, count=count, seconds=seconds)
        assert await site.count("goalcycle.events", "type = 'CheckedIn'") == answered
    p50 = compared([(1000 * (ours.p50 or 0), 1000 * (theirs.p50 or 0)) for ours, theirs in pairs], "ms")
    return [Row(NAME, rates(pairs), {"p50": p50})]


async def check_ins(site: Site, quarter: Quarter, client: int) -> list[str]:
    """An owner's check-ins, other values each time, as ready requests."""
    owner = quarter.owners[client]
    plan = await quarter.plan(owner)
    token = mint_token(
        token_secret(site.settings), organization=quarter.organization, person=owner, lasts=timedelta(hours=2)
    )
    path = f"/v1/organizations/{quarter.organization}/plans/{plan.id}/check-in"
    return [
        post(path, check_in(plan, number).model_dump_json(exclude_unset=True).encode(), token) for number in range(9)
    ]


def sample(load: Load) -> Sample:
    """One side's round, from the load generator's answer."""
    return Sample(load.rate, load.p50)


def _to_noop(request: str) -> str:
    return f"POST {NOOP} " + request.split(" ", 2)[2]

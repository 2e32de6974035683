"""`http_vs_noop`: a check-in over HTTP against an empty POST on the same server.

Ours: the route of CheckIn in `goalcycle run api`, one process, with a bearer token; 16 keep-alive clients, each the
owner of a plan. Everything a caller gets is in it: token, body, decide, seal, hash, append, commit, answer.
Theirs: POST /noop with the same headers and body on the same server: a FastAPI route of the same application that
answers 204 (bench/api.py). The further figure `bare` is against a FastAPI application in the same process that has
nothing but that route, not even our request ids and metrics.
`p50` is in milliseconds; `cpu` is the processor time that the API's process spends on a request of either side.
"""

from __future__ import annotations

from datetime import timedelta

from api.auth import mint_token
from bench.api import BARE, NOOP
from bench.load import Generator, Load, post
from bench.processes import cpu_seconds
from bench.quarter import Quarter, check_in
from bench.rounds import Figure, Row, Sample, compared, rates, rounds
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
        async with site.serving("api", module="bench.api") as process:
            posting, noop, bare = (
                Posting(load, site.settings.api_port, process, scripts)
                for scripts in (ours, _posted_to(NOOP, ours), _posted_to(BARE, ours))
            )
            pairs = await rounds(posting, noop, count=count, seconds=seconds)
            against_bare = await rounds(posting, bare, count=count, seconds=seconds)
        assert await site.count("goalcycle.events", "type = 'CheckedIn'") == posting.answered
    p50 = compared([(1000 * (ours.p50 or 0), 1000 * (theirs.p50 or 0)) for ours, theirs in pairs], "ms")
    cpu = {"cpu": posting.cpu_against(noop), "cpu_bare": posting.cpu_against(bare)}
    return [Row(NAME, rates(pairs), {"bare": rates(against_bare), "p50": p50} | cpu)]


class Posting:
    """Clients of the API's process."""

    def __init__(self, load: Generator, port: int, process: int, scripts: list[list[str]]) -> None:
        self._load = load
        self._port = port
        self._process = process
        self._scripts = scripts
        self._used = 0.0
        self.answered = 0

    async def __call__(self, seconds: float) -> Sample:
        used, answered = cpu_seconds(self._process), self._load.answered
        done = await self._load.run(self._port, self._scripts, seconds)
        self._used += cpu_seconds(self._process) - used
        self.answered += self._load.answered - answered
        return sample(done)

    def cpu_against(self, other: Posting) -> Figure:
        """Processor time of the API's process a request, which no other program on the machine distorts."""
        mine, its = 1e6 * self._used / self.answered, 1e6 * other._used / other.answered
        return Figure(mine, its, mine / its if its else None, unit="µs")


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


def _posted_to(path: str, scripts: list[list[str]]) -> list[list[str]]:
    return [[f"POST {path} {request.split(' ', 2)[2]}" for request in script] for script in scripts]

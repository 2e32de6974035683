"""A campaign: clients write, a fault strikes and heals again and again, and one checker judges what is left.

A fault is one small object; put it into a tuple `FAULTS` of a module in this folder and it belongs to `make soak`.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.service import RPCError

from domain.values import SYSTEM
from eventlog.outage import TROUBLE
from eventlog.views import PostgresViews
from tests.faults.checker import Balance, Violation, balance, violations
from tests.faults.clients import Client, act_all
from tests.faults.crowd import Crowd
from tests.faults.facts import Facts
from tests.faults.ground import prepare
from tests.faults.pace import Pace
from tests.faults.reading import read_facts
from tests.faults.recovery import recovered
from tests.faults.sent import Verdict
from tests.faults.system import Shape, System, last_lines, new_home, servers

MOST_NAMED = 3
"""So many faults of one campaign are named by name."""
KEEP = "GOALCYCLE_FAULTS_KEEP"
"""Set, every system's folder stays, with the logs of its parts, to be looked at."""
PROBER = 98
"""The number of the client that only asks whether everybody answers."""
NOTICED_SECONDS = 3.0
"""What a stopped process leaves undone shows after this: duties count as late from two seconds on."""
CALM_SECONDS = 1.5
"""Clients write undisturbed before the first strike and between two."""
UNREADABLE: tuple[type[Exception], ...] = (*TROUBLE, RPCError, TimeoutError)
LISTS_SECONDS = 5.0
"""So long the last look waits for the read models to show the probes that went before it."""
SETTLE_SECONDS = 60.0
"""After the last recovery everything must be right within this."""


class Fault:
    """What may go wrong: how it strikes, and how it is healed. Subclass it, set `name` and `sentence`."""

    name: str = ""
    sentence: str = ""
    """What happens, for the table of docs/reliability.md."""
    shape: Shape = Shape()
    lasts: float = 0.0
    """Seconds between strike and heal."""
    within: float = 60.0
    """Seconds from heal until everything must serve again."""
    tolerated: float = 0.0
    """Seconds from the strike in which others must have taken over, while it lasts; 0: there are no others."""

    def silent(self) -> str:
        """The process that cannot be asked while the fault lasts; empty: all can."""
        return ""

    def unavailable(self) -> str:
        """Why it cannot be tried on this machine; empty: it can."""
        return ""

    async def before_servers(self, home: Path) -> None:
        """Prepare the folder in which Postgres and Temporal will keep their data."""

    async def before_parts(self, system: System) -> None:
        """Servers run, own parts do not yet: set `system.environment`, start proxies."""

    async def strike(self, system: System) -> None:
        """Break it."""
        raise NotImplementedError

    async def heal(self, system: System) -> None:
        """Mend what does not mend itself; returns when it is mended, not when all has recovered."""

    async def after(self, system: System) -> None:
        """Undo what `before_parts` made; always called."""

    async def end(self) -> None:
        """Undo what `before_servers` made, when nothing runs any more; always called."""

    async def check(self, system: System) -> list[str]:
        """What this fault demands besides the checker's invariants, in words; empty: it holds."""
        del system
        return []


@dataclass
class Outcome:
    """What a campaign came to."""

    fault: str
    seed: int
    strikes: int = 0
    tries: int = 0
    """Commands that clients sent, each with one key however often it was repeated."""
    acknowledged: int = 0
    refused: int = 0
    unknown: int = 0
    """Commands that their senders gave up without an answer."""
    unanswered: int = 0
    """Requests without an answer; most of their commands were sent again with the same key."""
    requests: int = 0
    """HTTP requests for these commands."""
    events: int = 0
    duties: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """How many events of each type came in while faults struck."""
    recoveries: list[float] = field(default_factory=list)
    """Seconds from the end of the fault, mending included, until everything serves again; one a strike."""
    slowest_takeover: str = ""
    """The fault in which others took longest to take over."""
    takeovers: list[float] = field(default_factory=list)
    """Where others must take over: the seconds from the strike until they had, looked at after `NOTICED_SECONDS`."""
    slowest: str = ""
    """The fault whose recovery took longest."""
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)
    notes: str = ""
    """What the parts said, where something is wrong."""

    @property
    def balance(self) -> Balance:
        return balance(self.violations)

    @property
    def median(self) -> float:
        return statistics.median(self.recoveries) if self.recoveries else 0.0

    @property
    def worst(self) -> float:
        return max(self.recoveries, default=0.0)

    @property
    def taken_over(self) -> str:
        """In how many seconds others took over, where they had to."""
        return f"; taken over within {max(self.takeovers):.1f} s" if self.takeovers else ""

    def line(self) -> str:
        """One line for the terminal."""
        found = self.balance
        by = f" ({self.slowest_takeover})" if self.takeovers else ""
        verdict = "holds" if not self.violations else f"{len(self.violations)} VIOLATIONS"
        return (
            f"{self.fault} (seed {self.seed}): {self.strikes} strikes, {self.tries} tries, "
            f"{self.acknowledged} acknowledged, {self.refused} refused, {self.unknown} unknown, {found.lost} lost, "
            f"{found.doubled} doubled, recovery {self.median:.1f} s median, {self.worst:.1f} s worst "
            f"({self.slowest or 'none'}){self.taken_over}{by}; {verdict}"
        )


@dataclass
class Campaign:
    """A running system with clients on it."""

    system: System
    crowd: Crowd
    prober: Client
    clients: asyncio.Task[None]

    async def calm(self) -> None:
        """Let the clients write a while."""
        before = len(self.crowd.acknowledged_at)
        await asyncio.sleep(CALM_SECONDS)
        async with asyncio.timeout(30):
            while len(self.crowd.acknowledged_at) == before and not self.clients.done():
                await asyncio.sleep(0.05)

    async def suffer(self, fault: Fault, outcome: Outcome) -> None:
        """One strike, its end, and the time until all serves again."""
        await fault.strike(self.system)
        began = time.monotonic()
        if fault.tolerated:
            await self._be_taken_over(fault, outcome, began)
        await asyncio.sleep(max(0.0, began + fault.lasts - time.monotonic()))
        began = time.monotonic()
        await fault.heal(self.system)
        outcome.strikes += 1
        if await recovered(self.system, self.crowd, self.prober, fault.within):
            outcome.recoveries.append(time.monotonic() - began)
            if outcome.recoveries[-1] == outcome.worst:
                outcome.slowest = fault.name
        else:
            outcome.violations.append(Violation("recovery", f"not recovered {fault.within:.0f} s after {fault.name}"))

    async def _be_taken_over(self, fault: Fault, outcome: Outcome, began: float) -> None:
        """While the fault lasts: what was under way, and what has come since, must be done by the others."""
        await asyncio.sleep(NOTICED_SECONDS)
        if await recovered(self.system, self.crowd, self.prober, fault.tolerated, silent=fault.silent()):
            outcome.takeovers.append(time.monotonic() - began)
            if outcome.takeovers[-1] == max(outcome.takeovers):
                outcome.slowest_takeover = fault.name
        else:
            outcome.violations.append(Violation("takeover", f"not done {fault.tolerated:.0f} s into {fault.name}"))

    async def judge(self, outcome: Outcome) -> None:
        """Stop the clients, let everything come to rest, and have the checker look."""
        self.crowd.stop()
        async with asyncio.timeout(60):
            await self.clients
        facts, found = await self._settled()
        outcome.violations += found
        sent = self.crowd.sent.values()
        verdicts = Counter(command.verdict for command in sent)
        outcome.tries = len(sent)
        outcome.acknowledged = verdicts[Verdict.ACKNOWLEDGED]
        outcome.refused = len(sent) - outcome.acknowledged - verdicts[Verdict.UNKNOWN]
        outcome.unknown = verdicts[Verdict.UNKNOWN]
        tries = [one.verdict for command in sent for one in command.tries]
        outcome.requests, outcome.unanswered = len(tries), tries.count(Verdict.UNKNOWN)
        if facts is not None:
            outcome.events = facts.last_position
            outcome.kinds = Counter(event.type for event in facts.events if event.position > facts.founded_at)
            outcome.duties = len({event.command_id for event in facts.events if event.actor == SYSTEM})
        if outcome.violations:
            outcome.notes = last_lines(self.system)

    async def _settled(self) -> tuple[Facts | None, list[Violation]]:
        """The last look: the first at which nothing is wrong, or the one after which patience ends."""
        deadline = time.monotonic() + SETTLE_SECONDS
        facts: Facts | None = None
        found = [Violation("nothing_stuck", "the facts could not be read")]
        while time.monotonic() < deadline:
            try:
                silent = [url for url in self.system.api_urls if not await self.prober.probe(url)]
                ground = self.crowd.ground
                last = await self.system.engine.log.last_position(ground.organization)
                await PostgresViews(self.system.engine.pool).wait_for(ground.organization, last, LISTS_SECONDS)
                facts = await read_facts(self.system, ground.organization, ground.founded_at, unanswered=len(silent))
            except UNREADABLE as error:
                found = [Violation("nothing_stuck", f"the facts could not be read: {type(error).__name__}")]
            else:
                found = await violations(facts, self.crowd.sent.values())
                if not found or any(violation.lasting for violation in found):
                    break
            await asyncio.sleep(0.3)
        return facts, found


@asynccontextmanager
async def campaigning(
    faults: Sequence[Fault], seed: int, *, pace: Pace | None = None, shape: Shape | None = None
) -> AsyncIterator[Campaign]:
    """A fresh system, prepared for these faults, with clients that write until `judge`."""
    home = new_home()
    try:
        for fault in faults:
            await fault.before_servers(home)
        async with servers(seed, shape or _widest(faults), home) as system:
            try:
                ground = await prepare(system.engine)
                for fault in faults:
                    await fault.before_parts(system)
                await system.start_parts()
                secret = system.settings.token_secret_path.read_text(encoding="ascii").strip()
                crowd = Crowd(system.api_urls, secret, ground, seed, pace or Pace())
                system.pace = crowd.pace
                async with crowd.connected():
                    clients = asyncio.create_task(act_all(crowd))
                    try:
                        yield Campaign(system, crowd, Client(crowd, PROBER), clients)
                    finally:
                        clients.cancel()
                        await asyncio.wait([clients])
            finally:
                await system.stop_parts()
                for fault in faults:
                    await fault.after(system)
    finally:
        for fault in faults:
            await fault.end()
        if not os.environ.get(KEEP):
            shutil.rmtree(home, ignore_errors=True)


def _widest(faults: Sequence[Fault]) -> Shape:
    shapes = [fault.shape for fault in faults]
    return Shape(**{part: max(getattr(shape, part) for shape in shapes) for part in Shape.__dataclass_fields__})


def _turns(faults: Sequence[Fault], seed: int) -> Iterator[Fault]:
    """Round after round, each in an order that the seed chooses."""
    choose = random.Random(seed)
    while True:
        yield from choose.sample(faults, k=len(faults))


async def run_campaign(
    faults: Fault | Sequence[Fault],
    seed: int,
    *,
    strikes: int = 3,
    seconds: float | None = None,
    pace: Pace | None = None,
) -> Outcome:
    """Strike each fault so often (or, if `seconds` is given, as often as fits), then judge.

    Several faults take turns on one system, in an order that the seed chooses.
    """
    chosen = [faults] if isinstance(faults, Fault) else list(faults)
    names = " + ".join(fault.name for fault in chosen)
    outcome = Outcome(names if len(chosen) <= MOST_NAMED else f"{len(chosen)} faults in turn", seed)
    began = time.monotonic()
    async with campaigning(chosen, seed, pace=pace) as campaign:
        await campaign.calm()
        for place, fault in enumerate(_turns(chosen, seed)):
            enough = place >= strikes * len(chosen)
            if seconds is not None:  # every fault strikes once, however long that takes
                enough = place >= len(chosen) and time.monotonic() - began >= seconds
            if enough or outcome.violations:
                break
            await campaign.suffer(fault, outcome)
            await campaign.calm()
        for fault in chosen:
            outcome.violations += [Violation(fault.name, what) for what in await fault.check(campaign.system)]
        await campaign.judge(outcome)
    outcome.seconds = time.monotonic() - began
    return outcome

"""What `goalcycle doctor` does: it looks, changes nothing, and names the command that mends what it finds.

A check that needs what another has found missing is left out: one cause, one finding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from cli.diagnosing import machine
from cli.diagnosing.finding import Fault, Finding, findings
from cli.stack.supervisor import is_home_in_use
from eventlog.settings import NotConfigured, Settings

if TYPE_CHECKING:
    from eventlog.projector import Pool

STARTS = "`goalcycle dev`"


async def examine(settings: Settings) -> list[Finding]:
    """Run every check that can be run."""
    found: list[Finding] = []
    for name, check in machine.CHECKS.items():
        found += findings(name, await check(settings))
    if _has(found, "postgres.unreachable"):
        return found
    if settings.database_url is None and not is_home_in_use(settings):
        return [*found, Finding("log", True, f"no stack runs in {settings.home}: {STARTS} starts it")]
    return found + await _log(settings, frozenset(finding.code for finding in found))


async def _log(settings: Settings, known: frozenset[str]) -> list[Finding]:
    from cli.diagnosing import database
    from eventlog.outage import TROUBLE

    found: list[Finding] = []
    try:
        url = settings.require_database_url()
        found += findings("schema", await database.schema(settings))
        if all(finding.ok for finding in found):
            async for checked in _over(url, settings, known):
                found += checked
    except NotConfigured as error:
        return findings("log", [Fault("postgres.unreachable", str(error), STARTS)])
    except TROUBLE as error:
        what = f"the database stopped answering ({type(error).__name__})"
        found += findings("log", [Fault("postgres.unreachable", what, f"start it, or stop the stack and {STARTS}")])
    return found


async def _over(url: str, settings: Settings, known: frozenset[str]) -> AsyncIterator[list[Finding]]:
    from cli.diagnosing import behind, database
    from eventlog.postgres import PostgresLog, close_pool, open_pool

    pool = await open_pool(url, size=4)
    log = PostgresLog(url, pool)
    try:
        yield findings("database", await database.safety(pool))
        yield findings("clock", await database.clock(pool))
        if "keyring.unreadable" not in known:
            yield findings("keys", await database.keys(pool, settings))
        yield findings("relay", await behind.relay(pool))
        yield findings("duties", await behind.duties(pool))
        yield findings("read models", await behind.views(pool, log))
        if "temporal.unreachable" not in known:
            yield await _temporal(settings, pool)
    finally:
        await log.close()
        await close_pool(pool)


async def _temporal(settings: Settings, pool: Pool) -> list[Finding]:
    from temporalio.client import Client
    from temporalio.service import RPCError

    from cli.diagnosing import workflows

    try:
        client = await Client.connect(**settings.temporal_connect_config())
        found = findings("worker", await workflows.worker(client))
        return found + findings("workflows", await workflows.missing(pool, client))
    except NotConfigured as error:
        return findings("workflows", [Fault("temporal.unreachable", str(error), STARTS)])
    except (RPCError, RuntimeError) as error:
        what = f"Temporal does not answer for our namespace ({type(error).__name__})"
        return findings("workflows", [Fault("temporal.unreachable", what, STARTS)])


def _has(found: list[Finding], code: str) -> bool:
    return any(finding.code == code for finding in found)

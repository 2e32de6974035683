"""The database: its schema, its promises, its clock, and the keys of what it holds."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from cli.diagnosing.finding import Fault, Outcome
from eventlog.handler import system_clock
from eventlog.migrate import ChangedMigrationError, pending
from eventlog.projector import Pool
from eventlog.safety import faults
from eventlog.settings import Settings

AHEAD = timedelta(seconds=1)
BEHIND = timedelta(seconds=5)
"""Past these the append function answers `skewed`."""
TRIES = 3

ORGANIZATIONS = "select organization from goalcycle.organizations where last_position > 0 order by organization"


async def schema(settings: Settings) -> Outcome:
    """Every migration of this release was applied, as it is."""
    try:
        missing = await pending(settings.require_database_url())
    except ChangedMigrationError as error:
        return [Fault("schema.changed", str(error), "install the release that this database belongs to")]
    if missing:
        what = f"{len(missing)} migrations are missing, the first is {missing[0]}"
        return [Fault("schema.pending", what, "`goalcycle migrate`")]
    return "every migration is applied"


async def safety(pool: Pool) -> Outcome:
    """What goalcycle refuses to start on."""
    found = [Fault(f"database.{fault.kind}", fault.what, fault.mend) for fault in await faults(pool)]
    return found or "commits are safe, and the application's role cannot change an event"


async def clock(pool: Pool) -> Outcome:
    """The difference, with half the round trip taken off, of the quickest of a few tries."""
    best: tuple[float, timedelta] | None = None
    for _ in range(TRIES):
        began = time.monotonic()
        theirs: datetime = await pool.fetchval("select clock_timestamp()")
        trip = time.monotonic() - began
        ours = system_clock() - timedelta(seconds=trip / 2)
        if best is None or trip < best[0]:
            best = trip, ours - theirs
    assert best is not None
    ahead = best[1]
    if -BEHIND <= ahead <= AHEAD:
        return f"this machine's clock and the database's differ by {abs(ahead.total_seconds()):.1f} s"
    side = "ahead of" if ahead > timedelta(0) else "behind"
    return [
        Fault(
            "clock.skewed",
            f"this machine's clock is {abs(ahead.total_seconds()):.1f} s {side} the database's",
            "synchronize both: `timedatectl set-ntp true`",
        )
    ]


async def keys(pool: Pool, settings: Settings) -> Outcome:
    """Every organization of the log has keys here. People's keys may be gone: they were erased."""
    rows = await pool.fetch(ORGANIZATIONS)
    lost = [row["organization"] for row in rows if not (settings.keyring_directory / str(row["organization"])).is_dir()]
    if not lost:
        return f"there for every organization of the log: {len(rows)}"
    mend = "point GOALCYCLE_KEYRING to the keys of this log, or bring them back: `goalcycle restore --help`"
    where = settings.keyring_directory
    return [Fault("keyring.lost", f"{where} has no key of {len(lost)} organizations, such as {lost[0]}", mend)]

"""What a database must promise before goalcycle writes to it."""

from __future__ import annotations

import asyncpg

REQUIRED = {"fsync": "on", "full_page_writes": "on"}
"""Without these an answered command can be lost, or a page be half written, when the machine stops."""


class UnsafeDatabaseError(Exception):
    """This database could lose or change what it has answered for."""


async def refuse_unsafe(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Refuse a server that may lose commits, and an application's role that could change events.

    Raises UnsafeDatabaseError naming every fault and the way out.
    """
    faults = []
    for setting, wanted in REQUIRED.items():
        if (found := await pool.fetchval("select current_setting($1)", setting)) != wanted:
            faults.append(f"{setting} is {found}: set it to {wanted} in postgresql.conf")
    if (found := await pool.fetchval("select current_setting('synchronous_commit')")) == "off":
        faults.append("synchronous_commit is off: set it to on")
    for right in ("insert", "update", "delete", "truncate"):
        if await pool.fetchval("select has_table_privilege(current_user, 'goalcycle.events', $1)", right):
            role = await pool.fetchval("select current_user")
            faults.append(f"role {role} may {right} events: connect as the application's role")
    if faults:
        raise UnsafeDatabaseError("; ".join(faults))

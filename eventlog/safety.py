"""What a database must promise before goalcycle writes to it."""

from __future__ import annotations

import asyncpg

REQUIRED = {"fsync": "on", "full_page_writes": "on"}
"""Without these an answered command can be lost, or a page be half written, when the machine stops."""

RIGHTS = """
select right_name from unnest(array['insert', 'update', 'delete', 'truncate']) right_name
where case
    when right_name in ('insert', 'update') then has_any_column_privilege('goalcycle.events', right_name)
    else has_table_privilege('goalcycle.events', right_name)
end
"""

GUARDS_MISSING = """
select name from unnest(array['events_are_never_changed', 'events_are_never_truncated']) name
where not exists (
    select from pg_catalog.pg_trigger
    where tgrelid = 'goalcycle.events'::regclass and tgname = name and tgenabled in ('O', 'A'))
"""


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
    if await pool.fetchval("select current_setting('synchronous_commit')") == "off":
        faults.append("synchronous_commit is off: set it to on")
    for row in await pool.fetch(RIGHTS):
        role = await pool.fetchval("select current_user")
        faults.append(f"role {role} may {row['right_name']} events: connect as the application's role")
    for row in await pool.fetch(GUARDS_MISSING):
        faults.append(f"trigger {row['name']} is off: enable it on goalcycle.events, then run `goalcycle verify chain`")
    if faults:
        raise UnsafeDatabaseError("; ".join(faults))

"""What a database must promise before goalcycle writes to it."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class SafetyFault:
    """A promise that a database does not keep."""

    kind: str
    """`fsync`, `full_page_writes`, `synchronous_commit`, `role` or `trigger`."""
    what: str
    mend: str


async def faults(pool: asyncpg.Pool[asyncpg.Record]) -> list[SafetyFault]:
    """Whether the server may lose commits, and whether the application's role could change events."""
    found = []
    for setting, wanted in REQUIRED.items():
        if (value := await pool.fetchval("select current_setting($1)", setting)) != wanted:
            found.append(SafetyFault(setting, f"{setting} is {value}", f"set it to {wanted} in postgresql.conf"))
    if await pool.fetchval("select current_setting('synchronous_commit')") == "off":
        found.append(SafetyFault("synchronous_commit", "synchronous_commit is off", "set it to on"))
    for row in await pool.fetch(RIGHTS):
        role = await pool.fetchval("select current_user")
        what = f"role {role} may {row['right_name']} events"
        found.append(SafetyFault("role", what, "connect as the application's role"))
    for row in await pool.fetch(GUARDS_MISSING):
        mend = f"`alter table goalcycle.events enable trigger {row['name']}`, then `goalcycle verify chain`"
        found.append(SafetyFault("trigger", f"trigger {row['name']} is off", mend))
    return found


async def refuse_unsafe(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Refuse a server that may lose commits, and an application's role that could change events.

    Raises UnsafeDatabaseError naming every fault and the way out.
    """
    if found := await faults(pool):
        raise UnsafeDatabaseError("; ".join(f"{fault.what}: {fault.mend}" for fault in found))

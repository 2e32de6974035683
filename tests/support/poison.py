"""An event that no release can read, put into a log behind the application's back."""

from __future__ import annotations

from uuid import UUID

import asyncpg

INSERT = """
insert into goalcycle.events
select organization, last_position + 1, 'cycle', gen_random_uuid(), 1, 'FromTheFuture', 1, true, organization,
       gen_random_uuid(), null, now(), now(), '{}', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
  from goalcycle.organizations where organization = $1
"""


async def poison(database: str, organization: UUID) -> None:
    """Append an event of an unknown type to an organization's log."""
    owner = await asyncpg.connect(database)
    try:
        async with owner.transaction():
            await owner.execute(INSERT, organization)
            await owner.execute(
                "update goalcycle.organizations set last_position = last_position + 1 where organization = $1",
                organization,
            )
    finally:
        await owner.close()

"""How far the parts behind the log have come: facts of the database, which any process may ask for.

A relay that is away cannot tell that it is behind; the projector can, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

from eventlog.projector import BEHIND, Pool
from eventlog.relay import LAG, RelaySettings

AGE = f"""
select coalesce(sum(behind.lag), 0)::bigint as events,
       coalesce(extract(epoch from max(now() - e.recorded_at)), 0)::float8 as age
  from ({BEHIND}) behind
  join goalcycle.organizations o using (organization)
  join goalcycle.events e on e.organization = o.organization and e.position = o.last_position - behind.lag + 1
"""  # noqa: S608 - two constants of ours
"""What the read models do not show yet, and the age of the oldest of it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far behind the relay and the read models are."""

    undelivered: int
    """Streams whose workflow has not been told of their last wake."""
    fanouts: int
    overdue: int
    """Open streams that owe a duty for longer than `RelaySettings.overdue_after`."""
    unprojected: int
    """Events that the read models do not show yet."""
    unprojected_age: float
    """Seconds since the oldest of them was recorded; 0 where there is none."""


async def standing(pool: Pool, *, overdue_after: float = RelaySettings().overdue_after) -> Standing:
    """Ask the database."""
    relay = await pool.fetchrow(LAG, overdue_after)
    views = await pool.fetchrow(AGE, None)
    assert relay is not None
    assert views is not None
    return Standing(relay["undelivered"], relay["fanouts"], relay["overdue"], views["events"], max(views["age"], 0.0))

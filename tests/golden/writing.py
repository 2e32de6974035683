"""Golden payloads: one canonical payload of every event type and schema version that was ever stored.

`python -m tests.golden.writing` writes the files that are missing, from the events of a story and of the
specifications. A file that exists is never rewritten: what is stored in somebody's log does not change either.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.canonical import canonical_bytes
from domain.cycle.closing import AdvancePhase
from domain.cycle.exceptions import ExtendDeadline, ReopenPhase
from domain.cycle.participation import EnrolParticipant, ExcuseParticipant
from domain.cycle.results import PublishResults
from domain.cycle.windows import Phase
from domain.directory.lines import SetManager
from domain.directory.people import DeactivatePerson
from domain.directory.roles import GrantRole, RevokeRole
from domain.directory.state import DIRECTORY, Role
from domain.messages import Event
from domain.plan.goal import Reading
from domain.plan.negotiation import ProposeRevision
from domain.plan.result import AcknowledgeResult, Reflect
from domain.plan.sending_back import RecallPlan, RejectPlan, RequestChanges
from domain.plan.tracking import CheckIn
from domain.registry import EVENTS
from domain.upcasting import UPCASTERS
from eventlog.codec import Codec
from eventlog.log import Recorded
from tests.support.given import HEAD, LEAD, OTHER, STAFF, WITNESSES, World, final_values, kpi, who

FOLDER = Path(__file__).parent / "events"
ZERO = UUID(int=0)


def recorded(name: str, version: int, payload: bytes) -> Recorded:
    """A log record around a payload."""
    now = datetime(2027, 3, 1, tzinfo=UTC)
    nothing = bytes(32)
    return Recorded(
        ZERO, 1, "plan", ZERO, 1, name, version, True, ZERO, ZERO, None, now, now, payload, nothing, nothing
    )


def decoded(name: str, version: int, payload: bytes) -> Event:
    """What today's release reads in a stored payload."""
    return Codec(EVENTS, UPCASTERS).decode(recorded(name, version, payload))


def story() -> World:
    """A quarter in which every event occurs."""
    world = World().founded().opened()
    world.when(LEAD, DIRECTORY, SetManager(person=OTHER, manager=LEAD))
    world.when(LEAD, DIRECTORY, GrantRole(person=OTHER, role=Role.AUDITOR))
    world.when(LEAD, DIRECTORY, RevokeRole(person=OTHER, role=Role.AUDITOR))
    world.when(LEAD, world.cycle_ref, EnrolParticipant(owner=OTHER, reason="A transfer"))
    world.when(LEAD, world.cycle_ref, ExcuseParticipant(owner=OTHER, reason="On leave"))
    world.when(LEAD, DIRECTORY, DeactivatePerson(person=OTHER))
    until = world.the_cycle().deadlines[Phase.DRAFT] + timedelta(days=1)
    world.when(LEAD, world.cycle_ref, ExtendDeadline(phase=Phase.DRAFT, until=until, reason="A fair"))
    world.now = until
    world.perform(world.cycle_ref)  # the gate fails
    world.agreed().assigned("served").assigned("received").acknowledged("received")
    world.wait(days=10).perform(world.plan_ref())  # the other assignment is served
    _drop_second_kpi_weight(world)
    world.when(LEAD, world.cycle_ref, AdvancePhase())
    world.wait(seconds=31).perform(world.cycle_ref)  # nobody finished: released
    world.advanced(Phase.COMMIT).submitted()
    world.when(HEAD, world.plan_ref(), RejectPlan(hash=world.hash(), reason="Too easy"))
    world.submitted()
    changes = RequestChanges(hash=world.hash(), goals=(who("okr"),), reason="See the target")
    world.when(HEAD, world.plan_ref(), changes)
    world.submitted().when(STAFF, world.plan_ref(), RecallPlan(reason="A typing error"))
    world.submitted().wait(days=14).perform(world.plan_ref())  # reminded, escalated
    world.signed(LEAD).perform(world.plan_ref())
    world.signed(world.plan().signing.escalated_to or LEAD)  # type: ignore[union-attr]
    world.advanced(Phase.TRACK).wait(days=14).perform(world.cycle_ref)  # a digest
    final_values(world)
    _final_kpis(world)
    world.advanced(Phase.RETROSPECT).when(LEAD, world.cycle_ref, PublishResults())
    reflect = Reflect(goal=who("okr"), what_happened="a", why="b", learned="c", next_step="try")
    world.when(STAFF, world.plan_ref(), reflect)
    world.wait(days=14).perform(world.plan_ref())  # the result is served
    result = world.the_cycle().results[world.plan_ref().stream].hash
    world.when(STAFF, world.plan_ref(), AcknowledgeResult(result=result, how="dissent", comment="Not my view"))
    world.closed()
    again = ReopenPhase(phase=Phase.TRACK, until=world.now + timedelta(days=3), reason="A value was wrong")
    world.when(LEAD, world.cycle_ref, again)
    return world


def _drop_second_kpi_weight(world: World) -> None:
    """Two KPIs of 100 each become 60 and 40."""
    for name, weight in (("served", "60"), ("received", "40")):
        revision = ProposeRevision(goal=who(name), definition=kpi(weight), reasons={"weight": "Two of them"})
        world.when(HEAD, world.plan_ref(), revision)
        world.acknowledged(name)


def _final_kpis(world: World) -> None:
    for name in ("served", "received"):
        readings = (Reading(measure=who(name), value="95"),)
        report = CheckIn(goal=who(name), readings=readings, confidence="0.8", status="done", final=True)
        world.when(STAFF, world.plan_ref(), report)


def main() -> None:
    """Write what is missing, from the story or else from whichever specification brings the event about."""
    FOLDER.mkdir(exist_ok=True)
    WITNESSES.append(_keep)
    story()
    if _missing():
        pytest.main(["-q", "-p", "no:cacheprovider", "tests/domain", "--ignore=tests/domain/test_messages.py"])
    if _missing():
        raise SystemExit(f"no specification brings about {', '.join(_missing())}")


def _keep(event: Event) -> None:
    golden = FOLDER / f"{type(event).__name__}.v{event.schema_version}.json"
    if not golden.exists():
        golden.write_bytes(canonical_bytes(event) + b"\n")
        print(f"wrote {golden.name}")


def _missing() -> list[str]:
    return [name for name, event in EVENTS.items() if not (FOLDER / f"{name}.v{event.schema_version}.json").exists()]


if __name__ == "__main__":
    main()

"""Delegates of a mediator and of who decides on an objection: the wait moves to them, too (R5.5)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.directory.delegation import Delegate
from domain.directory.state import DIRECTORY
from domain.plan.mediation import MediationDecided
from domain.plan.objection import ObjectionDecided
from domain.waiting import What
from tests.support.deciding import COMMITTED, FIRST, SECOND, asked, deciding, mediated, objected, silent
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, who


def delegated(world: World, person: UUID, to: UUID) -> World:
    ends = world.now + timedelta(days=365)
    world.when(LEAD, DIRECTORY, Delegate(delegation=who(f"{person} {to}"), person=person, to=to, ends=ends))
    return world


def test_r5_5_a_delegate_decides_what_already_waits_above_and_for_whom_stays_visible() -> None:
    world = delegated(mediated(), LEAD, OTHER)
    assert asked(world) == [(LEAD, What.MEDIATE, "requested"), (OTHER, What.MEDIATE, "delegated")]
    world.when(OTHER, world.plan_ref(), deciding(world))
    decided = world.last(MediationDecided)
    assert (decided.by, decided.on_behalf_of) == (OTHER, LEAD)
    late = delegated(objected(), LEAD, OTHER)
    late.when(OTHER, late.plan_ref(), deciding(late, "kpi"))
    assert (late.last(ObjectionDecided).by, late.last(ObjectionDecided).on_behalf_of) == (OTHER, LEAD)
    own = mediated()
    own.when(LEAD, own.plan_ref(), deciding(own))
    assert own.last(MediationDecided).on_behalf_of is None


def test_r5_5_a_delegate_of_the_next_level_decides_for_that_level() -> None:
    world = mediated()
    silent(world)
    delegated(world, FIRST, OTHER).decided(OTHER, "impose", definition=COMMITTED)
    assert (world.last(MediationDecided).on_behalf_of, world.goal().author) == (FIRST, OTHER)


@pytest.mark.parametrize("side", [STAFF, HEAD])
def test_r4_3_no_side_decides_as_a_delegate_of_who_is_above(side: UUID) -> None:
    """Who is away mostly delegates to the manager below them, who is the counterpart."""
    world = delegated(mediated(), LEAD, side)
    world.refused("plan.not_allowed", side, world.plan_ref(), deciding(world))
    late = delegated(objected(), LEAD, side)
    code = "objection.own_case" if side == HEAD else "plan.not_allowed"
    late.refused(code, side, late.plan_ref(), deciding(late, "kpi"))
    assert asked(late) == [(LEAD, What.DECIDE_OBJECTION, None)]


def test_r5_5_it_does_not_go_up_to_a_delegate_who_was_asked() -> None:
    assert silent(delegated(mediated(), LEAD, FIRST)).to == SECOND


def test_r5_5_who_signs_as_a_delegate_is_told_so() -> None:
    world = delegated(World().in_commit().submitted(), HEAD, OTHER)
    assert (OTHER, What.SIGN, "delegated") in asked(world)


def test_r5_5_who_was_asked_themselves_decides_for_nobody_else() -> None:
    world = mediated()
    silent(world)
    delegated(world, LEAD, FIRST)
    assert asked(world) == [(LEAD, What.MEDIATE, "requested"), (FIRST, What.MEDIATE, "escalated")]
    world.when(FIRST, world.plan_ref(), deciding(world))
    assert world.last(MediationDecided).on_behalf_of is None

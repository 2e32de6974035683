"""Who may do what (R8): default deny, one grant a command, and the rule that allowed it in its event."""

from __future__ import annotations

import pytest

from domain.access.grants import CYCLE, DIRECTORY, GRANTS, METRIC, PLAN
from domain.access.verdict import RULES, Allow, Deny, Facts, Stand, authorize
from domain.messages import Kind
from domain.registry import COMMANDS, DECIDERS
from tests.domain.rows import all_rows
from tests.support.given import World

TABLES = {"directory": DIRECTORY, "cycle": CYCLE, "plan": PLAN, "metric": METRIC}
EVERYBODY = Facts(frozenset(Stand) - {Stand.SELF_OF_OWNER})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_grant(name: str) -> None:
    kind, command = COMMANDS[name]
    grant = "DUTY" if command.system else "may(OWNER, phases=NEGOTIABLE)"
    assert name in DECIDERS[kind].grants, (
        f"Everybody is refused {name}. Add a line to domain/access/grants.py, in {kind.upper()}: "
        f'"{name}": {grant},  (who may give it, and when)'
    )


def test_nothing_is_granted_that_is_no_command() -> None:
    for kind, table in TABLES.items():
        for name in table:
            assert COMMANDS[name][0] == kind


def test_r8_what_nothing_grants_is_denied_to_everybody() -> None:
    verdict = authorize("EraseEverything", EVERYBODY, GRANTS)
    assert isinstance(verdict, Deny)
    assert (verdict.rule, verdict.reason.code) == ("default", "access.no_grant")


@pytest.mark.parametrize("kind", TABLES)
def test_r8_a_decider_without_grants_refuses_everything(kind: Kind) -> None:
    assert DECIDERS[kind].grants is TABLES[kind]
    for name in TABLES[kind]:
        assert isinstance(authorize(name, EVERYBODY, {}), Deny)
        assert isinstance(authorize(name, Facts(), TABLES[kind]), Deny)


def test_a_rule_speaks_for_every_stand_but_the_bars() -> None:
    assert set(Stand) - set(RULES) == {Stand.SELF_OF_OWNER}
    assert len(set(RULES.values())) == len(RULES)


def test_a_command_is_granted_in_the_phases_to_which_it_belongs() -> None:
    for name, row in all_rows().items():
        for grant in GRANTS[name].grants:
            assert grant.phases is None or set(row.phases) <= set(grant.phases), name


def test_r8_the_rule_that_allowed_a_command_is_in_its_first_event() -> None:
    world = World().in_commit().submitted().signed()
    allowed = [event.allowed_by for _, _, _, event in world.events]
    assert allowed[0] == "organization.founder"
    assert allowed[-2:] == ["plan.chain", "plan.chain"]
    assert {"directory.admin", "cycle.facilitator", "plan.owner", "plan.counterpart", "duty"} <= set(allowed)
    first = next(place for place, name in enumerate(world.types()) if name == "PlanOpened")
    assert allowed[first : first + 2] == ["plan.owner", None]  # one command, two events


def test_bars_come_before_people_and_people_before_phases() -> None:
    approver = frozenset({Stand.APPROVER})
    barred = authorize("SignPlan", Facts(approver | {Stand.SELF_OF_OWNER}, phase=None), GRANTS)
    assert isinstance(barred, Deny)
    assert barred.reason.code == "signing.own_plan"
    stranger = authorize("SignPlan", Facts(phase="closed"), GRANTS)
    assert isinstance(stranger, Deny)
    assert stranger.reason.code == "signing.not_approver"
    late = authorize("SignPlan", Facts(approver, phase="closed"), GRANTS)
    assert isinstance(late, Deny)
    assert late.reason.code == "cycle.closed"
    assert authorize("SignPlan", Facts(approver), GRANTS) == Allow("plan.chain")

"""The demo's proof is known to see what it looks for: every violation is planted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cli.demo.acting import Acknowledged
from cli.demo.proof import PHASES, Summary, count_doubled, count_duties, count_lost
from domain.values import SYSTEM


def event(position: int, command: str, kind: str = "CheckedIn", actor: str = "somebody", **data: Any) -> dict[str, Any]:
    return {
        "position": position,
        "command_id": command,
        "type": kind,
        "actor": actor,
        "stream": {"id": "plan"},
        "data": data,
    }


LOG = [event(1, "a"), event(2, "b"), event(3, "b"), event(4, "d", "Reminded", str(SYSTEM), about="signature", since=3)]
ANSWERS = [Acknowledged("check-in", 1, 1), Acknowledged("propose-revision", 2, 3)]


def test_an_honest_log_has_lost_and_doubled_nothing() -> None:
    assert (count_lost(LOG, ANSWERS), count_doubled(LOG, ANSWERS)) == (0, 0)
    assert count_duties(LOG) == {"reminders": 1}


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_an_acknowledged_event_that_is_gone_is_lost(gone: int) -> None:
    assert count_lost([item for item in LOG if item["position"] != gone], ANSWERS) == 1


def test_an_acknowledged_position_that_holds_another_command_is_lost() -> None:
    assert count_lost([LOG[0], LOG[1], event(3, "c"), LOG[3]], ANSWERS) == 1


def test_a_command_or_a_duty_that_took_effect_twice_is_doubled() -> None:
    assert count_doubled([*LOG, event(5, "a")], ANSWERS) == 1
    again = event(5, "e", "Reminded", str(SYSTEM), about="signature", since=3)
    assert count_doubled([*LOG, again], ANSWERS) == 1
    another = event(5, "e", "Reminded", str(SYSTEM), about="signature", since=9)
    assert count_doubled([*LOG, another], ANSWERS) == 0


GOOD = Summary(
    goals=1,
    chain_verified=True,
    phases=PHASES,
    duties={"reminders": 1, "escalations": 1, "digests": 1},
    voided_signatures=1,
    worker_kills=1,
    views_match_log=True,
)


@pytest.mark.parametrize(
    "fault",
    [
        {"lost": 1},
        {"doubled": 1},
        {"chain_verified": False},
        {"phases": PHASES[:4]},
        {"duties": {"escalations": 1, "digests": 1}},
        {"duties": {"reminders": 1, "digests": 1}},
        {"duties": {"reminders": 1, "escalations": 1}},
        {"voided_signatures": 0},
        {"worker_kills": 0},
        {"views_match_log": False},
        {"goals": 0},
    ],
    ids=str,
)
def test_every_check_can_fail(fault: Mapping[str, Any]) -> None:
    assert GOOD.failures() == []
    assert len(replace(GOOD, **fault).failures()) == 1

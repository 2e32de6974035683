"""A quarter in less than a minute: the same rules, every duration in seconds on the real clock."""

from __future__ import annotations

from domain.cycle.policy import Policy
from domain.cycle.windows import Window, Windows
from domain.values import Elapsed


def closes_after(seconds: int) -> Window:
    """A phase that closes so many seconds after the cycle was opened."""
    return Window(anchor="opening", offset=Elapsed(seconds=seconds))


WINDOWS = Windows(
    draft=closes_after(8),
    negotiate=closes_after(16),
    commit=closes_after(36),
    track=closes_after(48),
    retrospect=closes_after(75),
)


def policy(*, approach_required: bool) -> Policy:
    """The formal preset with its patience in seconds. Goals from a file may lack an approach (R1.2)."""
    return Policy(
        approach_required=approach_required,
        turn=Elapsed(seconds=40),
        assignment_served=Elapsed(seconds=6),
        signature_reminder=Elapsed(seconds=5),
        signature_escalation=Elapsed(seconds=10),
        check_in_every=Elapsed(seconds=4),
        result_served=Elapsed(seconds=4),
        gate_look=Elapsed(seconds=1),
    )

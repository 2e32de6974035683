"""How much is tried at random: in `make test` a sample, always the same; in `make soak` far more, and anew each time.

`GOALCYCLE_HYPOTHESIS=deep` says that it is a soak, which selects whatever hypothesis draws (`-m hypothesis`).
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

DEEP = os.environ.get("GOALCYCLE_HYPOTHESIS") == "deep"
SECONDS = 3600 if DEEP else 120
"""The longest that one of these may take."""


def walk(*, walks: int, steps: int) -> settings:
    """Of a machine: so many walks of so many steps, in a soak 1500 of 80."""
    return settings(
        max_examples=1500 if DEEP else walks,
        stateful_step_count=80 if DEEP else steps,
        deadline=None,
        derandomize=not DEEP,
        suppress_health_check=[HealthCheck.too_slow],
    )


def sample(examples: int) -> settings:
    """Of a property: so many examples, in a soak 5000."""
    return settings(
        max_examples=5000 if DEEP else examples,
        deadline=None,
        derandomize=not DEEP,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )

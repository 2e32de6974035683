"""How a stored event of an earlier schema version is brought to the next: each stays readable for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


def _unchanged(stored: dict[str, Any]) -> dict[str, Any]:
    """What is new has a default, which is what the earlier version ran by."""
    return stored


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {("CycleOpened", 1): _unchanged}
"""By event type and the version that was stored."""

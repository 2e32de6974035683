"""Telling the supervisor that a part serves. That it lives from then on is shown by `goalcycle run`'s heartbeat."""

from __future__ import annotations

import json


def announce(part: str) -> None:
    """Print the readiness line."""
    print(json.dumps({"ready": part}), flush=True)

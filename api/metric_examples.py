"""The bodies of metric commands in the story of `examples`: Ada counts what Ben's KPI is measured by."""

from __future__ import annotations

from typing import Any

METRIC = "0f3a5c9e-0000-4000-8000-0000000000b9"
METRIC_EXAMPLES: dict[str, Any] = {
    "DefineMetric": {
        "name": "Answered within a day",
        "data_owner": "0f3a5c9e-0000-4000-8000-0000000000a1",
        "definition": {
            "meaning": "Support requests with a first answer within 24 hours, of all that came in",
            "unit": "%",
            "direction": "higher",
            "frequency": "weekly",
            "source": "The help desk's weekly report",
        },
    },
    "ChangeMetric": {
        "definition": {
            "meaning": "Support requests with a first answer within a working day, of all that came in",
            "unit": "%",
            "direction": "higher",
            "frequency": "weekly",
            "source": "The help desk's weekly report",
        },
        "reason": "Nobody answers at night, and nobody asks us to",
    },
    "KeepDefinition": {
        "goal": "0f3a5c9e-0000-4000-8000-0000000000e2",
        "seen": {"metric": METRIC, "version": 2},
        "reason": "The quarter began with 24 hours, and is to be compared with the last one",
    },
    "RetireMetric": {"reason": "The help desk counts answers no longer"},
}

"""What API processes have refused so far, by their own count: each refusal a documented problem, none an accident."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from api.problems import INTERNAL
from domain.problems import PROBLEMS
from tests.faults.system import System

REFUSALS = "goalcycle_refusals"


async def accidents(system: System) -> list[str]:
    """Answers that no documentation has, or that only say that something went wrong."""
    found = []
    async with httpx.AsyncClient(trust_env=False, timeout=10) as caller:
        for url in system.api_urls:
            shown = await caller.get(f"{url}/metrics")
            families = {family.name: family for family in text_string_to_metric_families(shown.text)}
            for sample in families[REFUSALS].samples if REFUSALS in families else ():
                code = sample.labels["code"]
                known = code in PROBLEMS and code != INTERNAL.code
                if sample.name == f"{REFUSALS}_total" and sample.value and not known:
                    found.append(f"{url} answered {code} {sample.value:.0f} times")
    return found

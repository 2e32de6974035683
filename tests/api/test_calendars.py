"""A site's calendar over HTTP: provisional deadlines, the notice, and the deadlines reckoned anew (R2.2)."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest

from api.examples import CYCLE, SITE
from tests.api.world import World

CHINA: dict[str, Any] = {"zone": "Asia/Shanghai", "country": "CN"}
WINTER = {"starts": "2060-01-01T00:00:00+08:00", "ends": "2060-04-01T00:00:00+08:00"}
"""So far ahead that no release of the library has the notice."""


def window(anchor: str, days: int) -> dict[str, Any]:
    return {"anchor": anchor, "offset": {"unit": "working_days", "days": days}}


WINDOWS = {
    "draft": window("opening", 5),
    "negotiate": window("period_start", 1),
    "commit": window("period_start", 5),
    "track": window("period_end", 10),
    "retrospect": window("period_end", 20),
}


async def cycle(world: World) -> dict[str, Any]:
    answer = await world.get(f"/cycles/{CYCLE}")
    found: dict[str, Any] = answer.json()["state"]
    return found


async def in_shanghai(world: World) -> World:
    for name in ("FoundOrganization", "AddPerson"):
        await world.send(name)
    await world.send("AddSite", calendar=CHINA)
    await world.send("OpenCycle", site=SITE, period=WINTER, windows=WINDOWS)
    return world


async def test_the_directory_shows_its_sites(world: World) -> None:
    await in_shanghai(world)
    directory = (await world.get("")).json()["state"]
    assert directory["sites"][SITE]["name"] == "Shanghai 上海"
    assert directory["sites"][SITE]["calendar"]["country"] == "CN"
    assert directory["calendar"]["zone"] == "Asia/Shanghai"


async def test_provisional_deadlines_move_when_somebody_recomputes_them(world: World) -> None:
    await in_shanghai(world)
    before = await cycle(world)
    assert before["provisional"] == ["negotiate", "commit", "track", "retrospect"]
    opened = (await world.get(f"/cycles/{CYCLE}/history")).json()["items"][0]
    assert opened["data"]["holidays"] == version("holidays")

    fair = {**CHINA, "confirmed": [2060], "exceptions": [{"on": "2060-01-05", "works": False}]}
    await world.send("ChangeCalendar", calendar=fair)
    assert await cycle(world) == before, "a changed calendar moves no deadline by itself"

    shown = (await world.try_("RecomputeDeadlines", dry_run=True)).json()
    assert [event["type"] for event in shown["events"]] == ["DeadlinesRecomputed"]
    assert await cycle(world) == before, "a dry run changes nothing"
    await world.send("RecomputeDeadlines")
    after = await cycle(world)
    assert after["provisional"] == []
    assert after["deadlines"]["commit"] > before["deadlines"]["commit"]
    assert after["deadlines"]["draft"] == before["deadlines"]["draft"]


@pytest.mark.parametrize(
    ("calendar", "code", "pointer"),
    [
        ({"zone": "Mars/Olympus"}, "organization.zone_unknown", "/calendar/zone"),
        ({"country": "XX"}, "calendar.country_unknown", "/calendar/country"),
        ({"country": "DE", "subdivision": "XX"}, "calendar.country_unknown", "/calendar/country"),
        ({"subdivision": "BY"}, "request.invalid", "/calendar"),
        ({"week": [0, 7]}, "request.invalid", "/calendar/week/1"),
    ],
)
async def test_a_calendar_that_means_nothing_is_refused_with_its_field(
    world: World, calendar: dict[str, Any], code: str, pointer: str
) -> None:
    await in_shanghai(world)
    answer = await world.try_("ChangeCalendar", calendar=calendar)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert pointer in answer.text

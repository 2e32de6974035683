"""What people may try on a plan of sentinels, by name; and walking along such moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from tests.api.sentinel_book import Book
from tests.api.sentinels import KPI, Stage, stage

Move = Callable[[Stage], Any]
MOVES: dict[str, Move] = {
    "staff draft": lambda on: on.draft("first", "staff"),
    "head drafts": lambda on: on.draft("second", "head"),
    "facilitator drafts": lambda on: on.draft("second", "facilitator"),
    "head assigns": lambda on: on.assign("head"),
    "facilitator assigns": lambda on: on.assign("facilitator"),
    "staff propose": lambda on: on.propose("first", "staff"),
    "head counters": lambda on: on.propose("first", "head"),
    "head proposes": lambda on: on.propose("second", "head"),
    "staff propose the other": lambda on: on.propose("second", "staff"),
    "peer proposes": lambda on: on.propose("first", "peer"),
    "head revises the kpi": lambda on: on.propose(KPI, "head"),
    "staff withdraw": lambda on: on.withdraw("first", "staff"),
    "head withdraws": lambda on: on.withdraw("second", "head"),
    "head accepts": lambda on: on.accept("first", "head"),
    "staff accept": lambda on: on.accept("second", "staff"),
    "staff acknowledge": lambda on: on.acknowledge(),
    "lead comments": lambda on: on.comment("first", "lead"),
    "head comments on the kpi": lambda on: on.comment(KPI, "head"),
    "staff comment": lambda on: on.comment("first", "staff"),
    "only the chain": lambda on: on.show("first", "staff", "chain"),
    "in private": lambda on: on.show("first", "staff", "private"),
    "shown to a peer": lambda on: on.show("first", "staff", "private", "peer"),
    "shown to all": lambda on: on.show("first", "staff", "organization"),
    "as by default": lambda on: on.show("first", "staff", "default"),
    "the kpi to all": lambda on: on.show(KPI, "head", "organization"),
    "the kpi hidden again": lambda on: on.show(KPI, "head", "default"),
    "staff abandon": lambda on: on.abandon("first", "staff"),
    "head abandons the kpi": lambda on: on.abandon(KPI, "head"),
}


def walk(moves: Collection[str], *, looking: bool = True) -> Book:
    """Make the moves, looking after each, or once at the end."""

    async def go() -> Book:
        async with stage() as on:
            for move in moves:
                await MOVES[move](on)
                if looking:
                    await on.look()
            await on.look()
            return on.book

    return asyncio.run(go())

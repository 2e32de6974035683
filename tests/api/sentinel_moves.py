"""What people may try on a plan of sentinels; each move tells the book what it did, where it was taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any
from uuid import uuid4

from domain.plan.comments import CommentOnRevision
from domain.plan.drafting import AcknowledgeAssignment, AssignGoal, DraftGoal
from domain.plan.dropping import AbandonGoal
from domain.plan.mediation import DecideMediation, RequestMediation
from domain.plan.negotiation import AcceptRevision, ProposeRevision
from domain.plan.objection import DecideObjection, ObjectToAssignment
from domain.plan.visibility import SetVisibility
from domain.plan.withdrawing import WithdrawRevision
from domain.sealed import OwnerText
from tests.api.sentinel_answers import glance, look
from tests.api.sentinel_book import Book, Told
from tests.api.sentinels import GOALS, KPI, PEOPLE, Stage, stage
from tests.support.given import kpi, okr
from tests.support.metrics import counted_by


def sentinels(on: Stage, name: str, *, proposed: bool) -> Any:
    """A goal all of whose texts are sentinels."""
    title = on.book.new(name, proposed=proposed)
    if name == KPI:
        return kpi(title=title)
    approach, of_measure = (on.book.new(name, proposed=proposed) for _ in range(2))
    measure = counted_by(1).model_copy(update={"title": OwnerText(of_measure)})
    return okr(title=title, approach=approach, weight="50", key_results=(measure,))


async def draft(on: Stage, name: str, by: str) -> None:
    if name in on.book.goals:
        return
    on.book.goals[name] = Told("okr", by, wrote={by})
    command = DraftGoal(
        cycle=on.cycle,
        owner=PEOPLE["staff"],
        goal=GOALS[name],
        definition=sentinels(on, name, proposed=False),
    )
    assert await on.act(by, on.plan_ref, command)


async def assign(on: Stage, by: str) -> None:
    if KPI in on.book.goals:
        return
    on.book.goals[KPI] = Told("kpi", by, assigner=by, wrote={by})
    definition = sentinels(on, KPI, proposed=True)
    command = AssignGoal(cycle=on.cycle, owner=PEOPLE["staff"], goal=GOALS[KPI], definition=definition)
    assert await on.act(by, on.plan_ref, command)


async def propose(on: Stage, name: str, by: str) -> None:
    told = on.book.goals.get(name)
    if told is None:
        return
    definition = sentinels(on, name, proposed=True)
    if await on.act(by, on.plan_ref, ProposeRevision(goal=GOALS[name], definition=definition)):
        told.proposed = True
        told.wrote = {told.author, by}
    else:
        forget(on, definition)


def forget(on: Stage, definition: Any) -> None:
    """Texts of a command that was refused stand nowhere: nobody may ever read them."""
    for text in [text for text in on.book.texts if text in repr_texts(definition)]:
        del on.book.texts[text]


async def withdraw(on: Stage, name: str, by: str) -> None:
    goal = await on.goal(name)
    if goal is None:
        return
    if await on.act(by, on.plan_ref, WithdrawRevision(goal=goal.id, hash=goal.hash)):
        after = await on.goal(name)
        assert after is not None
        on.book.goals[name].proposed = bool(after.accepted)


async def accept(on: Stage, name: str, by: str) -> None:
    goal = await on.goal(name)
    if goal is not None:
        await on.act(by, on.plan_ref, AcceptRevision(goal=goal.id, hash=goal.hash))


async def acknowledge(on: Stage) -> None:
    goal = await on.goal(KPI)
    if goal is not None:
        await on.act("staff", on.plan_ref, AcknowledgeAssignment(goal=goal.id, hash=goal.hash))


async def comment(on: Stage, name: str, by: str) -> None:
    goal = await on.goal(name)
    if goal is None:
        return
    text = on.book.new(name, proposed=on.book.goals[name].proposed or name == KPI)
    said = CommentOnRevision(goal=goal.id, hash=goal.hash, comment=uuid4(), text=text)
    if not await on.act(by, on.plan_ref, said):
        del on.book.texts[text]


async def show(on: Stage, name: str, by: str, audience: Any, *viewers: str) -> None:
    if name not in on.book.goals:
        return
    chosen = SetVisibility(goal=GOALS[name], audience=audience, viewers=tuple(PEOPLE[one] for one in viewers))
    if await on.act(by, on.plan_ref, chosen):
        on.book.goals[name].audience, on.book.goals[name].viewers = audience, viewers


async def abandon(on: Stage, name: str, by: str) -> None:
    goal = await on.goal(name)
    if goal is None:
        return
    text = on.book.new(name, proposed=on.book.goals[name].proposed or name == KPI)
    if not await on.act(by, on.plan_ref, AbandonGoal(goal=goal.id, hash=goal.hash, reason=text)):
        del on.book.texts[text]


async def mediate(on: Stage, name: str, by: str) -> None:
    """A side asks somebody above, who gives it back."""
    goal = await on.goal(name)
    if goal is None:
        return
    text = on.book.new(name, proposed=on.book.goals[name].proposed)
    about = {"goal": goal.id, "hash": goal.hash, "reason": text}
    asked = goal.mediation is None
    said = RequestMediation(**about) if asked else DecideMediation(**about, outcome="return")
    if not await on.act(by, on.plan_ref, said):
        del on.book.texts[text]


async def contest(on: Stage, by: str) -> None:
    """The owner objects to the KPI; whoever decides leaves it as it is."""
    goal = await on.goal(KPI)
    if goal is None:
        return
    text = on.book.new(KPI, proposed=True)
    about = {"goal": goal.id, "hash": goal.hash, "reason": text}
    said = DecideObjection(**about, outcome="rejected") if goal.objected else ObjectToAssignment(**about, counter=90)
    if not await on.act(by, on.plan_ref, said):
        del on.book.texts[text]


def repr_texts(definition: Any) -> str:
    """The plain texts of a definition."""
    found = [definition.title.text]
    for result in getattr(definition, "key_results", ()):
        found.append(result.title.text)
    if getattr(definition, "approach", None) is not None:
        found.append(definition.approach.text)
    return " ".join(text or "" for text in found)


Move = Callable[[Stage], Any]
MOVES: dict[str, Move] = {
    "staff draft": lambda on: draft(on, "first", "staff"),
    "head drafts": lambda on: draft(on, "second", "head"),
    "facilitator drafts": lambda on: draft(on, "second", "facilitator"),
    "head assigns": lambda on: assign(on, "head"),
    "facilitator assigns": lambda on: assign(on, "facilitator"),
    "staff propose": lambda on: propose(on, "first", "staff"),
    "head counters": lambda on: propose(on, "first", "head"),
    "head proposes": lambda on: propose(on, "second", "head"),
    "staff propose the other": lambda on: propose(on, "second", "staff"),
    "peer proposes": lambda on: propose(on, "first", "peer"),
    "head revises the kpi": lambda on: propose(on, KPI, "head"),
    "staff withdraw": lambda on: withdraw(on, "first", "staff"),
    "head withdraws": lambda on: withdraw(on, "second", "head"),
    "head accepts": lambda on: accept(on, "first", "head"),
    "staff accept": lambda on: accept(on, "second", "staff"),
    "staff acknowledge": lambda on: acknowledge(on),
    "staff ask for a mediator": lambda on: mediate(on, "first", "staff"),
    "lead mediates": lambda on: mediate(on, "first", "lead"),
    "staff object": lambda on: contest(on, "staff"),
    "lead decides": lambda on: contest(on, "lead"),
    "lead comments": lambda on: comment(on, "first", "lead"),
    "head comments on the kpi": lambda on: comment(on, KPI, "head"),
    "staff comment": lambda on: comment(on, "first", "staff"),
    "only the chain": lambda on: show(on, "first", "staff", "chain"),
    "in private": lambda on: show(on, "first", "staff", "private"),
    "shown to a peer": lambda on: show(on, "first", "staff", "private", "peer"),
    "shown to all": lambda on: show(on, "first", "staff", "organization"),
    "as by default": lambda on: show(on, "first", "staff", "default"),
    "the kpi to all": lambda on: show(on, KPI, "head", "organization"),
    "the kpi hidden again": lambda on: show(on, KPI, "head", "default"),
    "staff abandon": lambda on: abandon(on, "first", "staff"),
    "head abandons the kpi": lambda on: abandon(on, KPI, "head"),
}


def walk(moves: Collection[str], *, everywhere: bool = False) -> Book:
    """Make the moves; after each look at what it can have changed (or everywhere), and everywhere at the end."""

    async def go() -> Book:
        async with stage() as on:
            for move in moves:
                before = await on.log.last_position(on.organization)
                await MOVES[move](on)
                if await on.log.last_position(on.organization) > before:  # else no answer is another than it was
                    await (look(on) if everywhere else glance(on, before))
            await look(on)
            return on.book

    return asyncio.run(go())

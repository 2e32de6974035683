"""The door: whatever becomes of a request that was let in, its place is free again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from api.admission import Admission
from api.services import Limits

Inner = Callable[[Scope, Receive, Send], Awaitable[None]]
LIMITS = Limits(requests=2, bodies_bytes=100, body_bytes=60, request_seconds=0.05)
FREE = (0, 0)


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


async def breaks_off(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.Event().wait()


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError("nobody foresaw this")


async def hangs_up(scope: Scope, receive: Receive, send: Send) -> None:
    raise ClientDisconnect


async def asked(door: Admission, *headers: tuple[bytes, bytes], path: str = "/v1/organizations") -> int:
    """The status of the answer."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": path, "query_string": b"", "state": {}}
    await door(scope | {"headers": list(headers)}, receive, send)
    status = sent[0]["status"]
    assert isinstance(status, int)
    return status


def taken(door: Admission) -> tuple[int, int]:
    return door._requests, door._bytes


@pytest.mark.parametrize(
    ("inner", "ends"),
    [
        (answers, 200),
        (hangs, 503),
        (breaks_off, TimeoutError),
        (fails, ValueError),
        (hangs_up, ClientDisconnect),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
async def test_a_place_is_free_again_however_the_request_ended(inner: Inner, ends: int | type[Exception]) -> None:
    door = Admission(inner, LIMITS)
    for _ in range(3):
        if isinstance(ends, int):
            assert await asked(door, (b"content-length", b"50")) == ends
        else:
            with pytest.raises(ends):
                await asked(door, (b"content-length", b"50"))
        assert taken(door) == FREE


async def test_a_place_is_free_again_when_the_server_gives_the_request_up() -> None:
    door = Admission(hangs, LIMITS)
    task = asyncio.create_task(asked(door, (b"content-length", b"50")))
    await asyncio.sleep(0)
    assert taken(door) == (1, 50)
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), taken(door)) == (True, FREE)


@pytest.mark.parametrize(
    ("headers", "size"),
    [
        ([(b"content-length", b"7")], 7),
        ([(b"content-length", b"61")], 60),
        ([(b"content-length", b"7"), (b"transfer-encoding", b"chunked")], 60),
        ([(b"content-length", b"-1")], 60),
        ([(b"content-length", b"")], 60),
        ([], 0),
    ],
)
async def test_a_body_counts_as_announced_else_as_the_most_it_may_be(
    headers: list[tuple[bytes, bytes]], size: int
) -> None:
    door = Admission(hangs, LIMITS)
    task = asyncio.create_task(asked(door, *headers))
    await asyncio.sleep(0)
    assert taken(door) == (1, size)
    assert await task == 503


async def test_one_more_than_there_is_room_for_is_refused_and_takes_no_place() -> None:
    door = Admission(hangs, LIMITS)
    inside = [asyncio.create_task(asked(door)) for _ in range(2)]
    await asyncio.sleep(0)
    assert await asked(door) == 503
    assert taken(door) == (2, 0)
    await asyncio.gather(*inside)
    full = asyncio.create_task(asked(door, (b"content-length", b"60")))
    await asyncio.sleep(0)
    assert await asked(door, (b"content-length", b"41")) == 503
    assert taken(door) == (1, 60)
    await full
    assert taken(door) == FREE


async def test_operators_are_let_in_although_it_is_full() -> None:
    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        await (answers if scope["path"].startswith(("/health/", "/metrics")) else hangs)(scope, receive, send)

    door = Admission(inner, LIMITS)
    inside = [asyncio.create_task(asked(door)) for _ in range(2)]
    await asyncio.sleep(0)
    for path in ("/health/live", "/metrics"):
        assert await asked(door, path=path) == 200
    await asyncio.gather(*inside)

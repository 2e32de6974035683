"""The load generator's process: HTTP/1.1 as bytes over asyncio on uvloop; a job a line on stdin, its answer on stdout.

It writes ready requests and looks at no more of an answer than its status and its length, so that on two cores nearly
all of the machine is left to the server it measures.

    job     {"port": 8080, "clients": [["POST /a …", …], …], "seconds": 3}   each client sends its requests in turn
    answer  {"done": 6000, "answered": 6010, "seconds": 3.0, "p50": 0.004, "p99": 0.01, "refused": 0, "refusal": ""}

A job with "temporal" instead of "port" sends Updates (bench/textbook/load.py). `trivial` as an argument makes it the
server that its ceiling is measured against: it answers the same bytes to everything.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from functools import partial
from time import perf_counter
from typing import Any, cast

import uvloop

HOST = "127.0.0.1"
TRIVIAL_ANSWER = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


class _Client(asyncio.Protocol):
    """Sends its next request when the last one is answered, until the time is up and its script at an end."""

    def __init__(self, requests: list[bytes], run: Run) -> None:
        self._requests = requests
        self._run = run
        self._next = 0
        self._sent = 0.0
        self._received = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def close(self) -> None:
        self._transport.close()

    def send(self) -> None:
        request = self._requests[self._next]
        self._next = (self._next + 1) % len(self._requests)
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0 or len(received) < end + 4 + _length(received, end):
            self._received = received
            return
        self._received = b""
        now = perf_counter()
        self._run.answered(self._sent, now)
        if received[9:10] != b"2":
            self._run.refuse(received)
        if now < self._run.end or self._next:  # a script is always finished: the next job begins it anew
            self.send()
        elif not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionResetError("the server closed the connection"))


def _length(head: bytes, end: int) -> int:
    at = head.find(b"content-length: ", 0, end)
    if at < 0:
        return 0
    return int(head[at + 16 : head.find(b"\r", at)])


class Run:
    """One job under way."""

    def __init__(self) -> None:
        self.end = 0.0
        """When clients send no more, by `perf_counter`."""
        self.done = 0
        self.count = 0
        self.times: list[float] = []
        self.refused = 0
        self.refusal = ""

    def answered(self, sent: float, now: float) -> None:
        """Note an answer: its time if it was asked for before the end, and as done if it came before the end."""
        self.count += 1
        if sent < self.end:
            self.times.append(now - sent)
            self.done += now <= self.end

    def refuse(self, answer: bytes) -> None:
        """Note an answer that is no success."""
        self.refused += 1
        self.refusal = self.refusal or answer[:500].decode(errors="replace")


def _itself(client: _Client) -> _Client:
    return client


async def _requests(job: dict[str, Any], run: Run) -> None:
    loop, clients = asyncio.get_running_loop(), []
    for script in job["clients"]:
        client = _Client([request.encode() for request in script], run)
        await loop.create_connection(partial(_itself, client), HOST, job["port"])
        clients.append(client)
    run.end = perf_counter() + job["seconds"]
    for client in clients:
        client.send()
    await asyncio.gather(*(client.ended for client in clients))
    for client in clients:
        client.close()


async def _answered(job: dict[str, Any]) -> dict[str, Any]:
    run = Run()
    if "temporal" in job:
        from bench.textbook.load import updates  # costs 0.3 s that an HTTP job need not pay

        await updates(job, run)
    else:
        await _requests(job, run)
    times = sorted(run.times)
    if run.done:
        done, seconds = run.done, job["seconds"]
    else:  # nothing was answered in time: then how long the first answers took is all that can be said
        done, seconds = len(times), times[-1]
    return {
        "done": done,
        "answered": run.count,
        "seconds": seconds,
        "p50": times[len(times) // 2],
        "p99": times[len(times) * 99 // 100],
        "refused": run.refused,
        "refusal": run.refusal,
    }


async def _serve_jobs() -> None:
    loop = asyncio.get_running_loop()
    gc.disable()  # what is kept are floats
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await _answered(json.loads(line))), flush=True)
        gc.collect()


class _Trivial(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        del data
        self._transport.write(TRIVIAL_ANSWER)


async def _serve_trivially() -> None:
    server = await asyncio.get_running_loop().create_server(_Trivial, HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve_trivially() if "trivial" in sys.argv else _serve_jobs())

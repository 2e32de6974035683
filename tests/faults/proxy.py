"""A TCP proxy that can be a bad line: slow, dropping, silent, or cut at a named moment.

Invariant: in mode `PASS` it changes nothing. Every mode works on the connections that exist and on those to come, and
a return to `PASS` heals all that are still open, except those that a fault has closed or left half-open: those stay
dead, as on a real line. Chances come from a seed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.faults.wire import Frontend

CHUNK = 65_536
READY = b"Z\0\0\0\5I"
"""Postgres's last words of an answer outside a transaction: what was done is committed."""


@dataclass(frozen=True, slots=True)
class Line:
    """How the line behaves: a delay each way, a rate, a chance that a connection breaks, or silence."""

    latency: float = 0.0
    """Seconds that every piece of data takes each way."""
    rate: float = 0.0
    """Bytes a second and direction; 0: as fast as it goes."""
    breaks: float = 0.0
    """The chance, for every piece of data, that its connection is dropped instead."""
    silent: bool = False
    """Half-open: connections are accepted, what is sent is swallowed, and nothing comes back or is ever closed."""


PASS = Line()
SLOW = Line(latency=0.05, rate=200_000)
FLAKY = Line(breaks=0.02)
HALF_OPEN = Line(silent=True)


class When(Enum):
    """The moment of a cut, counted from the message that it waits for."""

    BEFORE = auto()
    """The message never arrives."""
    FORWARDED = auto()
    """It has been handed on; nobody waits for its answer."""
    ANSWERED = auto()
    """Its whole answer has come, so its effect is there, and is not handed back."""


@dataclass(eq=False)
class Cut:
    """Breaks one connection, once, at a moment that is named by a message or by a number of bytes."""

    when: When
    statement: bytes = b""
    """Part of the text of the SQL statement whose execution is meant, prepared long ago or just now."""
    after_bytes: int = 0
    """Without a statement: how many bytes must have passed to the server, over all connections from now on."""
    silent: bool = False
    """The connection is not closed but left half-open."""
    struck: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """`async with Proxy(host, port) as proxy:` listens on a free port of the loopback."""

    def __init__(self, host: str, port: int, *, seed: int = 0) -> None:
        self.line = PASS
        self.accepted = 0
        """Connections so far."""
        self.dropped = 0
        """Connections that a fault has broken or left half-open so far."""
        self.port = 0
        self.chance = random.Random(seed)
        self._far = (host, port)
        self._cuts: list[Cut] = []
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        serving = [connection.serving for connection in self._connections]
        for connection in list(self._connections):
            connection.end()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def address(self) -> str:
        """`host:port` of the near end."""
        return f"127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """Connections that exist now, half-open ones included."""
        return len(self._connections)

    def near(self, url: str) -> str:
        """The same URL by way of this proxy."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}{self.address}").geturl()

    def cut(self, when: When, *, statement: str = "", after_bytes: int = 0, silent: bool = False) -> Cut:
        """Arm a cut; `struck` of what is returned is set when it has happened."""
        cut = Cut(when, statement.encode(), after_bytes, silent)
        self._cuts.append(cut)
        return cut

    def disarm(self) -> None:
        """Forget the cuts that have not struck."""
        self._cuts.clear()

    def drop_all(self) -> None:
        """Break every connection now, as a restarted router would."""
        for connection in list(self._connections):
            connection.strike(silent=False)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(self, reader, writer, task)
        self._connections.add(connection)
        try:
            await connection.carry(*self._far)
        except asyncio.CancelledError:
            task.uncancel()  # ended by us; asyncio's server would report it as an error
        finally:
            self._connections.discard(connection)

    def armed(self, matches: Callable[[Cut], bool]) -> Cut | None:
        """Take the first armed cut that matches."""
        for cut in self._cuts:
            if matches(cut):
                self._cuts.remove(cut)
                return cut
        return None

    def passed(self, count: int) -> Cut | None:
        """Count bytes towards the server; the cut that they reach, if any."""
        for cut in self._cuts:
            if not cut.statement:
                cut.after_bytes -= count
        return self.armed(lambda cut: not cut.statement and cut.after_bytes <= 0)


class Connection:
    """One connection through the proxy: two pumps and what may befall them."""

    def __init__(
        self, proxy: Proxy, near: asyncio.StreamReader, back: asyncio.StreamWriter, serving: asyncio.Task[None]
    ) -> None:
        self.serving = serving
        self._proxy = proxy
        self._near = near
        self._back = back
        self._on: asyncio.StreamWriter | None = None
        self._dead = False
        """Half-open for good."""
        self._pending: Cut | None = None
        """A cut that waits for the answer; until then the answer is held back."""
        self._tail = b""
        self._frontend = Frontend()

    async def carry(self, host: str, port: int) -> None:
        """From the opening to the end."""
        try:
            if self._proxy.line.silent:
                await self._swallow()
                return
            far, self._on = await asyncio.open_connection(host, port)
            pumps = [
                asyncio.create_task(self._pump(self._near, self._on, self._onward)),
                asyncio.create_task(self._pump(far, self._back, self._backward)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            return  # the far end is away, which the near end learns by being closed
        finally:
            for writer in (self._back, self._on):
                if writer is not None:
                    writer.transport.abort()

    def end(self) -> None:
        """Stop serving it."""
        self.serving.cancel()

    def strike(self, *, silent: bool) -> None:
        """Break it, or leave it half-open."""
        self._proxy.dropped += 1
        if silent:
            self._dead = True
        else:
            self.end()

    async def _swallow(self) -> None:
        self.strike(silent=True)
        while await self._near.read(CHUNK):
            continue

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, look: Callable[[bytes], Cut | None]
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(CHUNK):
                line = self._proxy.line
                if line.silent and not self._dead:
                    self.strike(silent=True)
                if self._dead:
                    continue
                if line.breaks and self._proxy.chance.random() < line.breaks:
                    self.strike(silent=False)
                    return
                delay = line.latency + (len(chunk) / line.rate if line.rate else 0)
                if delay:
                    await asyncio.sleep(delay)
                cut = look(chunk)
                if self._pending is not None and sink is self._back:
                    continue
                if cut is None or cut.when is When.FORWARDED:
                    sink.write(chunk)
                    await sink.drain()
                if cut is not None:
                    cut.struck.set()
                    self.strike(silent=cut.silent)

    def _onward(self, chunk: bytes) -> Cut | None:
        executed = self._frontend.executed(chunk)
        cut = self._proxy.passed(len(chunk)) or self._proxy.armed(
            lambda cut: bool(cut.statement) and any(cut.statement in text for text in executed)
        )
        if cut is not None and cut.when is When.ANSWERED:
            self._pending = cut
            return None
        return cut

    def _backward(self, chunk: bytes) -> Cut | None:
        cut = self._pending
        if cut is not None:
            self._tail = (self._tail + chunk)[-len(READY) :]
            if not cut.statement or self._tail == READY:
                self._pending = None
                return cut
        return None


@asynccontextmanager
async def proxied(url: str, *, seed: int = 0) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server of a URL, and the URL by way of it."""
    parts = urlsplit(url)
    async with Proxy(parts.hostname or "127.0.0.1", parts.port or 5432, seed=seed) as proxy:
        yield proxy, proxy.near(url)

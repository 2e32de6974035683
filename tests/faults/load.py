"""More callers than an API process lets in: raw keep-alive connections that send check-ins as fast as they may.

A caller that is refused comes back after `Retry-After`, as the API asks; an impatient one comes back at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from api.problems import PROBLEM_TYPE

IDLE_SECONDS = 3.0
"""A connection that is idle for longer may be closed by the server; ours closes it first."""


@dataclass(frozen=True)
class Post:
    """One request to be sent again and again, each time with a key of its own."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass
class Heard:
    """What callers were answered in a stretch of time."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    refused_within: list[float] = field(default_factory=list)
    """Seconds until a refusal for overload was there."""
    malformed: list[str] = field(default_factory=list)
    """Refusals that are no proper problem with a Retry-After."""
    processor: float = 0.0
    """Seconds of processor time that the API used meanwhile."""

    @property
    def goodput(self) -> float:
        """Acknowledged commands a second."""
        return self.acknowledged / self.seconds

    @property
    def acknowledged(self) -> int:
        return self.statuses.get(200, 0) + self.statuses.get(201, 0)

    @property
    def refused(self) -> int:
        return self.statuses.get(503, 0)

    def __add__(self, other: Heard) -> Heard:
        return Heard(
            self.seconds + other.seconds,
            {key: self.statuses.get(key, 0) + other.statuses.get(key, 0) for key in self.statuses | other.statuses},
            {key: self.codes.get(key, 0) + other.codes.get(key, 0) for key in self.codes | other.codes},
            self.refused_within + other.refused_within,
            self.malformed + other.malformed,
            self.processor + other.processor,
        )

    def slowest(self, share: float = 0.95) -> float:
        """Seconds within which that share of the refusals was there."""
        ordered = sorted(self.refused_within) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def press(url: str, posts: Sequence[Post], *, callers: int, seconds: float, impatient: bool = False) -> Heard:
    """So many callers at once, for so long."""
    heard, until = Heard(), monotonic() + seconds
    began = monotonic()
    await asyncio.gather(*(_call(url, posts, number, until, heard, impatient) for number in range(callers)))
    heard.seconds = monotonic() - began
    return heard


async def _call(url: str, posts: Sequence[Post], number: int, until: float, heard: Heard, impatient: bool) -> None:
    parts, chance = urlsplit(url), random.Random(number)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        while monotonic() < until:
            post = posts[number % len(posts)] if number < len(posts) else chance.choice(posts)
            began = monotonic()
            writer.write(_request(parts.netloc, post))
            async with asyncio.timeout(60):
                status, headers, body = await _response(reader)
            heard.statuses[status] = heard.statuses.get(status, 0) + 1
            if status < 300:
                continue
            code = json.loads(body).get("code", "") if headers.get("content-type") == PROBLEM_TYPE else "?"
            heard.codes[code] = heard.codes.get(code, 0) + 1
            if status == 503:
                heard.refused_within.append(monotonic() - began)
                wait = headers.get("retry-after", "")
                if not wait.isdigit():
                    heard.malformed.append(repr((headers, body)))
                elif not impatient:
                    pause = max(0.0, min(float(wait) * chance.uniform(0.5, 1.5), until - monotonic()))
                    if pause > IDLE_SECONDS:
                        writer.close()
                    await asyncio.sleep(pause)
                    if pause > IDLE_SECONDS and monotonic() < until:
                        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    finally:
        writer.close()


def _request(host: str, post: Post) -> bytes:
    body = json.dumps(post.body).encode()
    headers = {
        "Host": host,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Idempotency-Key": uuid4().hex,
        **post.headers,
    }
    lines = [f"POST {post.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _response(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return int(first.split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))


def worked(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    user, system = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """A process's memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")

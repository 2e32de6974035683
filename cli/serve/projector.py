"""The projector's process: from the log to the read models."""

from __future__ import annotations

import asyncio

from cli.composition import CODEC, open_engine
from cli.serve.ready import announce
from domain.registry import DECIDERS
from eventlog.projector import Projector
from eventlog.settings import Settings


async def serve(settings: Settings) -> None:
    """Project until cancelled."""
    async with open_engine(settings) as engine:
        announce("projector")
        await Projector(engine.pool, engine.log, DECIDERS, CODEC).run(asyncio.Event())

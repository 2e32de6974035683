import asyncio
from collections.abc import AsyncIterator

import pytest

from cli.composition import CODEC
from domain.registry import DECIDERS
from eventlog.projector import Projector
from tests.api.world import World, open_world


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    """A live application with an empty log."""
    async with open_world(database) as made:
        yield made


@pytest.fixture
async def projecting(world: World) -> AsyncIterator[World]:
    """A world whose projector runs."""
    stop = asyncio.Event()
    projector = Projector(world.engine.pool, world.engine.log, DECIDERS, CODEC)
    running = asyncio.create_task(projector.run(stop))
    yield world
    stop.set()
    await running

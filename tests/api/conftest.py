from collections.abc import AsyncIterator

import pytest

from tests.api.world import World, open_world


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    """A live application with an empty log."""
    async with open_world(database) as made:
        yield made

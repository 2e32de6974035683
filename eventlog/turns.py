"""One at a time for each key, in the order of asking: how commands to one stream queue up inside a process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Sequence
from contextlib import suppress


class Turns:
    """Keys that are held and who waits for them.

    A lock of asyncio for each key would cost more than most commands have to wait: here a free key costs one entry in
    a dictionary, and is gone when it is given back.
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, deque[asyncio.Future[None]]] = {}

    async def take(self, keys: Sequence[Hashable]) -> None:
        """Hold all the keys. Everybody must name them in the same order, so that no two wait for each other."""
        for place, key in enumerate(keys):
            waiting = self._held.get(key)
            if waiting is None:
                self._held[key] = deque()
                continue
            turn = asyncio.get_running_loop().create_future()
            waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.cancelled():
                    with suppress(ValueError):  # whoever passed its turn on just now may have passed it over
                        waiting.remove(turn)
                else:  # it was handed over just now
                    self._pass_on(key)
                self.give_back(keys[:place])
                raise

    def give_back(self, keys: Sequence[Hashable]) -> None:
        """Let the next in line have them."""
        for key in keys:
            self._pass_on(key)

    def _pass_on(self, key: Hashable) -> None:
        waiting = self._held[key]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._held[key]

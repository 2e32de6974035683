"""A server whose clock is off writes nothing, says so, and goes on when it is set right."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from tests.faults.api_process import serving
from tests.faults.clock_faults import DAYS, HOUR, MISDATED, RIGHT, library, turn, turned
from tests.faults.load import press

pytestmark = pytest.mark.skipif(not library(), reason="libfaketime is not installed (Debian: apt-get install faketime)")


async def test_a_clock_that_is_off_is_refused_and_set_right_it_writes_again(database: str, tmp_path: Path) -> None:
    dial = tmp_path / "dial"
    turn(dial, RIGHT)
    async with serving(database, tmp_path / "home", **turned(dial)) as target:

        async def answered() -> tuple[dict[int, int], dict[str, int]]:
            heard = await press(target.url, target.posts, callers=4, seconds=0.3)
            assert not heard.malformed, "a refusal says when to come back"
            return heard.statuses, heard.codes

        assert set((await answered())[0]) == {200}
        for seconds in (HOUR, -HOUR, DAYS, -DAYS):
            turn(dial, f"{seconds:+d}")
            statuses, codes = await answered()
            assert set(codes) <= {"clock.skewed"}
            # Behind, an instant is still right for 5 s, where it is that of the stream's last event.
            assert set(statuses) == {503} if seconds > 0 else set(statuses) <= {200, 503}
            turn(dial, RIGHT)
            assert set((await answered())[0]) == {200}
        assert await target.process.has_logged("clock.skewed")
    connection = await asyncpg.connect(database)
    assert await connection.fetchval(MISDATED) == 0
    await connection.close()

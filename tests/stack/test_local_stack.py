"""The supervised tree on the real servers: parts serve, die and come back, and stop in reverse order."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from temporalio.client import Client

from cli.stack import LocalStack, StackError
from cli.stack.errors import PartFailed
from cli.stack.part import Part
from cli.stack.table import as_object, status_table
from eventlog.settings import Settings

SLEEPER = 'import time; print(\'{"ready": "sleeper"}\', flush=True); time.sleep(3600)'


def sleeper(name: str = "sleeper") -> Part:
    """A trivial part that serves until it is stopped."""
    return Part(name=name, command=(sys.executable, "-c", SLEEPER.replace("sleeper", name)))


def broken(name: str, program: str, **options: float) -> Part:
    return Part(name=name, command=(sys.executable, "-c", program), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
async def stack(open_folder: Path) -> AsyncIterator[LocalStack]:
    settings = Settings(home=open_folder / "stack-home", database_url=None)
    async with LocalStack(settings, ["postgres", "temporal", sleeper()], migrate=False) as running:
        yield running


async def test_every_part_serves(stack: LocalStack) -> None:
    connection = await asyncpg.connect(stack.addresses.database_url, database="postgres")
    await connection.close()
    client = await Client.connect(stack.addresses.temporal)
    assert await client.service_client.check_health()


async def test_the_table_shows_addresses_and_no_password(stack: LocalStack) -> None:
    table = status_table(stack)
    password = stack.settings.postgres_password_path.read_text().strip()
    for expected in (stack.addresses.temporal, stack.addresses.postgres, str(stack.children["sleeper"].pid)):
        assert expected in table
    for text in (table, str(as_object(stack)), repr(stack.addresses)):
        assert password not in text


async def test_secrets_are_made_once_and_are_private(stack: LocalStack) -> None:
    for path in (stack.settings.token_secret_path, stack.settings.postgres_password_path):
        assert len(path.read_text()) >= 32
        assert path.stat().st_mode & 0o077 == 0
    assert stack.settings.keyring_directory.stat().st_mode & 0o077 == 0


async def test_the_local_postgres_wants_the_password(stack: LocalStack) -> None:
    url = stack.addresses.database_url.replace(stack.settings.postgres_password_path.read_text().strip(), "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url, database="postgres")


@pytest.mark.parametrize("part", ["postgres", "temporal", "sleeper"])
async def test_a_killed_part_is_started_again(stack: LocalStack, part: str) -> None:
    child = stack.children[part]
    before, restarts = child.pid, child.restarts
    await stack.kill(part)
    await stack.wait_ready(part, within=30)
    assert child.pid not in {before, None}
    assert child.restarts > restarts


async def test_a_stopped_part_stays_down_until_it_is_started(stack: LocalStack) -> None:
    await stack.stop("sleeper")
    assert stack.children["sleeper"].pid is None
    with pytest.raises(PartFailed):
        await stack.wait_ready("sleeper", within=0.3)
    await stack.restart("sleeper")
    assert stack.children["sleeper"].pid is not None


async def test_a_home_serves_one_stack(stack: LocalStack) -> None:
    with pytest.raises(StackError, match=r"another stack runs in .* set GOALCYCLE_HOME"):
        async with LocalStack(stack.settings, [sleeper()]):
            pytest.fail("the home is taken")


async def test_parts_stop_in_reverse_order(tmp_path: Path) -> None:
    lines: list[str] = []
    async with LocalStack(Settings(home=tmp_path), [sleeper("first"), sleeper("second")], report=lines.append):
        pass
    assert [line for line in lines if "stopping" in line] == ["second stopping", "first stopping"]


async def test_a_part_that_ends_at_once_says_why_and_stops_the_others(tmp_path: Path) -> None:
    parts = [sleeper(), broken("broken", "import sys; sys.exit('the reason')")]
    stack = LocalStack(Settings(home=tmp_path), parts)
    with pytest.raises(PartFailed, match=r"(?s)broken ended with exit code 1 .*the reason"):
        await stack.__aenter__()
    assert [child.pid for child in stack.children.values()] == [None, None]


async def test_a_part_that_never_serves_is_given_up(tmp_path: Path) -> None:
    mute = broken("mute", "import time; time.sleep(3600)", ready_within=0.5)
    with pytest.raises(PartFailed, match="mute does not serve"):
        await LocalStack(Settings(home=tmp_path), [mute]).__aenter__()


async def test_a_part_deaf_to_its_stop_signal_is_killed(tmp_path: Path) -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER.replace('sleeper', 'deaf')}"
    async with LocalStack(Settings(home=tmp_path), [broken("deaf", deaf, stop_within=0.3)]) as stack:
        pid = stack.children["deaf"].pid
        assert pid is not None
    assert not Path(f"/proc/{pid}").exists()


async def test_a_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    mute = broken("mute", "import time; time.sleep(3600)")
    stack = LocalStack(Settings(home=tmp_path), [mute])
    starting = asyncio.create_task(stack.__aenter__())
    while "mute" not in stack.children or stack.children["mute"].pid is None:
        await asyncio.sleep(0.01)
    pid = stack.children["mute"].pid
    starting.cancel(signal.SIGTERM.name)
    with suppress(asyncio.CancelledError):
        await starting
    assert not Path(f"/proc/{pid}").exists()

"""Log lines carry ids from the context, and no local variables in tracebacks."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from cli.logs import configure_logs
from eventlog.settings import Settings


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().err)
    return line


def test_ids_are_bound_by_context(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"), part="relay")
    with structlog.contextvars.bound_contextvars(organization="o-1", stream="s-2", command_id="c-3"):
        structlog.get_logger().info("nudged", position=7)
    line = written(capsys)
    assert line.pop("timestamp")
    assert line == {
        "event": "nudged",
        "level": "info",
        "part": "relay",
        "organization": "o-1",
        "stream": "s-2",
        "command_id": "c-3",
        "position": 7,
    }


def test_the_standard_library_goes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    logging.getLogger("temporalio").warning("slow %s", "poll")
    assert written(capsys)["event"] == "slow poll"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_local_variable(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings.model_validate({"log_format": log_format}))
    goal_text = "".join(["hire 40 ", "people"])  # whole in memory, not in the source line that a traceback quotes
    try:
        raise ValueError(f"{len(goal_text)} characters")
    except ValueError:
        structlog.get_logger().exception("failed")
    said = capsys.readouterr().err
    assert "14 characters" in said
    assert "hire 40 people" not in said


@pytest.mark.parametrize(("asked", "heard"), [({}, False), ({"log_level": "info"}, True)], ids=["unasked", "asked"])
def test_a_command_that_tells_itself_what_was_refused_logs_it_only_when_asked(
    asked: dict[str, str], heard: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(Settings.model_validate({"log_format": "json", **asked}), tells_itself=True)
    structlog.get_logger().info("command.refused")
    assert bool(capsys.readouterr().err) is heard
    structlog.get_logger().warning("appender.lost")
    assert "appender.lost" in capsys.readouterr().err

"""Ports are picked once and remembered; a port that a setting names is never silently exchanged."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.stack.errors import PortTaken
from cli.stack.ports import claim, is_free
from eventlog.settings import Settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_picked_port_is_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = claim(settings, "temporal", 0)
    assert is_free(first)
    assert claim(settings, "temporal", 0) == first == settings.remembered_port("temporal")


def test_a_remembered_port_that_was_taken_meanwhile_is_exchanged(tmp_path: Path, taken_port: int) -> None:
    settings = Settings(home=tmp_path)
    settings.ports_path.write_text(f'{{"temporal": {taken_port}}}')
    assert claim(settings, "temporal", 0) != taken_port


def test_a_taken_port_that_was_asked_for_names_the_setting(tmp_path: Path, taken_port: int) -> None:
    assert not is_free(taken_port)
    with pytest.raises(PortTaken, match=rf"port {taken_port} .* is taken.*GOALCYCLE_TEMPORAL_UI_PORT"):
        claim(Settings(home=tmp_path), "temporal_ui", taken_port)

"""Ports of the local stack: asked for by a setting, or picked once and remembered in home."""

import json
import socket

from cli.stack.errors import PortTaken
from eventlog.settings import Settings

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether nothing listens on this port now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of a server that just ended linger in TIME_WAIT; they are nobody's.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick_free() -> int:
    """A port that is free at this instant."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def claim(settings: Settings, name: str, asked: int) -> int:
    """The port for `name`: the one asked for, else the remembered one while it is free, else a new one.

    Raises:
        PortTaken: a port was asked for by a setting, and another program has it.
    """
    if asked:
        require_free(asked, f"GOALCYCLE_{name.upper()}_PORT")
        port = asked
    else:
        remembered = settings.remembered_port(name)
        port = remembered if remembered and is_free(remembered) else pick_free()
    _remember(settings, name, port)
    return port


def require_free(port: int, setting: str, host: str = LOOPBACK) -> None:
    """Raises:
    PortTaken: another program listens there; the message names the setting that moves us.
    """
    if not is_free(port, host):
        raise PortTaken(f"port {port} on {host} is taken by another program", f"set {setting} to a free port")


def _remember(settings: Settings, name: str, port: int) -> None:
    path = settings.ports_path
    ports = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    ports[name] = port
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(ports, indent=1, sort_keys=True), encoding="utf-8")
    fresh.replace(path)

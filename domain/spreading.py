"""One command that changes several streams: what it asks of each of them besides its own.

Invariant: the parts depend on the command and its stream alone, because the streams are held before any state is
looked at. Each part is decided by its own stream's rules, as if the caller had sent it, and sees what the parts before
it did.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.decider import Ref
from domain.messages import Command


class Part(NamedTuple):
    """A command to one more stream."""

    ref: Ref
    command: Command
    pointer: str = ""
    """Where in the whole command it stands, as a JSON pointer: put before the field that a refusal names."""

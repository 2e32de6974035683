"""What the command handler is asked for: commands to streams, under one id, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.decider import Ref
from domain.messages import Command


@dataclass(frozen=True, slots=True)
class Step:
    """One command to one stream."""

    ref: Ref
    command: Command
    pointer: str = ""
    """Where it stands in the command or request that it is a part of, as a JSON pointer. Of the steps that have one
    every refusal is told, not the first alone."""
    expected: int | None = None
    """If-Match: the last fact's version of the stream that the caller saw; 0: it must not exist."""


@dataclass(frozen=True, slots=True)
class Order:
    """One or several commands under one command id, all or nothing."""

    organization: UUID
    actor: UUID
    command_id: UUID
    steps: tuple[Step, ...]
    body: bytes = field(repr=False)
    """The canonical bytes of the request, route included, texts in plain: only their HMAC is kept."""
    dry_run: bool = False
    causation: UUID | None = None
    now: datetime | None = None
    """The workflow's time: the clock of a simulated organization, ignored by the others."""

    def spread(self) -> Order:
        """The same order with the parts of its commands as steps of their own, each behind its command."""
        steps: list[Step] = []
        for step in self.steps:
            steps.append(step)
            for part in step.command.spread(step.ref.stream):
                steps.append(Step(part.ref, part.command, step.pointer + part.pointer))
        return self if len(steps) == len(self.steps) else replace(self, steps=tuple(steps))

"""Exit codes of every `goalcycle` command, so that scripts need not read words."""

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FAILED = 1
    """It ran, and what it checked or asked for is not so: a refused command, a broken chain, a finding of `doctor`."""
    USAGE = 2
    """It was called wrongly, or a file given to it has errors; nothing was changed."""
    UNAVAILABLE = 3
    """A server or a setting that it needs is missing; the message names the remedy."""

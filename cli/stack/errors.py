"""What can go wrong with a local stack, said in one line with its remedy."""


class StackError(Exception):
    """The stack cannot start or go on: what is wrong, and the setting or command that mends it."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(f"{what}: {mend}" if mend else what)
        self.what = what
        self.mend = mend


class BinaryMissing(StackError):
    """A server's program was not found, or cannot be used."""


class PortTaken(StackError):
    """Another program listens on a port that was asked for."""


class PartFailed(StackError):
    """A part ended, or did not become ready in time."""

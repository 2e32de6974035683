"""What can go wrong with a local stack, said in one line with its remedy."""


class StackError(Exception):
    """The stack cannot start or go on. The message names the cause and the setting or command that mends it."""


class BinaryMissing(StackError):
    """A server's program was not found, or cannot be used."""


class PortTaken(StackError):
    """Another program listens on a port that was asked for."""


class PartFailed(StackError):
    """A part ended, or did not become ready in time."""

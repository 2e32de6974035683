"""Ties a child process to its supervisor's life, so that even SIGKILL of the supervisor leaves nobody behind."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child may only call what is already in memory.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tether(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` after which the kernel sends `death_signal` to the child when its parent thread ends.

    Python runs it after the switch of user (which would clear the tie). On systems without prctl it does nothing.
    """
    parent = os.getpid()

    def tie() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return tie

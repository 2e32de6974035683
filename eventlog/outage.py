"""The database's own trouble: it passes, and whatever was asked may be asked again."""

from __future__ import annotations

import asyncpg

LOST: tuple[type[Exception], ...] = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    # What the driver says of itself where a backend dies while it makes or hands out a connection.
    asyncpg.InternalClientError,
)
"""The connection went away: whether a call took effect is unknown, and its command ids make repeating it safe."""

UNREACHABLE: tuple[type[Exception], ...] = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
)
"""Nobody is there, or nobody speaks."""
TROUBLE: tuple[type[Exception], ...] = (*LOST, asyncpg.PostgresError)
"""Anything that the database or the way to it can say."""
PASSING: tuple[type[Exception], ...] = (*LOST, asyncpg.TransactionRollbackError)
"""What is gone when the same is tried again: a lost connection, a lock that two wanted."""

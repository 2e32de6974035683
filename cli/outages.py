"""Why a database cannot be used, and what mends it, in words that hold no password."""

from __future__ import annotations

import socket

import asyncpg

from eventlog.outage import UNREACHABLE


def outage(error: BaseException) -> tuple[str, str] | None:
    """What is wrong with the database, and what mends it; None where the error is about something else."""
    name = type(error).__name__
    match error:
        case asyncpg.ClientConfigurationError():
            return "GOALCYCLE_DATABASE_URL is not an address", "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"the database refuses the account ({name})", "correct GOALCYCLE_DATABASE_URL, name and password"
        case asyncpg.InvalidCatalogNameError():
            return "the server has no such database", "create it, or correct GOALCYCLE_DATABASE_URL"
        case asyncpg.InvalidSchemaNameError() | asyncpg.UndefinedTableError():
            return f"the database lacks this release's tables ({name})", "`goalcycle migrate`"
        case socket.gaierror():
            return "the database's host name is not known", "correct GOALCYCLE_DATABASE_URL, or the network's names"
        case _ if isinstance(error, UNREACHABLE):
            return f"the database does not answer ({name})", "`goalcycle doctor` says more"
    return None

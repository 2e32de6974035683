"""Structured logs: one line an event, on stderr, with ids and never with texts.

`organization`, `stream` and `command_id` are bound by context (`structlog.contextvars.bind_contextvars`), so every line
below names what it is about. Goal text and names are never logged: there is nothing to redact.
"""

import logging
import os
import sys
from typing import Any

import structlog

from eventlog.settings import Settings

# Tracebacks without local variables: those may hold what must stay unsaid.
TRACEBACK = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
QUIET_LIBRARIES = ("httpx", "httpcore", "uvicorn.access", "asyncio")


def configure_logs(settings: Settings, part: str | None = None, *, tells_itself: bool = False) -> None:
    """Sends structlog and the standard library's loggers down one pipe to stderr, as JSON or for the eye.

    `tells_itself`: of a command that says to a person what was refused. Unless a level was asked for, nothing but
    warnings comes beside that.
    """
    asked = "log_level" in settings.model_fields_set or not tells_itself
    level = logging.getLevelNamesMapping()[settings.log_level.upper() if asked else "WARNING"]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    colours = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    render: list[Any] = (
        [structlog.processors.ExceptionRenderer(TRACEBACK), structlog.processors.JSONRenderer(sort_keys=True)]
        if settings.log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    if part is not None:
        structlog.contextvars.bind_contextvars(part=part)

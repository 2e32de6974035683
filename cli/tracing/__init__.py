"""OpenTelemetry traces of what a command sets in motion: request, append, nudge, workflow, duty. Off by default.

Everything here is wrapped around the real parts by the composition root; without GOALCYCLE_TRACING nothing of it is
imported, and no call pays for asking whether it is on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventlog.settings import NotConfigured, Settings

if TYPE_CHECKING:
    from cli.tracing.tracing import Tracing


@contextmanager
def open_tracing(settings: Settings, part: str) -> Iterator[Tracing | None]:
    """What traces this part, or None where tracing is off; on leaving, what was recorded is still sent.

    Where spans go, and how many, is said by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
    `OTEL_TRACES_SAMPLER`, …), read by its SDK.

    Raises:
        NotConfigured: tracing is on, but the extra is not installed.
    """
    if not settings.tracing:
        yield None
        return
    try:
        from cli.tracing.provider import exporting_provider
        from cli.tracing.tracing import Tracing
    except ImportError as error:
        raise NotConfigured(
            f"GOALCYCLE_TRACING is on, but {error.name} is missing: `pip install -e '.[tracing]'` in the clone"
        ) from error
    provider = exporting_provider(part)
    try:
        yield Tracing(provider)
    finally:
        provider.shutdown()

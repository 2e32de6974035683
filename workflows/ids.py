"""Workflow ids: `{kind}:{organization}:{stream}`, both ways."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from activities.signatures import StreamName
from domain.messages import Kind


def workflow_id(name: StreamName) -> str:
    """The one workflow id of a stream."""
    return f"{name.kind}:{name.organization}:{name.stream}"


def stream_name(workflow: str) -> StreamName:
    """The stream of a workflow id. Raises ValueError where it is not one of ours."""
    kind, organization, stream = workflow.split(":")
    return StreamName(organization=UUID(organization), kind=cast("Kind", kind), stream=UUID(stream))

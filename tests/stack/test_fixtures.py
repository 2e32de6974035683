"""The fixtures that everybody relies on: real servers of the right version, and databases apart from each other."""

import asyncpg
from temporalio.api.enums.v1 import NamespaceState
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client


async def test_postgres_is_the_real_one_with_durable_settings(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert int(await connection.fetchval("show server_version_num")) >= 170000
        assert await connection.fetchval("show fsync") == "on"
        assert await connection.fetchval("show full_page_writes") == "on"
        assert await connection.fetchval("show synchronous_commit") == "on"
    finally:
        await connection.close()


async def test_temporal_serves_its_default_namespace(temporal_server: str) -> None:
    # Not "it holds no workflow": the server is shared, and whoever came before may have left theirs.
    client = await Client.connect(temporal_server)
    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert answer.namespace_info.state == NamespaceState.NAMESPACE_STATE_REGISTERED


async def test_databases_are_fresh_copies(database: str, module_database: str) -> None:
    first, second = await asyncpg.connect(database), await asyncpg.connect(module_database)
    try:
        await first.execute("create table only_here (n int)")
        assert await second.fetchval("select to_regclass('only_here')") is None
        assert await first.fetchval("select count(*) from pg_tables where schemaname not in ('pg_catalog')") > 1
    finally:
        await first.close()
        await second.close()

"""The textbook's worker: `python -m bench.textbook.worker ADDRESS`, its database in GOALCYCLE_DATABASE_URL."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import uvloop
from temporalio.client import Client
from temporalio.worker import Worker

from bench.textbook.activities import append_event, open_pool
from bench.textbook.workflow import TASK_QUEUE, PlanEntity


async def main() -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await open_pool(os.environ["GOALCYCLE_DATABASE_URL"])
    client = await Client.connect(sys.argv[1])
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[PlanEntity], activities=[append_event]):
        print(json.dumps({"ready": "textbook"}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(main())

#!/usr/bin/python3
"""An application that opens a connection, closes it and goes on: RATE a second
to ADDRESS PORT, until ended.  Our side closes first."""

import asyncio
import contextlib
import sys


async def connection(address, port):
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        _, writer = await asyncio.wait_for(
            asyncio.open_connection(address, port), 5)
        writer.close()
        await writer.wait_closed()


async def main(address, port, rate):
    tasks = set()
    while True:
        task = asyncio.ensure_future(connection(address, port))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(1 / rate)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))

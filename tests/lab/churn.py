#!/usr/bin/python3
"""An application whose connections are short and many: RATE a second to
ADDRESS PORT, until ended.

Our side closes first; with --served, a page is fetched by TLS and the server
closes first, as HTTP/1.0 has it.
"""

import argparse
import asyncio
import contextlib
import ssl


async def connect_and_close(address, port):
    _, writer = await asyncio.open_connection(address, port)
    writer.close()
    await writer.wait_closed()


async def fetch(address, port):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(address, port, ssl=context)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def one(how, address, port):
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(how(address, port), 5)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--served", action="store_true")
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("rate", type=float)
    args = parser.parse_args()
    how = fetch if args.served else connect_and_close
    tasks = set()
    while True:
        task = asyncio.ensure_future(one(how, args.address, args.port))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(1 / args.rate)


asyncio.run(main())

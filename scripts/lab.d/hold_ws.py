#!/usr/bin/env python3
"""Holds WebSockets: what an application with many sessions does to a NAT.

Says once how many are there, after 2.5 s at the latest.  Lost ones and those
that found no way are tried again each second, for ever.
"""

import argparse
import asyncio
import contextlib
import ssl

import websockets


async def hold(options, context, up):
    while True:
        with contextlib.suppress(
            OSError, asyncio.TimeoutError, websockets.WebSocketException
        ):
            async with websockets.connect(
                options.url,
                ssl=context,
                host=options.address,
                open_timeout=60,
                ping_interval=None,
                compression=None,
            ) as ws:
                up.set()
                await ws.wait_closed()
        await asyncio.sleep(1)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ca", required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("url")
    options = parser.parse_args()
    context = ssl.create_default_context(cafile=options.ca)
    ups = [asyncio.Event() for _ in range(options.number)]
    held = [asyncio.create_task(hold(options, context, up)) for up in ups]
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(
            asyncio.gather(*(up.wait() for up in ups)), 2.5
        )
    print("connected", sum(up.is_set() for up in ups), flush=True)
    await asyncio.gather(*held)


asyncio.run(main())

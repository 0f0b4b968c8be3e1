#!/usr/bin/python3
"""Open a local HTML file in headless Chromium and say what a reader meets.

    browse.py FILE OUT-FOLDER

Loads FILE at several widths, light and dark, and as it is printed; writes
screenshots and a PDF to OUT-FOLDER, and one JSON object to standard output:

    requests   every URL asked for, FILE itself included
    console    messages and exceptions
    views      a list: name, width, overflow (CSS pixels that the page is wider
               than its window), texts, and low, the texts whose contrast with
               what is behind them is below WCAG AA (4.5, or 3 for large ones)
    pdf        bytes of it

Needs Debian's chromium and python3-websockets; talks the DevTools protocol.
"""
import asyncio
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import websockets

VIEWS = [  # name, width, colour scheme
    ("phone-light", 390, "light"),
    ("phone-dark", 390, "dark"),
    ("desk-light", 1400, "light"),
    ("desk-dark", 1400, "dark"),
]

# For every text node that is shown: its colour against the first opaque
# background behind it, by WCAG 2's formula.
CONTRAST = r"""
(() => {
  const parse = c => {
    const m = c.match(/rgba?\(([^)]+)\)/);
    if (!m) return null;
    const p = m[1].split(/[,\/ ]+/).filter(s => s).map(Number);
    return [p[0], p[1], p[2], p.length > 3 ? p[3] : 1];
  };
  const light = c => {
    const f = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]);
  };
  const ratio = (a, b) => {
    const x = light(a), y = light(b);
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c && c[3] === 1) return c;
    }
    return [255, 255, 255, 1];
  };
  const low = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, e = node.parentElement;
    if (!node.data.trim() || e.closest('title, desc, style')) continue;
    if (!e.checkVisibility() || !e.getClientRects().length) continue;
    texts++;
    const style = getComputedStyle(e);
    const ink = parse(e instanceof SVGElement ? style.fill : style.color);
    if (!ink) { low.push([node.data.trim().slice(0, 40), 'no colour']); continue; }
    const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
    const least = size >= 24 || (size >= 18.66 && bold) ? 3 : 4.5;
    const r = ratio(ink, behind(e));
    if (r < least) low.push([node.data.trim().slice(0, 40), Math.round(r * 100) / 100]);
  }
  /* What is drawn, against the page: 3 at least where it carries meaning. */
  const page = behind(document.body);
  for (const name of ['nat', 'direct', 'level', 'mark', 'map3']) {
    const probe = document.createElement('i');
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const r = ratio(parse(getComputedStyle(probe).color), page);
    probe.remove();
    if (r < 3) low.push(['--' + name, Math.round(r * 100) / 100]);
  }
  return {
    texts, low,
    overflow: document.documentElement.scrollWidth - innerWidth,
    height: document.documentElement.scrollHeight,
    scripts: document.scripts.length,
    title: document.title,
    text: document.body.innerText,
  };
})()
"""


class Page:
    """One DevTools session: calls by id, events into lists."""

    def __init__(self, socket):
        self.socket = socket
        self.last = 0
        self.requests = []
        self.console = []
        self.loaded = False

    async def call(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        await self.socket.send(json.dumps(message))
        wanted = self.last
        while True:
            got = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            if got.get("id") == wanted:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got["result"]
            self.event(got)

    def event(self, got):
        method, params = got.get("method"), got.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.console.append(str(params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.console.append(params["exceptionDetails"]["text"])
        elif method == "Log.entryAdded":
            self.console.append(params["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    async def wait_for_load(self):
        while not self.loaded:
            self.event(json.loads(await asyncio.wait_for(self.socket.recv(), 60)))


async def visit(port, path, file, out):
    async with websockets.connect(
        f"ws://127.0.0.1:{port}{path}", max_size=None
    ) as socket:
        page = Page(socket)
        target = await page.call("Target.createTarget", url="about:blank")
        session = (
            await page.call(
                "Target.attachToTarget", targetId=target["targetId"], flatten=True
            )
        )["sessionId"]

        def call(method, **params):
            return page.call(method, session, **params)

        for domain in ("Network", "Runtime", "Log", "Page"):
            await call(domain + ".enable")
        await call("Page.navigate", url=pathlib.Path(file).resolve().as_uri())
        await page.wait_for_load()
        views = []
        for name, width, scheme in VIEWS:
            await call(
                "Emulation.setEmulatedMedia",
                media="screen",
                features=[{"name": "prefers-color-scheme", "value": scheme}],
            )
            await call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=900,
                deviceScaleFactor=1,
                mobile=width < 600,
            )
            got = await call("Runtime.evaluate", expression=CONTRAST, returnByValue=True)
            view = got["result"]["value"]
            view.update(name=name, width=width)
            views.append(view)
            shot = await call(
                "Page.captureScreenshot",
                captureBeyondViewport=True,
                clip={"x": 0, "y": 0, "width": width, "scale": 1,
                      "height": min(view["height"], 8000)},
            )
            with open(os.path.join(out, name + ".png"), "wb") as f:
                f.write(base64.b64decode(shot["data"]))
        await call("Emulation.clearDeviceMetricsOverride")
        await call("Emulation.setEmulatedMedia", media="", features=[])
        pdf = base64.b64decode((await call("Page.printToPDF", preferCSSPageSize=True,
                                           printBackground=False))["data"])
        with open(os.path.join(out, "report.pdf"), "wb") as f:
            f.write(pdf)
        json.dump(
            {"requests": page.requests, "console": page.console, "views": views,
             "pdf": len(pdf)}, sys.stdout, indent=1)


async def wait_for_port(folder, browser):
    """The port and path that the browser wrote down once it listened."""
    name = os.path.join(folder, "DevToolsActivePort")
    for _ in range(600):
        if browser.poll() is not None:
            raise RuntimeError("the browser ended")
        try:
            with open(name, encoding="ascii") as f:
                lines = f.read().split()
            if len(lines) == 2:
                return int(lines[0]), lines[1]
        except FileNotFoundError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("the browser does not listen")


def main():
    file, out = sys.argv[1:]
    folder = tempfile.mkdtemp(prefix="natdiff-browse.")
    # Its sandbox is not to be had everywhere, and the file is the test's own.
    arguments = [
        "chromium", "--no-sandbox", "--headless", "--disable-gpu", "--no-first-run",
        "--disable-dev-shm-usage", "--disable-background-networking",
        "--disable-component-update", "--hide-scrollbars",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank",
    ]
    with open(os.path.join(out, "browser.log"), "wb") as log:
        browser = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env={**os.environ, "HOME": folder}, start_new_session=True)
    try:
        async def go():
            port, path = await wait_for_port(folder, browser)
            await visit(port, path, file, out)
        asyncio.run(go())
    finally:
        try:
            os.killpg(browser.pid, 9)
        except ProcessLookupError:
            pass
        browser.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

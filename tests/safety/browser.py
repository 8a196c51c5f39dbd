"""A real browser that shows pages and tells what they did: Chromium, spoken to over a pipe.

Nothing listens and nothing is sent: pages are handed over inside the protocol, every request of a
page is written down and refused, and what would slip past that ends at a proxy that is not there.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions"),
    *("--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--remote-debugging-pipe"),
)
TABS = 8
PATIENCE = 60
"""Seconds without an answer after which the browser counts as hung."""
HOST = "http://page.example/"
"""Where pages lie, as far as the browser knows; each has a number."""

POKE = """
new Promise(done => {
    const followed = ["http:", "https:", "ftp:", "mailto:", "tel:"];
    const parts = new Set(), leads = [];
    for (const element of document.querySelectorAll("main *")) {
        parts.add(element.localName);
        for (const each of element.attributes) parts.add(element.localName + " " + each.name);
        const address = element.href?.baseVal ?? element.href;
        if (address && !followed.includes(URL.parse(address, document.baseURI)?.protocol)) leads.push(address);
    }
    addEventListener("click", event => {
        const link = event.composedPath().find(node => node !== window && followed.includes(node.protocol));
        if (link && link.href.split("#")[0] !== location.href.split("#")[0]) event.preventDefault();
    });
    const names = ["mouseover", "mouseenter", "mousemove", "pointerover", "pointerenter", "focusin", "wheel", "cut",
                   "copy", "paste", "input", "change", "keydown", "dragstart", "contextmenu", "toggle", "scroll"];
    for (const element of document.querySelectorAll("body, body *")) {
        names.forEach(name => element.dispatchEvent(new Event(name, {bubbles: true, cancelable: true})));
        element.focus?.();
        element.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, view: window}));
    }
    document.querySelectorAll("form").forEach(form => HTMLFormElement.prototype.requestSubmit.call(form));
    setTimeout(() => done([[...parts], leads]), LINGER);
})
"""
"""What a reader may do: touch, focus and click everything. A link to an address that may be followed is not followed,
for where it leads is the reader's choice; one that leads elsewhere is."""


@dataclass
class Deeds:
    """What a page did beyond showing itself."""

    dialogs: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """What it wanted to load: kind (`Image`, `Document`, ...) and address."""
    departures: list[str] = field(default_factory=list)
    """Where it, or a frame in it, wanted to go."""
    windows: list[str] = field(default_factory=list)
    """What it wanted to open."""
    leads: list[str] = field(default_factory=list)
    """Where its links lead that are not to be followed; the browser itself may refuse to go there."""
    parts: set[str] = field(default_factory=set)
    """What is in it: elements, and elements with an attribute, by name. That alone is no deed."""

    def __bool__(self) -> bool:
        return bool(self.dialogs or self.requests or self.departures or self.windows or self.leads)

    def but(self, images: Iterable[str]) -> Deeds:
        """Without the requests for images that are content; addresses as the browser writes them."""
        content = {("Image", address) for address in images}
        requests = [request for request in self.requests if request not in content]
        return Deeds(self.dialogs, requests, self.departures, self.windows, self.leads, self.parts)


def find_browser() -> str | None:
    """The path of the browser, if it is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def show(program: str, profile: Path, pages: Sequence[str], linger: float) -> dict[str, Deeds]:
    """What each page did until ``linger`` seconds after it was touched; ``profile`` is a new empty folder."""
    return asyncio.run(_show(program, profile, pages, linger))


async def _show(program: str, profile: Path, pages: Sequence[str], linger: float) -> dict[str, Deeds]:
    waiting = iter(pages)
    deeds: dict[str, Deeds] = {}

    async def work(tab: Tab) -> None:
        for page in waiting:
            deeds[page] = await tab.show(page, linger)

    async with _connection(program, profile) as connection:
        tabs = [await Tab.open(connection) for _ in range(min(TABS, len(pages)))]
        await asyncio.gather(*map(work, tabs))
    return deeds


class Connection:
    """Commands to the browser and their answers; events go to whoever listens for their session."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.ended = False
        self.listeners: dict[str, Callable[[str, dict[str, Any]], None]] = {}

    def post(self, method: str, session: str | None = None, **parameters: Any) -> asyncio.Future[dict[str, Any]]:
        """Send a command; the future holds its answer, or why the browser refused it."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._write(json.dumps(message).encode() + b"\0")
        return answer

    async def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer to a command; raises `TimeoutError` when the browser gives none, and when it has ended."""
        answer = await asyncio.wait_for(self.post(method, session, **parameters), PATIENCE)
        if self.ended:
            raise RuntimeError(f"the browser ended before it answered {method}; is there memory, a sandbox?")
        return answer

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Hand out what arrives until the browser ends."""
        while True:
            try:
                message = json.loads((await reader.readuntil(b"\0"))[:-1])
            except (asyncio.IncompleteReadError, ConnectionError):
                self.ended = True
                for answer in filter(lambda each: not each.done(), self._answers.values()):
                    answer.set_result({})
                return
            if "id" in message:
                answer = self._answers.pop(message["id"])
                if not answer.done():
                    answer.set_result(message.get("result", message.get("error", {})))
            elif listener := self.listeners.get(message.get("sessionId", "")):
                listener(message["method"], message["params"])


@asynccontextmanager
async def _connection(program: str, profile: Path) -> AsyncIterator[Connection]:
    """A browser of our own, ended by its id when all is done."""
    loop = asyncio.get_running_loop()
    theirs, ours = zip(*(_pipe(), _pipe()[::-1]), strict=True)
    # As root, and in containers, it has no sandbox; the pages are our own.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 or os.environ.get("CI") == "true" else []
    line = [program, *OPTIONS, *sandbox, f"--user-data-dir={profile}", "about:blank"]
    homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(profile))  # it leaves files there, too
    number = _start(line, {**os.environ, **homes}, *theirs)
    reader = asyncio.StreamReader(limit=64_000_000)
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours[1], "rb"))
    outgoing, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(ours[0], "wb"))
    connection = Connection(outgoing.write)
    listening = asyncio.create_task(connection.listen(reader))
    ended = asyncio.create_task(asyncio.to_thread(os.waitpid, number, 0))
    try:
        yield connection
        connection.post("Browser.close")
        await asyncio.wait({ended}, timeout=PATIENCE)
    finally:
        await asyncio.wait({ended}, timeout=1)
        if not ended.done():
            os.kill(number, signal.SIGKILL)
        await ended
        await listening
        incoming.close()
        outgoing.close()


def _pipe() -> tuple[int, int]:
    """A pipe, far from the descriptors that the browser reads from and writes to."""
    ends = os.pipe()
    far = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return far[0], far[1]


def _start(line: list[str], environment: Mapping[str, str], source: int, sink: int) -> int:
    """Start a program that reads from descriptor 3 and writes to 4; closes both here and returns the process id."""
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    moved = [(os.POSIX_SPAWN_DUP2, source, 3), (os.POSIX_SPAWN_DUP2, sink, 4)]
    number = os.posix_spawn(line[0], line, environment, file_actions=[*quiet, *moved])
    os.close(source)
    os.close(sink)
    return number


class Tab:
    """A tab that shows one page after the other."""

    def __init__(self, connection: Connection, session: str) -> None:
        self.connection = connection
        self.session = session
        self.pages: dict[str, tuple[str, Deeds]] = {}
        """Pages by their addresses, and what they did."""
        self.address = ""
        """Of the page that is shown."""
        self.loaded = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, connection: Connection) -> Tab:
        """A new tab in which everything is watched, frames in processes of their own included."""
        target = (await connection.ask("Target.createTarget", url="about:blank"))["targetId"]
        answer = await connection.ask("Target.attachToTarget", targetId=target, flatten=True)
        tab = cls(connection, answer["sessionId"])
        await tab.watch(tab.session)
        return tab

    async def watch(self, session: str) -> None:
        """Hear of everything that a session does."""
        post = self.connection.post
        self.connection.listeners[session] = lambda method, event: self.on(session, method, event)
        post("Page.enable", session)
        post("Fetch.enable", session, patterns=[{"urlPattern": "*"}])
        post("Emulation.setFocusEmulationEnabled", session, enabled=True)  # else timers sleep and nothing has the focus
        post("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        await self.connection.ask("Runtime.runIfWaitingForDebugger", session)

    async def show(self, page: str, linger: float) -> Deeds:
        """Show a page, do what a reader may do, and return what it did."""
        await self.connection.ask("Page.stopLoading", self.session)  # else the last page may still take us elsewhere
        self.address = f"{HOST}{len(self.pages)}"
        deeds = Deeds()
        self.pages[self.address] = page, deeds
        self.loaded.clear()
        await self.connection.ask("Page.navigate", self.session, url=self.address)
        await asyncio.wait_for(self.loaded.wait(), PATIENCE)
        poke = POKE.replace("LINGER", str(round(linger * 1000)))
        answer = await self.connection.ask(
            "Runtime.evaluate", self.session, expression=poke, awaitPromise=True, returnByValue=True, userGesture=True
        )
        parts, leads = answer.get("result", {}).get("value", (None, None))
        if parts is not None:
            deeds.parts.update(parts)
            deeds.leads.extend(leads)
        elif not deeds:  # a page that went away cannot be touched, but that it went is a deed
            raise RuntimeError(f"the browser did not touch {page!r}: {answer}")
        return deeds

    def on(self, session: str, method: str, event: dict[str, Any]) -> None:
        """What the browser tells of a session."""
        _, deeds = self.pages.get(self.address, ("", Deeds()))
        if method == "Fetch.requestPaused":
            self.request(session, event)
        elif method == "Page.javascriptDialogOpening":
            deeds.dialogs.append(f"{event['type']}: {event['message']}")
            self.connection.post("Page.handleJavaScriptDialog", session, accept=False)
        elif method == "Page.loadEventFired" and session == self.session:
            self.loaded.set()
        elif method == "Page.frameRequestedNavigation":
            deeds.departures.append(event["url"])
        elif method == "Page.windowOpen":
            deeds.windows.append(event["url"])
        elif method == "Target.attachedToTarget":
            task = asyncio.get_running_loop().create_task(self.watch(event["sessionId"]))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def request(self, session: str, event: dict[str, Any]) -> None:
        """The page itself is answered; everything else is written down and refused."""
        kind, address, number = event["resourceType"], event["request"]["url"], event["requestId"]
        if kind == "Document" and address in self.pages:
            body = base64.b64encode(self.pages[address][0].encode()).decode()
            # With this policy every request says which page it is of, however late it comes.
            headers = {"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "unsafe-url"}
            listed = [{"name": name, "value": value} for name, value in headers.items()]
            self.connection.post(
                "Fetch.fulfillRequest", session, requestId=number, responseCode=200, responseHeaders=listed, body=body
            )
            return
        referrer = event["request"]["headers"].get("Referer", self.address)
        _, deeds = self.pages.get(referrer, self.pages[self.address])
        deeds.requests.append((kind, address))
        self.connection.post("Fetch.failRequest", session, requestId=number, errorReason="BlockedByClient")

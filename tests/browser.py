"""Chromium, driven over its own protocol: pages as people get them, cookies, policies and redirects included."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect

from tests.foreign import Node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.sync.client import ClientConnection

_SECONDS = 60


class Browser:
    """One tab."""

    def __init__(self, opened: ClientConnection) -> None:
        self._opened = opened
        self._numbers = itertools.count(1)
        self._session = ""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def go(self, address: str) -> None:
        """Type an address."""
        self._ask("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """What a script says of the page as it is now."""
        said = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        return said["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until what a script says of the page is true."""
        deadline = time.monotonic() + _SECONDS
        while not self.run(f"document.readyState == 'complete' && !!({script})"):
            assert time.monotonic() < deadline, (script, self.run("location.href"), self.run("document.body.innerText"))
            time.sleep(0.02)

    def fill(self, **said: str) -> None:
        """Fill in fields by their ids."""
        for name, value in said.items():
            self.until(f"document.getElementById({json.dumps(name)})")
            self.run(f"document.getElementById({json.dumps(name)}).value = {json.dumps(value)}")

    def press(self, label: str) -> None:
        """Press the button, or tick the box, that is called so."""
        named = f"[...document.querySelectorAll('button,label')].find(e => e.innerText.trim() == {json.dumps(label)})"
        self.until(named)
        self.run(f"{named}.click()")

    def _ask(self, method: str, **said: Any) -> Any:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        self._opened.send(json.dumps({"id": number, "method": method, "params": said, **session}))
        while True:
            heard = json.loads(self._opened.recv(_SECONDS))
            if heard.get("id") == number:
                # A page that is about to be left has nothing to say: asked again, the next one has.
                return heard.get("result", {"result": {}})


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser that knows nobody, ended with the block."""
    words = [_program(folder), "--headless=new", "--no-sandbox", "--disable-gpu"]
    words += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "--no-first-run", "about:blank"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = next(line for line in process.stderr if line.startswith("DevTools listening on "))
            with connect(said.split()[-1], max_size=None) as opened:
                yield Browser(opened)
        finally:
            process.terminate()
            process.communicate(timeout=_SECONDS)


def _program(folder: Path) -> str:
    """The machine's Chromium, or else the one of npm."""
    found = shutil.which("chromium")
    if found is None:
        scripts = folder / "scripts"
        scripts.mkdir()
        found = str(Node(scripts).run("chromium.mjs"))
    return found

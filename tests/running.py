"""A whole twin as a user starts it: a process of its own, on free ports, stopped by its process id."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60
_STOP_SECONDS = 20


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command of the command line, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "twin", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env={**os.environ, **environment},
    )


def done(*words: str | Path, **environment: str) -> Any:
    """The JSON that a command prints; it must succeed."""
    result = run(*words, "--json", **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


@dataclass
class Running:
    """A demo that answers: the facts it printed, and how to ask it."""

    process: subprocess.Popen[str]
    data: Path
    facts: dict[str, str]

    @property
    def mqtt(self) -> tuple[str, int]:
        host, _, port = self.facts["mqtt"].removeprefix("mqtt://").rpartition(":")
        return host, int(port)

    def token(self, scope: str | None = None) -> str:
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        pair = f"{self.facts['client_id']}:{self.facts['client_secret']}"
        basic = base64.b64encode(pair.encode()).decode()
        answer = self.http("POST", f"{self.facts['issuer']}/oauth/token", form=form, authorization=f"Basic {basic}")
        return str(answer["access_token"])

    def graphql(self, query: str, token: str | None = None, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        return self.http("POST", self.facts["graphql"], body, authorization=f"Bearer {token or self.token()}")

    def get(self, path: str, token: str | None = None) -> Any:
        return self.http("GET", f"{self.facts['rest']}{path}", authorization=f"Bearer {token or self.token()}")

    def counters(self) -> dict[str, int]:
        """Messages and readings by their fate, as /metrics has them."""
        found = dict(line.rsplit(" ", 1) for line in self.text("/metrics").splitlines() if not line.startswith("#"))
        fates = {
            name.split('"')[1]: int(float(value))
            for name, value in found.items()
            if name.startswith(("twin_messages_total{", "twin_readings_total{"))
        }
        readings = sum(fates[fate] for fate in ("applied", "late", "duplicate", "quarantined", "dead"))
        return {**fates, "readings": readings, "pending": int(float(found["twin_messages_pending"]))}

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.facts['issuer']}{path}", timeout=30) as response:
            return str(response.read().decode())

    def http(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        form: dict[str, str] | None = None,
        authorization: str = "",
    ) -> Any:
        headers = {"Authorization": authorization} if authorization else {}
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
        elif body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())

    def settled(self, messages: int, seconds: float = 60) -> dict[str, int]:
        """The counters once this many messages have been received and nothing is pending."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            counters = self.counters()
            if counters["received"] >= messages and counters["pending"] == 0:
                return counters
            time.sleep(0.05)
        message = f"still {self.counters()} after {seconds} s"
        raise AssertionError(message)

    def received(self, messages: int, seconds: float = 60) -> None:
        """Wait until this many messages have been received."""
        until = time.monotonic() + seconds
        while self.counters()["received"] < messages:
            assert time.monotonic() < until, self.counters()
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.communicate(timeout=_STOP_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to stop: its exit code, and what it said on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=_STOP_SECONDS)
        return self.process.returncode, said


def start(data: Path, *words: str, command: str = "demo", python: str = sys.executable, cwd: Path = ROOT) -> Running:
    """Start a demo on free ports and wait until it has printed what it prints once ready."""
    ports = ["--port", "0", "--mqtt-port", "0"]
    process = subprocess.Popen(
        [python, "-m", "twin", command, "--json", "--data", str(data), *ports, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        _, said = process.communicate(timeout=_STOP_SECONDS)
        message = f"it ended with {process.returncode}: {said}"
        raise AssertionError(message)
    return Running(process, data, json.loads(line))


@contextmanager
def running(data: Path, *words: str) -> Iterator[Running]:
    """A demo that answers, for as long as the block lasts; it must stop cleanly."""
    twin = start(data, *words)
    try:
        yield twin
    finally:
        code, said = twin.stop()
    assert code == 0, said
    assert "Traceback" not in said, said

"""`twin replay`: measured series through the front door, with a progress bar."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from twin.engine.library import read_source
from twin.errors import InvalidValue, NotFound
from twin.ids import mint
from twin.mqtt.client import Client
from twin.telemetry.replay import disorder, messages
from twin.times import rfc3339
from twin.topology.series import read_series

if TYPE_CHECKING:
    from pathlib import Path

    from twin.cli.credentials import Access
    from twin.cli.output import Output
    from twin.telemetry.replay import Message

__all__ = ["Replay"]

_SECOND = 1_000_000


class Replay:
    """One folder of series, sent once.

    Raises:
        AuthoringError: the map is wrong. InvalidValue: it, or a series it names, cannot be read.
    """

    def __init__(self, access: Access, directory: Path, map_: Path, site: str | None, output: Output) -> None:
        source = read_source(map_)
        output.sources[source.file] = source
        found = read_series(source)
        self.access = access
        self.site = site or found.site
        try:
            self.messages = list(
                messages(directory, {name: (each.device, each.point) for name, each in found.series.items()})
            )
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidValue(
                f"a series of {map_} in {directory} cannot be read: {error}",
                code="series.unreadable",
                help="DIR is the folder that holds the files named in the map",
            ) from error
        self.output = output

    async def run(self, pace: float | None, seed: int | None) -> dict[str, Any]:
        """Send it all and wait until it is acknowledged; what was sent and what became of it."""
        ordered = self.messages if seed is None else disorder(self.messages, seed)
        topics = await asyncio.to_thread(self._topics)
        client = Client(self.access.host, self.access.port, f"twin-replay-{mint()}", self.access.token)
        started = time.monotonic()
        async with client:
            await self._send(client, ordered, topics, pace)
            await client.drain()
        tally = client.tally
        return {
            "messages": len(ordered),
            "readings": sum(message.readings for message in ordered),
            "acknowledged": tally.acknowledged,
            "refused": tally.refused,
            "resent": tally.resent,
            "seconds": time.monotonic() - started,
        }

    async def _send(self, client: Client, ordered: list[Message], topics: dict[str, str], pace: float | None) -> None:
        first, began = ordered[0].time if ordered else 0, time.monotonic()
        with self._progress() as progress:
            task = progress.add_task("replay", total=len(ordered), at="")
            for number, message in enumerate(ordered):
                if pace is not None:
                    due = began + (message.time - first) / _SECOND / pace
                    await asyncio.sleep(max(due - time.monotonic(), 0))
                await client.publish(topics[message.device], message.payload)
                if number % 256 == 0:
                    progress.update(task, completed=number, at=rfc3339(message.time)[:10])
            progress.update(task, completed=len(ordered))

    def _progress(self) -> Progress:
        """A bar on a terminal, nothing elsewhere."""
        shown = sys.stderr.isatty() and not self.output.json
        columns = [TextColumn("{task.fields[at]}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        return Progress(*columns, console=Console(stderr=True), disable=not shown)

    def _topics(self) -> dict[str, str]:
        """The topic of each device of the map, by its path."""
        paths = {message.device for message in self.messages}
        ids = {}
        for path in sorted(paths):
            found = self.access.get("/api/v1/devices", ref=f"{self.site}/{path}")["items"]
            if not found:
                raise NotFound(
                    f"{self.access.server} knows no device {self.site}/{path}",
                    ref=path,
                    help="is the topology applied, and may the client see the site? Name another with --site",
                )
            ids[path] = found[0]["id"]
        return {path: f"r/{self.site}/d/{device}/events/pointset" for path, device in ids.items()}

"""`twin simulate`, and the demo's gateway: an ordinary MQTT client that pretends to be every device of a site."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from twin.errors import Forbidden
from twin.ids import mint
from twin.mqtt.client import Client
from twin.telemetry.simulation import pointset
from twin.times import now

if TYPE_CHECKING:
    from twin.cli.credentials import Access
    from twin.engine import Twin

__all__ = ["simulate"]


async def simulate(twin: Twin, site: str, access: Access, every: float) -> None:
    """Publish every point of every device of a site (its key), now and every so many seconds, until cancelled.

    Raises:
        Unauthenticated, Forbidden: the twin refuses the client, or its messages for this site.
        NotFound: the site is gone. BackendError: nobody listens.
    """
    async with Client(access.host, access.port, f"twin-simulator-{mint()}", access.token) as client:
        while True:
            due = time.monotonic() + every
            twin.refresh()
            for topic, payload in _messages(twin, site, now() // 1000 * 1000):
                await client.publish(topic, payload)
            await client.drain()
            if client.tally.refused:
                raise Forbidden(
                    f"{access.host}:{access.port} refuses what this client sends for {site}",
                    code="telemetry.refused",
                    help="the client needs the site: twin client add NAME --scope telemetry:write --site KEY",
                )
            await asyncio.sleep(max(due - time.monotonic(), 0))


def _messages(twin: Twin, site: str, now: int) -> list[tuple[str, bytes]]:
    devices = twin.devices(under=site)
    return [
        (
            f"r/{site}/d/{device.id}/events/pointset",
            pointset(device, twin.ontology.of(device.site).types[device.type], now),
        )
        for device in devices
        if device.points
    ]

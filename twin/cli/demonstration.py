"""`twin demo`: an example building, a gateway that reports, an app that asks; all of it through the front doors."""

from __future__ import annotations

import asyncio
import os
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from twin.access.clients import Clients
from twin.cli.credentials import Access
from twin.cli.simulator import simulate as simulate_building
from twin.engine import Twin
from twin.engine.home import Home
from twin.engine.library import shipped
from twin.errors import NotFound, Unauthenticated
from twin.records import Records

if TYPE_CHECKING:
    from pathlib import Path

    from twin.cli.output import Output
    from twin.engine import Engine
    from twin.settings import Settings

__all__ = ["QUERY", "SITE", "Demonstration"]

SITE = "flat"
APP, GATEWAY = "demo-app", "demo-gateway"
QUERY = (
    '{ entity(ref: "flat/kitchen") { title '
    "... on Kitchen { temperature { value unit time quality } humidity { value unit time } } "
    "... on Space { devices(type: RadiatorValve) { nodes { title "
    "... on RadiatorValve { temperature { value unit time } setpoint { reported { value unit time } } } } } } } }"
)
_EVERY_SECONDS = 5.0
_FIRST_READINGS_SECONDS = 10.0
_ASK_SECONDS = 10


class Demonstration:
    """One run of the demo over a data directory that it keeps."""

    def __init__(self, settings: Settings, output: Output, *, simulate: bool) -> None:
        self._settings = settings
        self._output = output
        self._simulate = simulate
        self._twin: Twin | None = None
        self._gateway: asyncio.Task[None] | None = None
        self._secrets: dict[str, str] = {}

    def prepare(self) -> None:
        """The building and its two clients, made unless they are there."""
        home = Home(self._settings.data)
        self._twin = twin = Twin(
            self._settings.data, graph=self._settings.graph, ontology_path=self._settings.ontology_path
        )
        made = twin.plan(shipped("examples") / "flat.yaml", site=SITE)
        if not made.deletes:
            twin.apply(made)
        self._secrets = _kept(home.demo)
        records = Records(home.records)
        try:
            clients, site = Clients(records), twin.find(SITE).id
            self._client(clients, APP, ["twin:read", "twin:read-private", "twin:write", "telemetry:write"], site)
            self._client(clients, GATEWAY, ["telemetry:write"], site)
        finally:
            records.close()
        _keep(home.demo, self._secrets)

    def _client(self, clients: Clients, name: str, scopes: list[str], site: str) -> None:
        """A client whose secret we know: the one of the last run, or else a new one."""
        with suppress(Unauthenticated):
            held = clients.authenticate(self._secrets.get(f"{name}-id", ""), self._secrets.get(name, ""))
            if held.sites == frozenset({site}) and held.scopes == frozenset(scopes):
                return
        with suppress(NotFound):
            clients.remove(name)
        client_id, secret = clients.add(name, scopes, [site])
        self._secrets |= {f"{name}-id": client_id, name: secret}

    def _access(self, engine: Engine, name: str) -> Access:
        return Access(
            engine.url, self._settings.mqtt_host, engine.mqtt_port, self._secrets[f"{name}-id"], self._secrets[name]
        )

    async def begin(self, engine: Engine) -> None:
        """Start the gateway, wait until it has reported, ask the API, and say how to go on."""
        if self._simulate and self._twin is not None:
            gateway = simulate_building(self._twin, SITE, self._access(engine, GATEWAY), _EVERY_SECONDS)
            self._gateway = asyncio.create_task(gateway)
            await self._first_readings(engine)
            self._gateway.add_done_callback(self._gateway_ended)
        app = self._access(engine, APP)
        token = await app.token()
        facts = {
            "graphql": f"{engine.url}/graphql",
            "rest": f"{engine.url}/api/v1",
            "mqtt": engine.mqtt_url,
            "issuer": engine.url,
            "client_id": app.client_id,
            "client_secret": app.secret,
            "token": token,
            "query": QUERY,
            "site": SITE,
        }
        _keep(Home(self._settings.data).demo, {**self._secrets, **{k: v for k, v in facts.items() if k != "token"}})
        answer = await asyncio.to_thread(_ask, facts["graphql"], token)
        self._output.result(facts, "" if self._output.json else _welcome(facts, answer, self._settings.data))

    async def _first_readings(self, engine: Engine) -> None:
        """Until something was applied since the start, or the gateway has failed (then its error is ours)."""
        before = engine.counters.now()["applied"]
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_READINGS_SECONDS):
                while engine.counters.now()["applied"] == before:
                    if self._gateway is not None and self._gateway.done():
                        await self._gateway
                    await asyncio.sleep(0.05)

    def _gateway_ended(self, gateway: asyncio.Task[None]) -> None:
        error = None if gateway.cancelled() else gateway.exception()
        if error is not None:
            self._output.note(f"The gateway reports no more: {error}")

    async def end(self) -> None:
        """Stop the gateway."""
        if self._gateway is not None:
            self._gateway.cancel()
            await asyncio.wait({self._gateway})
        if self._twin is not None:
            self._twin.close()


def _ask(url: str, token: str) -> Any:
    body = orjson.dumps({"query": QUERY})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own http URL
    with urllib.request.urlopen(request, timeout=_ASK_SECONDS) as response:  # noqa: S310 - as above
        return orjson.loads(response.read())


def _welcome(facts: dict[str, str], answer: Any, data: Path) -> str:
    shown = orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode()
    return f"""
A flat is live. Its gateway reports over MQTT every {_EVERY_SECONDS:.0f} seconds.

GraphQL  {facts["graphql"]}
REST     {facts["rest"]}      (documentation: {facts["issuer"]}/docs)
MQTT     {facts["mqtt"]}
data     {data}

A token (10 minutes):
  curl -s -u {facts["client_id"]}:{facts["client_secret"]} \\
    -d grant_type=client_credentials {facts["issuer"]}/oauth/token

This one works now:
  TOKEN={facts["token"]}

A query:
  curl -s {facts["graphql"]} -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' -d '{orjson.dumps({"query": facts["query"]}).decode()}'

Its answer now:
{shown}

Ctrl-C stops it; the next run goes on with the same data.
"""


def _kept(file: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _keep(file: Path, facts: dict[str, str]) -> None:
    """Write it for its owner only: it holds the demo's secrets."""
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    draft.replace(file)

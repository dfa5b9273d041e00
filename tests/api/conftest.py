"""The web of a small building, served over a real socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
import pytest
import uvicorn
import uvloop

from api.app import create_app
from tests.api.building import Double
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")


class Served:
    """An app on a free port, on a loop in a thread of its own."""

    def __init__(self, engine: Double) -> None:
        self.engine = engine
        self.app = create_app(engine)
        config = uvicorn.Config(self.app, host="127.0.0.1", port=0, log_level="critical", ws="websockets-sansio")
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()))
        self._thread.start()
        self._ready.wait(10)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await self.engine.authoring.close()

    def on_loop(self, act: Callable[[], T]) -> T:
        """Run something where the engine's state may be touched."""

        async def acted() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(10)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="session")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    engine = Double(tmp_path_factory.mktemp("engine"))
    served = Served(engine)
    yield served
    served.close()
    engine.records.close()


@pytest.fixture
def served(_served: Served) -> Served:
    """The web of the building; what a test changes, others must not mind."""
    return _served


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A web of its own, for a test that breaks things."""
    engine = Double(tmp_path)
    served = Served(engine)
    yield served
    served.close()
    engine.records.close()


def token(served: Served, scope: str = "twin:read twin:write", sites: tuple[str, ...] | None = ("hugo",)) -> str:
    """A token of a client registered just now; ``sites`` by key."""
    engine = served.engine
    scopes = frozenset(scope.split())
    ids = None if sites is None else frozenset(map(engine.id, sites))
    name = f"{scope} {sites}"
    known = {client.name: client.client_id for client in engine.clients.list()}
    client_id = known.get(name) or engine.clients.add(name, scopes, ids)[0]
    generation = engine.clients.current(client_id) or 0
    return engine.tokens.issue(client_id, scopes=scopes, sites=ids, generation=generation, now=now()).token


@pytest.fixture
def issue(served: Served) -> Callable[..., str]:
    """Makes tokens: issue(scope, sites)."""

    def issued(*arguments: Any) -> str:
        return token(served, *arguments)

    return issued


@pytest.fixture
def anyone(served: Served) -> Iterator[httpx2.Client]:
    """A client without a token."""
    with httpx2.Client(base_url=served.url) as client:
        yield client


@pytest.fixture
def app(served: Served) -> Iterator[httpx2.Client]:
    """An app that may read and write in hugo, and knows nothing of zola."""
    with httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {token(served)}"}) as client:
        yield client

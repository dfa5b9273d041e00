"""Commands of operators: serve, demo, schema. The one door between the engine and the web."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.options import Json, OntologyPath
from twin.cli.output import Output
from twin.errors import AuthoringError, BackendError, InvalidValue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from twin.engine import Engine
    from twin.settings import Settings

__all__ = ["demo", "schema", "serve", "serving"]

Port = Annotated[int | None, typer.Option("--port", help="Port of the API; 0 takes a free one.", show_default="8080")]
MqttPort = Annotated[
    int | None, typer.Option("--mqtt-port", help="Port of the MQTT endpoint; 0 takes a free one.", show_default="1883")
]
DataDirectory = Annotated[Path | None, typer.Option("--data", help="Directory of the twin.", show_default="twin-data")]
Graph = Annotated[
    str | None,
    typer.Option(
        "--graph",
        metavar="URL",
        help="Where the graph is kept: neo4j://user@host/database, neo4j (one of the twin's own), sqlite:///file.",
        show_default="where it was the last time",
    ),
]
_ROLES = {
    "owner": "Owner of the twin: devices report to this process.",
    "follower": "Follower: devices report to another process, whose place this one takes when it is gone.",
}
Loading = Callable[[], AbstractContextManager[Callable[[int, int], None] | None]]
"""What shows how far the loading of a graph is, while it lasts."""
_GOODBYE_SECONDS = 3
_SWITCH_SECONDS = 0.001


def serve(
    data: DataDirectory = None,
    graph: Graph = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Port = None,
    mqtt_port: MqttPort = None,
    public_url: Annotated[str | None, typer.Option(help="URL that clients reach the API by.")] = None,
    *,
    adopt: Annotated[bool, typer.Option("--adopt", help="Take a graph over whose own data directory is lost.")] = False,
    json: Json = False,
) -> None:
    """Serve a twin, until stopped: the API, and the MQTT endpoint unless another process of the twin has it already.

    Started again beside the first (with a --port of its own), it follows that one, and takes its place when it is gone.
    """
    output = Output(json=json)
    listen = {"host": host, "mqtt_host": host, "port": port, "mqtt_port": mqtt_port, "public_url": public_url}
    settings = _settings(data=data, graph=graph, **listen)

    async def ready(engine: Engine) -> None:
        output.result(
            {
                "graphql": f"{engine.url}/graphql",
                "rest": f"{engine.url}/api/v1",
                "mqtt": engine.mqtt_url,
                "issuer": engine.url,
                "role": engine.role,
            },
            f"GraphQL {engine.url}/graphql\nREST    {engine.url}/api/v1\nMQTT    {engine.mqtt_url or 'not known yet'}\n"
            f"{_ROLES[engine.role]}\nCtrl-C stops it.",
        )

    with _graph_running(settings, output):
        _run(settings, ready, loading=partial(output.progress, "Loading the graph"), follow=True, adopt=adopt)


def demo(
    data: DataDirectory = None,
    graph: Graph = None,
    port: Port = None,
    mqtt_port: MqttPort = None,
    *,
    simulate: Annotated[bool, typer.Option(help="Have the building's gateway report.")] = True,
    json: Json = False,
) -> None:
    """Bring a building to life: a flat, its gateway reporting over MQTT, the API answering for it."""
    from twin.cli.demonstration import Demonstration

    settings, output = _settings(data=data, graph=graph, port=port, mqtt_port=mqtt_port), Output(json=json)
    show = Demonstration(settings, output, simulate=simulate)
    with _graph_running(settings, output):
        show.prepare()
        _run(settings, show.begin, show.end)


def schema(
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the files of this checkout anew.")] = False,
    graphql: Annotated[bool, typer.Option("--graphql", help="Print the GraphQL schema.")] = False,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the OpenAPI document.")] = False,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="Print the AsyncAPI document.")] = False,
    json_schema: Annotated[bool, typer.Option("--json-schema", help="Print the JSON Schema of the YAML.")] = False,
    ontology: Annotated[
        list[Path],
        typer.Option("--ontology", metavar="FILE", help="Print the JSON Schema of topologies that use these types."),
    ] = [],
    ontology_path: OntologyPath = [],
) -> None:
    """Print what is public: schemas of the API, of the messages and of the YAML, for the shipped ontologies."""
    if ontology:
        typer.echo(_completing(ontology, ontology_path), nl=False)
        return
    from api.app import documents
    from twin.engine.documents import shipped_ontology
    from twin.topology.schema import yaml_schemas

    found_documents = {**yaml_schemas(), **documents(shipped_ontology())}
    if write:
        for path, text in found_documents.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text, encoding="utf-8")
        return
    wanted = {"graphql": graphql, "openapi": openapi, "asyncapi": asyncapi, ".schema.json": json_schema}
    found = [text for path, text in found_documents.items() if any(on and word in path for word, on in wanted.items())]
    if not found:
        raise InvalidValue(
            "which schema?", code="schema.unknown", help="--graphql, --openapi, --asyncapi or --json-schema"
        )
    typer.echo("\n".join(found), nl=False)


def _completing(files: list[Path], ontology_path: list[Path]) -> str:
    """The schema by which an editor completes the types of some ontologies."""
    from twin.engine.documents import ontology_of_files
    from twin.topology.completion import topology_schema

    output = Output(json=False)
    try:
        found = ontology_of_files(files, tuple(ontology_path), output.sources.update)
    except AuthoringError as error:
        output.fail(error)
    return f"{json.dumps(topology_schema(found), indent=1, ensure_ascii=False)}\n"


@contextmanager
def _graph_running(settings: Settings, output: Output) -> Iterator[None]:
    """With the twin's own Neo4j, where its graph is kept in that: started before, unless it runs, and stopped after,
    unless somebody else uses it.
    """
    from twin.engine.home import Home
    from twin.store.location import LOCAL, local_server

    if Home(settings.data).graph_url(settings.graph) != LOCAL:
        yield
        return
    output.note("Starting Neo4j …")
    server = local_server(settings.data)
    server.hold()
    try:
        yield
    finally:
        server.release()


def _settings(**flags: Any) -> Settings:
    from pydantic import ValidationError

    from twin.settings import Settings

    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InvalidValue(
            f"the setting {name}: {first['msg'].lower()}",
            code="setting.invalid",
            help=f"correct --{name.replace('_', '-')} or TWIN_{name.upper()}",
        ) from None


def _run(
    settings: Settings,
    ready: Callable[[Engine], Awaitable[None]],
    end: Callable[[], Awaitable[None]] | None = None,
    *,
    loading: Loading = nullcontext,
    follow: bool = False,
    adopt: bool = False,
) -> None:
    import uvloop

    from twin.observe import configure

    configure(settings.log_level)
    # After each sync the journal's thread needs the interpreter for microseconds. By default a busy loop lets it wait
    # for 5 ms, and everyone's acknowledgements with it.
    sys.setswitchinterval(_SWITCH_SECONDS)

    async def run_once(stop: asyncio.Event) -> bool:
        """Whether to begin again: a backup was put in the place of what was served."""
        async with serving(settings, loading=loading, follow=follow, adopt=adopt) as engine:
            starting = asyncio.ensure_future(ready(engine))
            stopping = asyncio.ensure_future(_first(stop, engine.restored))
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stopping
            else:
                starting.cancel()
                with suppress(asyncio.CancelledError):
                    await starting
            if end is not None:
                await end()
        return not stop.is_set()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        while await run_once(stop):
            pass

    uvloop.run(run())


async def _first(*events: asyncio.Event) -> None:
    """Return once one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


@asynccontextmanager
async def serving(
    settings: Settings, *, loading: Loading = nullcontext, follow: bool = False, adopt: bool = False
) -> AsyncIterator[Engine]:
    """A whole twin on the running loop: engine, API and MQTT; stopped in the reverse order. `Engine` says what
    ``follow`` and ``adopt`` mean; what ``loading`` gives is told how far it is, while it starts.

    Raises:
        BackendError: a port is taken, the directory cannot be used. Conflict: another process serves it.
    """
    from api.app import create_app
    from twin.engine import Engine

    listening = _listen(settings)
    try:
        url = settings.public_url.rstrip("/") or _url(settings.host, listening)
        engine = Engine(settings, url, listening.getsockname()[1], follow=follow, adopt=adopt)
        with loading() as progress:
            await engine.start(progress)
        try:
            async with _web(create_app(engine), listening):
                try:
                    yield engine
                finally:
                    engine.readings.interrupt("this process of the twin is stopping")
        finally:
            await engine.stop()
    finally:
        listening.close()


@asynccontextmanager
async def _web(app: Any, listening: socket.socket) -> AsyncIterator[None]:
    """An app served on a socket. Signals are the caller's business, not the web server's."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    started = asyncio.Event()
    server = Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=_GOODBYE_SECONDS,
            server_header=False,
        )
    )
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    waiting = asyncio.ensure_future(started.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        waiting.cancel()
        server.should_exit = True
        await task


def _listen(settings: Settings) -> socket.socket:
    """A listening socket, taken before anything else is started."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise BackendError(
            f"the API cannot listen on {host}:{port}: {error.strerror}",
            code="port.taken",
            help=_instead(settings),
        ) from error
    listening.setblocking(False)
    return listening


def _instead(settings: Settings) -> str:
    """What to do where the port of the API is taken: often by the same twin."""
    from twin.engine.lease import Lease

    owner = Lease(settings.data).owner()
    if owner is not None and owner.port == settings.port:
        return (
            f"this twin is served there by process {owner.pid}: give a process that is to follow it another port with "
            "--port (0 takes a free one)"
        )
    return "stop what listens there, or choose another with --port (0 takes a free one)"


def _url(host: str, listening: socket.socket) -> str:
    name = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared with, not bound to
    return f"http://{name}:{listening.getsockname()[1]}"

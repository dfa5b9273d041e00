"""GraphQL: 1,000 entities with five fields each, ours against stock Strawberry resolvers over the same entities."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import strawberry
from strawberry.extensions import ParserCache, ValidationCache

from api.graphql.context import Context
from api.graphql.schema import schema_of
from tests.bench.report import in_turn
from twin.access.principals import SCOPES, Principal
from twin.engine import Engine, Twin
from twin.graph.model import Entity
from twin.settings import Settings
from twin.source import Source

if TYPE_CHECKING:
    from tests.bench.report import Report

QUERY = "{ devices(first: 1000) { nodes { id key path type revision } } }"
THOUSAND = """
topology: thousand
version: 1.0.0
uses: { connected-home: ^1.0 }
site: { type: Residence }
devices:
  "sensor-${n}": { each: { n: 1..1000 }, type: ClimateSensor }
"""


@strawberry.type
class Device:
    """What stock Strawberry makes of an entity: a resolver a field."""

    entity: strawberry.Private[Entity]

    @strawberry.field
    def id(self) -> strawberry.ID:
        """Of the entity."""
        return strawberry.ID(self.entity.id)

    @strawberry.field
    def key(self) -> str:
        """Of the entity."""
        return self.entity.key

    @strawberry.field
    def path(self) -> str:
        """Of the entity."""
        return self.entity.path

    @strawberry.field
    def type(self) -> str:
        """Of the entity, without its ontology."""
        return self.entity.type.rsplit("/", 1)[-1]

    @strawberry.field
    def revision(self) -> int:
        """Of the entity."""
        return self.entity.revision


@strawberry.type
class Devices:
    """A page."""

    nodes: list[Device]


@strawberry.type
class Query:
    """The stock root."""

    @strawberry.field
    def devices(self, info: strawberry.Info, first: int) -> Devices:
        """The first devices."""
        return Devices(nodes=[Device(entity=entity) for entity in info.context["entities"][:first]])


def run(report: Report) -> None:
    """Execute and encode, in one process, both with their parser and validation caches warm."""
    with tempfile.TemporaryDirectory() as folder:
        with Twin(folder) as twin:
            twin.apply(twin.plan(Source("thousand.yaml", THOUSAND)))
            entities = twin.devices()
        loop = asyncio.new_event_loop()
        engine = Engine(Settings(data=Path(folder), mqtt_port=0), "http://127.0.0.1")
        loop.run_until_complete(engine.start())
        try:
            _measure(report, loop, engine, entities)
        finally:
            loop.run_until_complete(engine.stop())
            loop.close()


def _measure(report: Report, loop: asyncio.AbstractEventLoop, engine: Engine, entities: list[Entity]) -> None:
    stock = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
    principal = Principal(
        client="bench", subject="bench", scopes=frozenset(SCOPES), sites=None, generation=1, expires=2**62
    )

    def ours() -> bytes:
        context = Context(engine, "bench")
        context.principal = principal
        return _answer(loop.run_until_complete(schema_of(engine.ontology).execute(QUERY, context_value=context)))

    def theirs() -> bytes:
        return _answer(loop.run_until_complete(stock.execute(QUERY, context_value={"entities": entities})))

    assert ours() == theirs(), "the two must answer alike before they are timed"
    mine, peer = in_turn([ours, theirs], seconds=6)
    report.times("GraphQL, 1,000 x 5", mine, peer, "stock Strawberry resolvers", f"{len(ours()):,} bytes")


def _answer(result: Any) -> bytes:
    assert not result.errors, result.errors
    return orjson.dumps(result.data)

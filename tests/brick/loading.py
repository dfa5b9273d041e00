"""A building described in Brick as ChangeSets of the ontology beside this file: one entity per thing with a class.

Floors and rooms are spaces, zones are views of their rooms, equipment is devices with its parts and its points below
it; ``feeds`` and ``hasLocation`` are relations, whichever way round the file writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import rdflib
from rdflib import RDF

from tests.authoring import find
from tests.graphs import changeset, entity
from twin.graph.mirror import Mirror
from twin.graph.model import INCLUDES, Change, Create, Link, Relation
from twin.ontology.compile import compile_ontology
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.model import Entity
    from twin.ontology.model import Ontology

BRICK = rdflib.Namespace("https://brickschema.org/schema/Brick#")
FILES = {"soda": "soda_brick.ttl", "office": "mediumOffice_brick.ttl"}
_HERE = Path(__file__).parent
_WHOLE = (("isPartOf", "hasPart"), ("isPointOf", "hasPoint"))
"""How what is below something names it, and how that names what is below it."""


@cache
def ontology() -> Ontology:
    """The classes of Brick that these buildings use."""
    return compile_ontology([Source("brick.yaml", (_HERE / "brick.yaml").read_text("utf-8"))], find)


@dataclass(frozen=True)
class Loaded:
    """One building as the file says it, and as the twin holds it."""

    graph: rdflib.Graph
    mirror: Mirror
    ids: dict[str, str]
    """IRI -> id."""

    @property
    def iris(self) -> dict[str, str]:
        """Id -> IRI."""
        return {id_: iri for iri, id_ in self.ids.items()}

    def at(self, iri: object) -> Entity:
        """What stands for a thing of the file."""
        return self.mirror.entities[self.ids[str(iri)]]


def load(file: Path) -> Loaded:
    """Read a file, and build its graph in two ChangeSets: what there is, then how it is related."""
    graph = rdflib.Graph().parse(file)
    made = _entities(graph)
    mirror = Mirror()
    mirror.adopt(ontology())
    links = [Link(each) for each in _relations(graph, made)]
    for sequence, entries in enumerate(([Create(each) for each in made.values()], links), start=1):
        mirror.apply(Change(sequence, changeset(*entries)))
    return Loaded(graph, mirror, {iri: each.id for iri, each in made.items()})


def classes(graph: rdflib.Graph) -> dict[str, str]:
    """IRI -> qualified type, of all that has a class of Brick."""
    types = {
        each.aligns.get("brick"): each.name for each in ontology().types.values() if each.name.startswith("brick/")
    }
    return {
        str(thing): types[str(kind).removeprefix(BRICK)]
        for thing, kind in graph.subject_objects(RDF.type)
        if str(kind).startswith(BRICK)
    }


def _entities(graph: rdflib.Graph) -> dict[str, Entity]:
    """IRI -> entity, what contains others first."""
    kinds = classes(graph)
    (building,) = (iri for iri, type_ in kinds.items() if type_ == "brick/Building")
    made = {building: entity(_key(building), "site", type="brick/Building")}
    wholes = dict(_wholes(graph, kinds))

    def build(iri: str) -> Entity:
        if iri not in made:
            parent = build(wholes.get(iri, building))
            kind = ontology().types[kinds[iri]].kind
            assert kind is not None
            made[iri] = entity(f"{parent.path}/{_key(iri)}", kind, parent, type=kinds[iri])
        return made[iri]

    for iri in sorted(kinds):
        build(iri)
    return made


def _wholes(graph: rdflib.Graph, kinds: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What lies in what: a room in a floor, a coil in a machine, a point in what it is a point of. A room is not *in*
    its zone: that includes it.
    """
    for up, down in _WHOLE:
        pairs = [(str(part), str(whole)) for part, whole in graph.subject_objects(BRICK[up])]
        pairs += [(str(part), str(whole)) for whole, part in graph.subject_objects(BRICK[down])]
        for part, whole in pairs:
            if part in kinds and whole in kinds and kinds[whole] != "brick/HVACZone":
                yield part, whole


def _relations(graph: rdflib.Graph, made: dict[str, Entity]) -> list[Relation]:
    found = [
        ("feeds", source, target)
        for source, target in (
            *graph.subject_objects(BRICK.feeds),
            *((source, target) for target, source in graph.subject_objects(BRICK.isFedBy)),
        )
    ]
    found += [("located_in", thing, place) for thing, place in graph.subject_objects(BRICK.hasLocation)]
    found += [("located_in", thing, place) for place, thing in graph.subject_objects(BRICK.isLocationOf)]
    found += [
        (INCLUDES, zone, room)
        for zone, room in graph.subject_objects(BRICK.hasPart)
        if str(zone) in made and made[str(zone)].kind == "view"
    ]
    return [
        Relation(type=name, source=made[str(source)].id, target=made[str(target)].id)
        for name, source, target in found
        if str(source) in made and str(target) in made
    ]


def _key(iri: str) -> str:
    """The end of an IRI as a key: what stands after the ``#``, or in the building's folder."""
    name = re.split(r"#|/building/", iri)[-1].lower()
    return re.sub(r"[^a-z0-9]+", "-", name).strip("-")

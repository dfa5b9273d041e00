"""An ontology of cabins that keep something private, and a topology of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.engine.library import Library
from twin.ontology.compile import compile_ontology
from twin.source import Source

if TYPE_CHECKING:
    from twin.ontology.model import Document

__all__ = ["CABIN", "CABINS", "documents"]

CABINS = """ontology: cabins
version: 1.0.0
imports: { core: ^1.0 }
sites:
  Cabin: { is: Site, properties: { owner: { type: string, private: true } } }
spaces: { Den: { is: Space } }
devices:
  Lamp:
    is: Device
    status: { lit: { type: boolean } }
roles:
  Owner: { on: [Cabin], may: [read, read-private, configure, command, administer, share] }
  Keeper: { on: [Cabin], may: [read, configure, command, administer, share] }
"""
CABIN = """topology: cabin
version: 1.0.0
uses: { cabins: ^1.0 }
parameters:
  dens: { type: integer, range: 0..100, default: 2 }
  owner: { type: string, default: Ana }
site: { type: Cabin, title: Cabin, properties: { owner: "${owner}" } }
spaces:
  "den-${n}":
    each: { n: 1..dens }
    type: Den
    devices: { lamp: { type: Lamp } }
"""


def documents() -> tuple[Document, ...]:
    """The ontology, after what it imports."""
    return compile_ontology([Source("cabins.yaml", CABINS)], Library(()).find).documents

"""A twin in Neo4j.

address      where it is, and as whom to speak to it
connection   transactions that end in time, tried again where that may help
schema       what the database must have, made once and checked at every start
names        property keys that never meet
nodes        an entity as a node
labels       what a node is, from the ontologies
writing      ChangeSets as few statements
reading      everything there is, in parts
creating     what is new, as one statement
states       readings, guarded by their order
store        the `GraphStore` of all that
holding      who needs a Neo4j of one's own, and its end with the last of them
examining    what is wrong with a database, in plain words
local        a Neo4j of one's own, with nothing but Python
"""

from __future__ import annotations

from twin.store.neo4j.address import SCHEMES, Address
from twin.store.neo4j.store import Neo4jStore

__all__ = ["SCHEMES", "Address", "Neo4jStore"]

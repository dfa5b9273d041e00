from __future__ import annotations

from tests.authoring import find as shipped
from twin.ontology.model import Ontology
from twin.source import Source
from twin.topology.template import read_topology

TOPOLOGY = Source("t.yaml", "topology: t\nversion: 1.0.0\nuses: { mine: '*' }\nsite: { type: core/Site }\n")
MINE = "ontology: mine\nversion: 1.0.0\nimports: { theirs: '*' }\nspaces:\n  Den: { is: Hall }\n"
THEIRS = "ontology: theirs\nversion: 1.0.0\nimports: { core: '*' }\nspaces:\n  Hall: { is: Space }\n"


def ontology(mine: str = MINE, theirs: str = THEIRS) -> Ontology:
    texts = {"mine": mine, "theirs": theirs}

    def find(name: str) -> Source | None:
        return Source(f"{name}.yaml", texts[name]) if name in texts else shipped(name)

    return read_topology(TOPOLOGY, find).ontology


def test_the_same_documents_are_compiled_once() -> None:
    assert ontology() is ontology()


def test_documents_that_change_are_compiled_again() -> None:
    first = ontology()
    assert "mine/Hut" in ontology(MINE + "  Hut: { is: Den }\n").types
    assert "theirs/Barn" in ontology(theirs=THEIRS + "  Barn: { is: Hall }\n").types
    assert "theirs/Barn" not in first.types
    assert "theirs/Barn" not in ontology().types

from __future__ import annotations

from tests.graphs import entity
from twin.graph.model import Document
from twin.store.neo4j.labels import Labels

_ONTOLOGY = """
ontology: core
version: {version}
devices: {{ Device: {{ abstract: true }}, Pump: {{ is: Device }}, Duty: {{ is: {parent} }} }}
"""
OLD, NEW = _ONTOLOGY.format(version="1.0.0", parent="Pump"), _ONTOLOGY.format(version="1.1.0", parent="Device")


def document(text: str, version: str) -> Document:
    return Document("core", version, "core.yaml", text)


def test_a_node_has_its_kind_and_its_whole_lineage() -> None:
    labels = Labels([document(OLD, "1.0.0")])
    assert labels.of(entity("home/x", "device", type="core/Duty")) == ["Device", "Duty", "Pump"]


def test_what_is_not_known_has_its_kind_and_its_own_type() -> None:
    labels = Labels([document("no ontology: [", "1.0.0")])
    assert labels.of(entity("home", "site")) == ["Home", "Site"]
    assert labels.of(entity("home/x", "device", type="t/no-label")) == ["Device"]


def test_an_older_version_kept_beside_says_nothing() -> None:
    kept = Document("core@1.0.0", "1.0.0", "t.yaml", OLD)
    assert Labels([kept, document(NEW, "1.1.0")]).of(entity("h/x", "device", type="core/Duty")) == ["Device", "Duty"]


def test_a_new_version_says_which_labels_change() -> None:
    old = Labels([document(OLD, "1.0.0")])
    assert old.changes(old.installing([document(NEW, "1.1.0")])) == [("core/Duty", ["Pump"], [])]
    assert Labels().changes(old) == [("core/Duty", [], ["Device", "Pump"]), ("core/Pump", [], ["Device"])]

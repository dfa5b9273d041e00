from __future__ import annotations

import json

import jsonschema_rs
import pytest

from tests.authoring import GOLDEN, ROOT
from twin.source import Diagnostics, ListNode, MapNode, Node, Scalar, Source, read
from twin.topology.schema import yaml_schemas


def plain(node: Node) -> object:
    if isinstance(node, MapNode):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def valid(file: str, kind: str) -> bool:
    text = (ROOT / file).read_text(encoding="utf-8")
    node = read(Source(file, text), Diagnostics())
    assert node is not None
    schema = json.loads(yaml_schemas()[f"ontologies/schema/{kind}.schema.json"])
    return jsonschema_rs.validator_for(schema).is_valid(plain(node))


@pytest.mark.parametrize("path", yaml_schemas())
def test_the_schemas_in_the_repository_are_those_of_the_code(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == yaml_schemas()[path], "run: make schema"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("ontologies/core.yaml", "ontology"),
        ("ontologies/connected-home.yaml", "ontology"),
        ("examples/flat.yaml", "topology"),
        ("examples/block.yaml", "topology"),
        ("examples/flat-series.yaml", "series"),
    ],
)
def test_an_editor_finds_nothing_wrong_with_what_is_shipped(file: str, kind: str) -> None:
    assert valid(file, kind)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ontology-unknown-key", "ontology"),
        ("ontology-later-key", "ontology"),
        ("ontology-no-version", "ontology"),
        ("ontology-value-types", "ontology"),
        ("topology-no-site", "topology"),
        ("topology-unknown-keys", "topology"),
        ("topology-keys", "topology"),
        ("series-targets", "series"),
    ],
)
def test_an_editor_sees_mistakes_of_form(name: str, kind: str) -> None:
    assert not valid(str((GOLDEN / f"{name}.yaml").relative_to(ROOT)), kind)

"""What authors see while they type: VS Code's own YAML server, offline, with the schemas of this repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.foreign import Node
from tests.running import ROOT, run

pytestmark = pytest.mark.node

HOME = """\
# yaml-language-server: $schema=home.schema.json
topology: mine
version: 1.0.0
uses: { connected-home: ^1.0 }
site: { type: Residence }
devices:
  a:
    type: Thermo
  b: { type: Thermostat, configuration: { setpiont: 20 } }
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return Node(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A topology beside the schema of the types that it uses."""
    folder = tmp_path_factory.mktemp("own")
    schema = run("schema", "--ontology", ROOT / "ontologies" / "connected-home.yaml").stdout
    (folder / "home.schema.json").write_text(schema, encoding="utf-8")
    (folder / "mine.yaml").write_text(HOME, encoding="utf-8")
    return folder / "mine.yaml"


def said(node: Node, file: Path, line: int, column: int) -> Any:
    return node.run("editor.mjs", str(file), str(line), str(column))


def test_an_editor_completes_the_author_s_own_types_and_underlines_slips(node: Node, own: Path) -> None:
    found = said(node, own, 8, 17)
    assert "Thermostat" in found["words"]
    assert "Room" not in found["words"]
    assert {each["line"] for each in found["wrong"]} == {8, 9}
    assert any("setpiont" in each["message"] for each in found["wrong"])


def test_an_editor_says_what_a_key_is_for(node: Node, own: Path) -> None:
    assert "what it shall be set to" in said(node, own, 9, 30)["hover"]


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_an_editor_finds_the_schema_of_an_example_and_nothing_wrong_with_it(node: Node, path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../ontologies/schema/")
    assert said(node, path, 2, 1)["wrong"] == []

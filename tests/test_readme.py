"""The README stays true: its YAML validates, its queries fit the schema, its commands and paths exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from api.graphql.schema import build
from tests.running import ROOT
from twin.access.principals import SCOPES
from twin.cli.app import app
from twin.engine.documents import check_file, shipped_ontology

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", blocks("yaml"), ids=lambda text: text.split("\n", 1)[0])
def test_documents_validate(text: str, tmp_path: Path) -> None:
    file = tmp_path / "document.yaml"
    file.write_text(text)
    found = [each for each in check_file(file, (), lambda _: None) if each.severity == "error"]
    assert found == []


def test_queries_fit_the_schema() -> None:
    schema = build(shipped_ontology()).core
    queries = [each for block in blocks("graphql") for each in block.strip().split("\n\n")]
    assert len(queries) >= 3
    for query in queries:
        assert validate(schema, parse(query)) == [], query


def test_commands_exist() -> None:
    known = {each.name or each.callback.__name__ for each in app.registered_commands if each.callback}
    known |= {each.name for each in app.registered_groups if each.name}
    used = set(re.findall(r"(?:^\$ |`)twin ([a-z][a-z0-9]+)", README, flags=re.MULTILINE))
    assert len(used) > 8
    assert used <= known, used - known


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets


def test_files_that_are_named_exist() -> None:
    for path in re.findall(r"`((?:api|ontologies|examples|tests)/[\w./-]+)`", README):
        if "results" not in path:
            assert (ROOT / path).exists(), path


def test_scopes_read_as_in_their_table() -> None:
    rows = re.findall(r"^\| `([a-z]+:[a-z-]+)` \| (.*) \|$", README, flags=re.MULTILINE)
    assert rows == [(name, words[0].lower() + words[1:].rstrip(".")) for name, words in SCOPES.items()]

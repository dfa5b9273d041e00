from __future__ import annotations

from pathlib import Path

import pytest

from tests.graphs import changeset, entity
from twin.engine.home import Home
from twin.errors import InvalidValue
from twin.graph.model import Create
from twin.store.location import open_store


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWIN_GRAPH", "TWIN_NEO4J_PASSWORD", "TWIN_NEO4J_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_file_by_its_url(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/x.sqlite")
    store.commit([changeset(Create(entity("home", "site")))], 0)
    store.close()
    assert (tmp_path / "x.sqlite").is_file()


@pytest.mark.parametrize("url", ["postgres://x", "twin.sqlite", "", "neo4jx://host", "bolt://"])
def test_what_is_no_place_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_NEO4J_PASSWORD", "secret")
    with pytest.raises(InvalidValue) as caught:
        open_store(url)
    assert caught.value.code_ == "graph.url"


def test_a_missing_password_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with pytest.raises(InvalidValue) as caught:
            open_store("neo4j://127.0.0.1:1", tmp_path)
        assert caught.value.code_ == "graph.password"
        monkeypatch.setenv("TWIN_NEO4J_PASSWORD_FILE", str(tmp_path / "none"))


def test_a_directory_remembers_where_its_graph_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.sqlite"
    home = Home(tmp_path / "data")
    assert home.graph_url() == f"sqlite:///{tmp_path}/data/twin.sqlite"
    home.open_graph().close()
    home.open_graph(elsewhere).close()
    assert home.graph_url() == elsewhere
    monkeypatch.setenv("TWIN_GRAPH", "neo4j")
    assert home.graph_url() == "neo4j"
    assert home.graph_url(elsewhere) == elsewhere

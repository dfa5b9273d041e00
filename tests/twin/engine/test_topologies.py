"""Topologies that clients leave with a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twin.engine import topologies as module
from twin.engine.topologies import Topologies
from twin.errors import NotFound, TooMany
from twin.records import Records
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Topologies]:
    records = Records(tmp_path / "records.sqlite")
    yield Topologies(records, clock=lambda: 7)
    records.close()


def test_each_client_has_its_own(shelf: Topologies) -> None:
    shelf.keep("me", "hut", "1.0.0", Source("hut.yaml", "one"))
    shelf.keep("me", "hut", "1.1.0", Source("hut.yaml", "two"))
    shelf.keep("you", "hut", "9.0.0", Source("x.yaml", "yours"))
    [found] = shelf.list("me")
    assert (found.name, found.version, found.stored, found.text) == ("hut", "1.1.0", 7, "")
    assert shelf.get("me", "hut").source == Source("hut.yaml", "two")
    shelf.forget("me", "hut")
    assert shelf.list("me") == []
    assert shelf.get("you", "hut").text == "yours"
    for call in (shelf.get, shelf.forget):
        with pytest.raises(NotFound):
            call("me", "hut")


def test_nobody_keeps_too_many(shelf: Topologies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    for name in ("a", "b", "b"):
        shelf.keep("me", name, "1", Source("f", ""))
    with pytest.raises(TooMany):
        shelf.keep("me", "c", "1", Source("f", ""))
    shelf.keep("you", "c", "1", Source("f", ""))

"""Two processes on one store, whatever they do: a sample of ``make faults``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.machine import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_mirror_store_and_model_are_one(kind: str, tmp_path: Path) -> None:
    run(kind, tmp_path, examples=15, steps=25)


@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_mirror_store_and_model_are_one_in_neo4j(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run("neo4j", tmp_path, examples=2, steps=15, address=request.getfixturevalue("neo4j_address"))

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT
from twin import Twin
from twin.engine.library import shipped
from twin.errors import BackendError, InvalidValue, NotFound

FLAT = shipped("examples") / "flat.yaml"


def test_the_example_script_runs_as_it_stands(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "examples/instantiate.py", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stderr
    assert "flat/kitchen/valve None" in result.stdout.splitlines()
    assert len((ROOT / "examples" / "instantiate.py").read_text().strip().splitlines()) <= 14


def test_a_twin_opens_again_as_it_was_left(tmp_path: Path) -> None:
    with Twin(tmp_path) as twin:
        twin.apply(twin.plan(FLAT))
        ids = {each.path: each.id for each in twin.entities()}
    with Twin(tmp_path) as twin:
        assert {each.path: each.id for each in twin.entities()} == ids
        assert twin.plan(FLAT).empty
        assert twin.graph.number_of_nodes() == len(ids)


def test_questions_by_kind_type_subtree_and_view(tmp_path: Path) -> None:
    with Twin(tmp_path) as twin:
        twin.apply(twin.plan(FLAT))
        assert [site.key for site in twin.sites()] == ["flat"]
        assert [each.path for each in twin.devices(type="RadiatorValve", under="flat/kitchen")] == [
            "flat/kitchen/valve"
        ]
        assert {each.type.split("/")[1] for each in twin.devices(view="flat/heating")} >= {"RadiatorValve"}
        assert "flat/kitchen" in [each.path for each in twin.spaces()]
        with pytest.raises(InvalidValue, match="Thermostaat"):
            twin.devices(type="Thermostaat")
        with pytest.raises(NotFound):
            twin.devices(under="flat/attic")
        with pytest.raises(NotFound, match="no point"):
            twin.read("flat/kitchen/valve", "pressure")
        assert twin.read("flat/kitchen/valve", "temperature") is None


def test_two_scripts_beside_each_other_see_what_the_other_did(tmp_path: Path) -> None:
    with Twin(tmp_path) as one, Twin(tmp_path) as two:
        one.apply(one.plan(FLAT, site="north"))
        two.apply(two.plan(FLAT, site="south"))
        one.refresh()
        assert [site.key for site in one.sites()] == [site.key for site in two.sites()] == ["north", "south"]


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendError) as caught:
        Twin(tmp_path / "file" / "data")
    assert caught.value.code_ == "data.unwritable"

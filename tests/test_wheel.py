"""The wheel, installed into an empty environment and used from another directory, is the same twin."""

from __future__ import annotations

import email
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.running import ROOT, start


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel and exactly what the wheel says it needs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    python = folder / "bin" / "python"
    _pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    (packages,) = folder.glob("lib/python*/site-packages")
    for needed in _needed(wheel):
        _link(needed, packages)
    return python


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert result.returncode == 0, result.stderr


def _needed(wheel: Path) -> Iterator[Distribution]:
    """The installed distributions that the wheel's metadata ask for, and those that these ask for."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        asked = email.message_from_bytes(archive.read(name)).get_all("Requires-Dist") or []
    waiting = [(Requirement(text), "") for text in asked]
    seen = set()
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        for chosen in {"", *wanted.extras}:
            if (key := (canonicalize_name(wanted.name), chosen)) not in seen:
                seen.add(key)
                found = distribution(wanted.name)
                waiting += [(Requirement(text), chosen) for text in found.requires or []]
                yield found


def _link(needed: Distribution, packages: Path) -> None:
    """Make an installed distribution importable there: a download would bring the same files."""
    tops = {file.parts[0] for file in needed.files or [] if file.parts[0] not in {"..", "__pycache__"}}
    for top in tops:
        link = packages / top
        if not link.exists():
            link.symlink_to(Path(str(needed.locate_file(top))))


def test_the_wheel_carries_what_the_twin_needs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"twin", "api"}
    shipped = {
        f"{folder}/{each.name}" for folder in ("ontologies", "examples") for each in (ROOT / folder).glob("*.yaml")
    }
    assert {f"twin/shipped/{each}" for each in shipped} <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_demo_runs_from_the_wheel_in_another_directory(python: Path, tmp_path: Path) -> None:
    code = "import api, twin.engine.library as library; print(api.__file__, library.shipped('examples'), sep='\\n')"
    places = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert all(place.startswith(str(python.parent.parent)) for place in places.splitlines()), places
    twin = start(tmp_path / "data", "--no-simulate", python=str(python), cwd=tmp_path)
    try:
        answer = twin.graphql(twin.facts["query"], token=twin.facts["token"])
        assert answer["data"]["entity"]["title"] == "Kitchen"
        assert "errors" not in answer
    finally:
        status, said = twin.stop()
    assert status == 0, said


def test_the_command_is_installed(python: Path, tmp_path: Path) -> None:
    command = [python.with_name("twin"), "validate", ROOT / "examples" / "flat.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_pages_of_codes_travel_with_it(python: Path, tmp_path: Path) -> None:
    command = [python.with_name("twin"), "explain", "point.unknown"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "help: did you mean 'temperature'?" in result.stdout

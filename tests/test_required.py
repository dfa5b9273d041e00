"""A run that must have a part fails where it was skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

TESTS = """
import pytest

@pytest.mark.node
def test_of_node():
    pytest.skip("no Node: make test installs it")

def test_of_nothing():
    pass
"""


@pytest.mark.parametrize("processes", [0, 1])
@pytest.mark.parametrize(
    ("required", "code", "said"),
    [
        ("mosquitto", 0, "SKIPPED [1]"),
        ("mosquitto, node", 1, "node: no Node: make test installs it"),
        ("nod", 4, "TWIN_REQUIRED names no marker of the tests: nod"),
    ],
)
def test_what_is_required_and_skipped_fails_the_run(
    tmp_path: Path, required: str, code: int, said: str, processes: int
) -> None:
    (tmp_path / "test_parts.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = -ra\nmarkers =\n    node: Node\n    mosquitto: a broker's client"
    )
    words = [
        "-p",
        "xdist.plugin",
        "-n",
        str(processes),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "TWIN_REQUIRED": required, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert result.returncode == code, result.stdout + result.stderr
    assert said in result.stdout + result.stderr

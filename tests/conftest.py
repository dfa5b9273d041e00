"""Fixtures for every test: where the real data lies, and free ports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real buildings and measurements; the test is skipped where it is absent."""
    folder = Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: name its folder with TWIN_SHARED_DATA")
    return folder

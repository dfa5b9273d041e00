"""The command line, run in this process as `python -m twin` would run it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT
from twin import Twin
from twin.cli import main

FLAT = ROOT / "examples" / "flat.yaml"


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The code of its error; the rest of it is a message and the next step."""
        assert self.out == ""
        assert "\n  help: " in self.err
        return self.err.split(": ")[0]


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("TWIN_DATA", "TWIN_CLIENT_ID", "TWIN_CLIENT_SECRET", "TWIN_ONTOLOGY_PATH"):
        monkeypatch.delenv(name, raising=False)

    def command(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["twin", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Said(int(left.value.code or 0), out, err)

    return command


@pytest.fixture(scope="session")
def _applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("applied") / "data"
    with Twin(data) as twin:
        twin.apply(twin.plan(FLAT))
    return data


@pytest.fixture
def data(_applied: Path, tmp_path: Path) -> Path:
    """A data directory of one's own in which the flat is applied."""
    return Path(shutil.copytree(_applied, tmp_path / "data"))

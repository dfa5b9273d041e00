"""For every test: where the real data lies, and which parts a run must not skip.

``TWIN_REQUIRED`` names markers, separated by commas. A run in which a test with one of them was skipped fails, and says
at its end what was missing; without it, what is missing is skipped and listed.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.store.neo4j import Address

ROOT = Path(__file__).resolve().parent.parent
_missed = pytest.StashKey[dict[str, set[str]]]()
"""Why tests of the required markers were skipped, by marker."""


def pytest_configure(config: pytest.Config) -> None:
    named = os.environ.get("TWIN_REQUIRED", "").split(",")
    required = {name.strip() for name in named} - {""}
    known = {line.split(":")[0] for line in config.getini("markers")}
    if unknown := sorted(required - known):
        message = f"TWIN_REQUIRED names no marker of the tests: {', '.join(unknown)}"
        raise pytest.UsageError(message)
    config.stash[_missed] = {name: set() for name in sorted(required)}
    config.pluginmanager.register(_Missed(config), "twin-missed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that share a name: of those, only one is run where there are several processes."""
    names = Counter(item.nodeid for item in items)
    if shared := sorted(name for name, times in names.items() if times > 1):
        message = f"tests that share a name: {', '.join(shared)}"
        raise pytest.UsageError(message)


class _Missed:
    """Hears every report, of whichever process it is."""

    def __init__(self, config: pytest.Config) -> None:
        self._missed = config.stash[_missed]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
            for marker in self._missed.keys() & report.keywords.keys():
                self._missed[marker].add(str(report.longrepr[2]).removeprefix("Skipped: "))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if any(session.config.stash[_missed].values()) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missed = terminalreporter.config.stash[_missed]
    if any(missed.values()):
        terminalreporter.section("required, yet skipped (TWIN_REQUIRED)", red=True)
    for marker, reasons in missed.items():
        for reason in sorted(reasons):
            terminalreporter.write_line(f"{marker}: {reason}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real buildings and measurements; the test is skipped where it is absent."""
    folder = Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: name its folder with TWIN_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def neo4j_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A Neo4j for the whole run; the test is skipped where none can be had."""
    from tests.neo4j_server import running  # the driver takes its time, and few runs need it

    with running(tmp_path_factory.mktemp("neo4j")) as address:
        yield address

"""The demo, started and stopped as a user would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, run, running, start

pytestmark = pytest.mark.demo


def readings(answer: Any) -> list[dict[str, Any]]:
    """Every object in an answer that has a value and a time."""
    if isinstance(answer, list):
        return [found for each in answer for found in readings(each)]
    if not isinstance(answer, dict):
        return []
    here = [answer] if {"value", "time"} <= answer.keys() else []
    return here + [found for each in answer.values() for found in readings(each)]


def ages(answer: Any) -> list[float]:
    now = datetime.now(UTC)
    return [(now - datetime.fromisoformat(each["time"])).total_seconds() for each in readings(answer)]


def test_the_printed_query_answers_with_fresh_readings_and_a_second_run_keeps_the_data(tmp_path: Path) -> None:
    with running(tmp_path / "data") as twin:
        assert set(twin.facts) == {
            "graphql", "rest", "mqtt", "issuer", "client_id", "client_secret", "token", "query", "site",
        }  # fmt: skip
        answer = twin.graphql(twin.facts["query"], token=twin.facts["token"])
        assert "errors" not in answer
        assert len(ages(answer)) >= 3
        assert max(ages(answer)) < 15
        first, ids = twin.facts, [each["id"] for each in twin.get("/devices?limit=1000")["items"]]
        assert twin.text("/readyz").count('"ok"') == 5
    with running(tmp_path / "data", "--no-simulate") as twin:
        assert [each["id"] for each in twin.get("/devices?limit=1000")["items"]] == ids
        assert twin.facts["client_secret"] == first["client_secret"]
        kept = readings(twin.graphql(twin.facts["query"]))
        assert len(kept) >= 3
        before = twin.counters()
        time.sleep(0.3)
        assert twin.counters() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_of_it(tmp_path: Path, number: signal.Signals) -> None:
    twin = start(tmp_path / "data")
    code, said = twin.stop(number)
    assert code == 0
    assert "Traceback" not in said
    for port in (twin.mqtt[1], int(twin.facts["issuer"].rsplit(":", 1)[1])):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("flag", ["--port", "--mqtt-port"])
def test_a_taken_port_is_one_clear_line(tmp_path: Path, flag: str) -> None:
    ports = {"--port": "0", "--mqtt-port": "0"}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports[flag] = str(taken.getsockname()[1])
        result = run("demo", "--data", tmp_path / "data", *(word for pair in ports.items() for word in pair))
    assert result.returncode == 3
    assert result.stderr.startswith("port.taken:")
    assert "Traceback" not in result.stderr


def test_a_directory_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("demo", "--data", tmp_path / "file" / "data", "--port", "0", "--mqtt-port", "0")
    assert result.returncode == 3
    assert result.stderr.startswith("data.unwritable:")
    assert "Traceback" not in result.stderr


def test_a_second_demo_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--no-simulate"):
        result = run("demo", "--data", tmp_path / "data", "--port", "0", "--mqtt-port", "0")
    assert result.returncode == 1
    assert result.stderr.startswith("data.owned:")


def test_a_python_that_is_too_old_is_one_clear_line(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$*" in -V) echo Python 3.9.2; exit 0;; esac\nexit 1\n')
    old.chmod(0o755)
    result = subprocess.run(
        ["make", "-s", "demo", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL"}},
    )
    assert result.returncode != 0
    first = result.stderr.splitlines()[0]
    assert first.startswith("twin needs Python 3.11 or newer (found: Python 3.9.2)")
    assert "Traceback" not in result.stderr

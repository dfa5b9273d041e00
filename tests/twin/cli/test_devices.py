from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.foreign import paho_client
from tests.running import ROOT, Running, running
from tests.twin.cli.conftest import Command, Said

SERIES = "series: { one.tsv: kitchen/climate.temperature, two.tsv: kitchen/climate.humidity }\n"
TOPIC = "r/flat/d/KITemp/events/pointset"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("devices") / "data", "--no-simulate") as twin:
        yield twin


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A folder of two series that share their times, and a map of them."""
    (tmp_path / "one.tsv").write_text("1488326400\t20.5\n1488326460\t21.5\n")
    (tmp_path / "two.tsv").write_text("1488326400\t40\n1488326460\t41\n1488326520\t42\n")
    (tmp_path / "map.yaml").write_text(f"site: flat\n{SERIES}")
    return tmp_path


@pytest.fixture
def replay(command: Command, series: Path, twin: Running) -> Command:
    return lambda *words: command("replay", series, "--map", series / "map.yaml", "--data", twin.data, *words)


class TestReplay:
    @pytest.mark.parametrize("speed", ["max", "3600"])
    def test_publishes_samples_that_share_a_time_as_one_message(self, replay: Command, speed: str) -> None:
        said = replay("--speed", speed, "--json")
        assert said.code == 0, said.out
        sent = {name: value for name, value in said.data.items() if name != "seconds"}
        assert sent == {"messages": 3, "readings": 5, "acknowledged": 3, "refused": 0, "resent": 0}

    def test_says_what_it_sent(self, replay: Command, twin: Running) -> None:
        said = replay()
        assert said.out.startswith("Sent 3 messages with 5 readings in ")
        assert said.out.endswith("3 acknowledged, 0 refused, 0 sent again.\n")

    @pytest.mark.parametrize("speed", ["fast", "0", "-1", "nan", "inf"])
    def test_a_speed_that_is_none(self, replay: Command, speed: str) -> None:
        assert replay("--speed", speed).refusal == "speed.invalid"

    def test_a_map_that_is_wrong_is_shown(self, replay: Command, series: Path) -> None:
        (series / "map.yaml").write_text("site: flat\nseries: { one.tsv: kitchen }\n")
        said = replay()
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"{series / 'map.yaml'}:2:")
        assert "^^^^" in said.err

    def test_a_series_that_is_not_there(self, replay: Command, series: Path) -> None:
        (series / "two.tsv").unlink()
        said = replay()
        assert (said.code, said.refusal) == (1, "series.unreadable")
        assert "two.tsv" in said.err

    def test_a_series_that_is_none(self, replay: Command, series: Path) -> None:
        (series / "two.tsv").write_bytes(b"\x00\xff")
        assert replay().refusal == "series.unreadable"
        (series / "two.tsv").write_text("monday\t3\n")
        said = replay()
        assert (said.code, said.refusal) == (1, "series.line")
        assert "two.tsv:1" in said.err

    @pytest.mark.parametrize("words", [["--site", "annex"], []], ids=["site", "device"])
    def test_a_device_that_is_not_there(self, replay: Command, series: Path, words: list[str]) -> None:
        if not words:
            (series / "map.yaml").write_text(f"site: flat\n{SERIES.replace('kitchen/', 'attic/')}")
        said = replay(*words)
        assert said.code == 1
        assert said.refusal.endswith(".unknown")

    def test_without_a_demo_it_asks_for_access(self, command: Command, series: Path, tmp_path: Path) -> None:
        words = ["replay", series, "--map", series / "map.yaml", "--data", tmp_path / "none"]
        assert command(*words).refusal == "access.missing"
        assert command(*words, "--client-id", "x", "--server", "http://127.0.0.1:1").refusal == "access.missing"

    def test_a_client_that_the_twin_does_not_know(self, replay: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWIN_CLIENT_SECRET", "wrong")
        said = replay("--client-id", "stranger")
        assert (said.code, said.refusal) == (1, "client.refused")
        assert "wrong" not in said.err

    def test_a_twin_that_does_not_answer(self, replay: Command) -> None:
        said = replay("--server", "http://127.0.0.1:1")
        assert (said.code, said.refusal) == (3, "server.unreachable")
        assert replay("--server", "127.0.0.1").refusal == "server.invalid"


class TestSimulate:
    def test_reports_until_it_is_stopped(self, twin: Running) -> None:
        before = twin.counters()["applied"]
        words = [sys.executable, "-m", "twin", "simulate", "flat", "--every", "0.2", "--data", str(twin.data)]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=ROOT) as simulator:
            twin.received(twin.counters()["received"] + 30)
            simulator.send_signal(signal.SIGINT)
            _, said = simulator.communicate(timeout=30)
        assert (simulator.returncode, said) == (130, "")
        assert twin.settled(0)["applied"] > before

    @pytest.mark.parametrize("site", ["attic", "flat/kitchen"])
    def test_only_a_site(self, command: Command, twin: Running, site: str) -> None:
        said = command("simulate", site, "--data", twin.data)
        assert (said.code, said.refusal) == (1, "site.unknown")

    def test_only_a_site_of_its_client(self, command: Command, twin: Running) -> None:
        assert command("apply", ROOT / "examples" / "flat.yaml", "--site", "annex", "--data", twin.data).code == 0
        said = command("simulate", "annex", "--data", twin.data)
        assert (said.code, said.refusal) == (1, "telemetry.refused")


class TestDeadLetters:
    @pytest.fixture
    def letters(self, command: Command, twin: Running) -> list[dict[str, Any]]:
        """Those of one message with a point that is not there, and of one that is none; the newest first."""
        with paho_client(twin, twin.facts["token"], MQTTProtocolVersion.MQTTv5) as peer:
            peer.publish(TOPIC, '{"version": "1", "points": {"pressure": {"present_value": 3}}}', 1)
            peer.publish(TOPIC, "\u20ac not JSON", 1)
        twin.settled(0)
        listed = self.until(lambda: command("deadletter", "list", "--data", twin.data, "--json"), 2)
        return list(listed.data["deadletters"])

    @staticmethod
    def until(ask: Any, number: int) -> Said:
        """The store is written in slices: letters come a moment after their message."""
        for _ in range(300):
            said = ask()
            if len(said.data["deadletters"]) >= number:
                return said  # type: ignore[no-any-return]
        pytest.fail("no letters come")

    def test_are_listed_and_shown(self, command: Command, twin: Running, letters: list[dict[str, Any]]) -> None:
        newest, other = letters[:2]
        assert newest["topic"] == other["topic"] == TOPIC
        assert (newest["site"], newest["sender"]) == ("flat", twin.facts["client_id"])
        assert (newest["point"], other["point"]) == (None, "pressure")
        said = command("deadletter", "list", "--data", twin.data, "--limit", "1", "--code", other["code"])
        assert said.out.splitlines()[0].split()[0] == str(other["id"])
        assert said.out.splitlines()[1].startswith("In all: ")
        shown = command("deadletter", "show", str(newest["id"]), "--data", twin.data)
        assert "\u20ac not JSON" in shown.out
        assert newest["reason"] in shown.out
        whole = command("deadletter", "show", str(other["id"]), "--data", twin.data, "--json").data
        assert whole["payload"].startswith('{"version": "1"')

    def test_of_another_site_or_code_are_none(
        self, command: Command, twin: Running, letters: list[dict[str, Any]]
    ) -> None:
        for words in (["--site", "attic"], ["--code", "nonsense"]):
            said = command("deadletter", "list", "--data", twin.data, "--json", *words)
            assert said.data["deadletters"] == []
            assert said.data["counts"]

    def test_that_there_is_none(self, command: Command, data: Path) -> None:
        assert command("deadletter", "list", "--data", data).out == "In all: none.\n"
        said = command("deadletter", "show", "1", "--data", data)
        assert (said.code, said.refusal) == (1, "deadletter.unknown")

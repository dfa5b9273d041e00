from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.cli.conftest import Command


@pytest.fixture
def keys(command: Command, data: Path) -> Command:
    return lambda *words: command("keys", *words, "--data", data)


def test_one_signs_and_one_is_known_before_it_does(keys: Command) -> None:
    before = {each["state"]: each["kid"] for each in keys("list", "--json").data}
    assert before.keys() == {"current", "next"}
    assert keys("rotate").refusal == "keys.early"
    assert keys("rotate", "--now", "--json").data == {"kid": before["next"], "revoked": False}
    after = {each["state"]: each for each in keys("list", "--json").data}
    assert after["retired"]["kid"] == before["current"]
    assert after["retired"]["until"] > after["retired"]["created"]
    assert "retired" in keys("list").out


def test_what_was_seen_by_others_is_forgotten(keys: Command) -> None:
    before = {each["kid"] for each in keys("list", "--json").data}
    said = keys("rotate", "--revoke")
    assert "has ended" in said.err
    assert before.isdisjoint(each["kid"] for each in keys("list", "--json").data)

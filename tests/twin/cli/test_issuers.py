"""``twin issuer``: whom tokens of external issuers are about."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from twin.access.authority import Authority
from twin.cli.app import app
from twin.engine.home import Home
from twin.errors import NotFound, TwinError
from twin.records import Records

LOGIN = '[issuers.login]\nissuer = "http://127.0.0.1:1"\naudience = "x"\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    home = Home(tmp_path / "data")
    with closing(Records(home.records)) as records:
        authority = Authority(records, "", sites_of=lambda _: frozenset())
        authority.users.add("ada@example.com")
        authority.clients.add("bridge", ["telemetry:write"], None)
    (home.directory / "issuers.toml").write_text(LOGIN)
    return home.directory


def ran(data: Path, *words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--data", str(data), "--json"])
    if isinstance(result.exception, TwinError):
        raise result.exception
    return json.loads(result.stdout)


def test_a_subject_is_linked_listed_and_unlinked(data: Path) -> None:
    ran(data, "issuer", "link", "login", "s1", "ada@example.com")
    ran(data, "issuer", "link", "login", "s2", "client:bridge")
    found = ran(data, "issuer", "list")
    assert found["issuers"] == [{"name": "login", "issuer": "http://127.0.0.1:1", "audience": ["x"]}]
    assert [(each["subject"], each["who"]) for each in found["links"]] == [
        ("s1", "ada@example.com"),
        ("s2", "client:bridge"),
    ]
    ran(data, "issuer", "unlink", "login", "s1")
    assert [each["subject"] for each in ran(data, "issuer", "list")["links"]] == ["s2"]
    deeds = CliRunner().invoke(app, ["audit", "--data", str(data), "--json"]).stdout
    assert deeds.count("identity.link") == 2
    assert "s1 of http://127.0.0.1:1" in deeds
    assert "identity.unlink" in deeds


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nobody", "s1", "ada@example.com"), "issuer.unknown"),
        (("login", "s1", "ben@example.com"), "user.unknown"),
        (("login", "s1", "client:ben"), "client.unknown"),
    ],
)
def test_what_is_not_there_is_said(data: Path, words: tuple[str, ...], code: str) -> None:
    with pytest.raises(NotFound) as caught:
        ran(data, "issuer", "link", *words)
    assert caught.value.code_ == code


def test_the_doctor_says_that_nobody_answers(data: Path) -> None:
    found = ran(data, "doctor")["findings"]
    [said] = [each for each in found if each["about"].startswith("issuer")]
    assert (said["about"], said["verdict"]) == ("issuer login: metadata", "wrong")
    (data / "issuers.toml").write_text("[issuers.login]\n")
    [said] = [each for each in ran(data, "doctor")["findings"] if each["about"].startswith("issuer")]
    assert "issuers.invalid" in said["said"]

"""The signing key on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from twin.access.keys import SigningKey
from twin.errors import BackendError


def test_made_once_and_found_again(tmp_path: Path) -> None:
    first = SigningKey.open(tmp_path / "keys")
    assert SigningKey.open(tmp_path / "keys").kid == first.kid
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["signing.pem"]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    SigningKey.open(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys" / "signing.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_what_is_published_holds_no_secret(tmp_path: Path) -> None:
    key = SigningKey.open(tmp_path)
    published = key.published()
    assert published.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (published["alg"], published["use"], published["kid"]) == ("ES256", "sig", key.kid)


def test_a_key_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "signing.pem").write_text("not a key")
    with pytest.raises(BackendError) as caught:
        SigningKey.open(tmp_path)
    assert caught.value.code_ == "keys.unusable"


def test_whoever_comes_second_takes_the_first_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = SigningKey.open(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert SigningKey.open(tmp_path).kid == first.kid

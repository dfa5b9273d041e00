"""A backup is read as it was made, or refused by name."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.engine.moving.archive import Cut, Manifest, Member, check, extract, pack
from twin.errors import BackendError, InvalidValue, TwinError

NAMES = ("graph.sqlite", "records.sqlite", "journal/id", f"journal/{7:020d}.journal")


def manifest(members: dict[str, Member], **fields: Any) -> Manifest:
    cut = Cut("T", 1, "j", 2)
    given = {"made": "2026-01-01T00:00:00Z", "version": "0", "cut": cut, "counts": {"entities": 3}, **fields}
    return Manifest(members=members, **given)


def packed(folder: Path) -> Path:
    content = folder / "content"
    for number, name in enumerate(NAMES):
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_bytes(bytes(range(200)) * (number + 1))
    pack(folder / "x.twin", content, manifest)
    return folder / "x.twin"


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("archive"))


def test_what_is_packed_comes_out_again(backup: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = extract(backup, tmp_path / "out", lambda done, of: told.append((done, of)))
    assert found == check(backup)
    assert set(found.members) == set(NAMES)
    for number, name in enumerate(NAMES):
        assert (tmp_path / "out" / name).read_bytes() == bytes(range(200)) * (number + 1)
        assert (tmp_path / "out" / name).stat().st_mode & 0o777 == 0o600
    assert told[-1] == (2000, 2000)
    assert backup.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(backup) as archive:
        assert archive.testzip() is None


@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60, deadline=None)
def test_one_that_is_cut_short_is_refused(backup: Path, tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    whole = backup.read_bytes()
    short = tmp_path_factory.mktemp("short") / "x.twin"
    short.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InvalidValue) as caught:
        check(short)
    assert caught.value.code_ == "backup.damaged"
    assert str(short) in caught.value.message


@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_one_that_is_altered_is_refused_or_says_the_same(
    backup: Path, tmp_path_factory: pytest.TempPathFactory, share: float, bit: int
) -> None:
    """Some bytes of a zip mean nothing, such as the times of its members."""
    altered = bytearray(backup.read_bytes())
    altered[int(len(altered) * share)] ^= 1 << bit
    file = tmp_path_factory.mktemp("altered") / "x.twin"
    file.write_bytes(altered)
    try:
        found = check(file)
    except TwinError as error:
        assert error.code_ in {"backup.damaged", "backup.newer"}  # noqa: PT017 - either is right
    else:
        assert found == check(backup)


def rewritten(backup: Path, target: Path, **changes: bytes | None) -> Path:
    """The same with other members; None: left out."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(target, "w") as new:
        content: dict[str, bytes | None] = {name: old.read(name) for name in old.namelist()}
        for name, data in {**content, **changes}.items():
            if data is not None:
                new.writestr(name, data)
    return target


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"graph.sqlite": b"x"}, "graph.sqlite"),
        ({"graph.sqlite": None}, "graph.sqlite is missing"),
        ({"manifest.json": None}, "no backup"),
        ({"manifest.json": b"{}"}, "not a manifest"),
        ({"manifest.json": b"\xff"}, "not a manifest"),
        ({"more": b"x"}, "'more'"),
        ({"../evil": b"x"}, "evil"),
    ],
)
def test_what_does_not_fit_together_is_named(
    backup: Path, tmp_path: Path, changes: dict[str, bytes | None], word: str
) -> None:
    with pytest.raises(InvalidValue, match=word) as caught:
        extract(rewritten(backup, tmp_path / "x.twin", **changes), tmp_path / "out")
    assert caught.value.code_ == "backup.damaged"
    assert not (tmp_path / "evil").exists()


def test_a_manifest_that_leads_out_of_the_folder_is_refused(backup: Path, tmp_path: Path) -> None:
    evil = check(backup)
    members = {**evil.members, "../evil": Member(1, "0")}
    text = msgspec.json.encode(msgspec.structs.replace(evil, members=members))
    with pytest.raises(InvalidValue, match="evil"):
        extract(rewritten(backup, tmp_path / "x.twin", **{"manifest.json": text, "../evil": b"x"}), tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_later_format_is_refused(backup: Path, tmp_path: Path) -> None:
    text = msgspec.json.encode({"format": 2, "new": True})
    with pytest.raises(BackendError) as caught:
        check(rewritten(backup, tmp_path / "x.twin", **{"manifest.json": text}))
    assert caught.value.code_ == "backup.newer"


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue) as caught:
        check(tmp_path / "none")
    assert caught.value.code_ == "file.unreadable"
    with pytest.raises(InvalidValue) as caught:
        check(tmp_path)
    assert caught.value.code_ == "backup.damaged"

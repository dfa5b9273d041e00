"""A backup's file: a zip, with what is in it said in ``manifest.json``, which is written last.

    graph.sqlite           graph, log, readings and their watermark, as a SQLite file whatever keeps the graph
    records.sqlite         clients, users, keys that sign tokens, dead letters, upgrades
    journal/id             which journal it is, and
    journal/N.journal      its messages from the watermark on
    issuers.toml           the external issuers, where they are said in the twin's directory
    manifest.json          versions, the cut, counts, and the size and SHA-256 of each of the others

A reader that finds a manifest of its format, and of each member the size and digest that are said, has everything.
Nothing here is encrypted: whoever can read the file has the twin's secrets.
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
import zlib
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from twin.errors import BackendError, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["FORMAT", "GRAPH", "JOURNAL", "RECORDS", "Cut", "Manifest", "Member", "check", "extract", "look", "pack"]

FORMAT = 1
GRAPH, RECORDS, JOURNAL = "graph.sqlite", "records.sqlite", "journal"
_MANIFEST = "manifest.json"
_NAMES = re.compile(r"graph\.sqlite|records\.sqlite|issuers\.toml|journal/(id|[0-9]{20}\.journal)")
_CHUNK = 1 << 20
_LEVEL = 1
"""Most of what compressing saves, in a fifth of the time that the rest would take."""
_LARGEST_MANIFEST = 64 << 20
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    OSError,
)
"""What reading a zip may raise where its bytes are not what they were."""


class Member(msgspec.Struct, frozen=True):
    """One file of a backup."""

    bytes: int
    sha256: str


class Cut(msgspec.Struct, frozen=True):
    """Where a backup was taken."""

    timeline: str
    sequence: int
    """Every ChangeSet up to it is there, and none after it."""
    journal: str
    offset: int
    """Every message below it is worked into the readings; those from it on are in the backup's journal."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    format: int = FORMAT
    made: str
    """When, in UTC."""
    version: str
    """Of the twin that made it."""
    cut: Cut
    counts: dict[str, int]
    members: dict[str, Member]


class _Any(msgspec.Struct):
    """What a manifest of any format says."""

    format: int


def pack(
    target: Path,
    folder: Path,
    describe: Callable[[dict[str, Member]], Manifest],
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write the files of a folder, with a manifest, into a new file that only its owner can read, and on the disk.

    Raises:
        OSError: it cannot be written.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    size = sum((folder / name).stat().st_size for name in names)
    told = _Told(progress, size)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            members = {name: _add(archive, name, folder / name, told) for name in names}
            manifest = describe(members)
            archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        file.flush()
        os.fsync(file.fileno())
    return manifest


def look(file: Path) -> Manifest:
    """What a backup says of itself, its content unread; raises what `check` does."""
    with _opened(file) as archive:
        return _manifest(archive)


def check(file: Path, progress: Callable[[int, int], None] | None = None) -> Manifest:
    """Read a backup to its end and compare it with what it says of itself.

    Raises:
        InvalidValue: it is none, is damaged, or cannot be read.
        BackendError: a newer twin made it.
    """
    with _opened(file) as archive:
        manifest = _manifest(archive)
        told = _Told(progress, sum(member.bytes for member in manifest.members.values()))
        for name, member in manifest.members.items():
            for _ in _content(archive, name, member, told):
                pass
    return manifest


def extract(file: Path, folder: Path, progress: Callable[[int, int], None] | None = None) -> Manifest:
    """The same, with its files laid down in a folder, readable by their owner alone.

    Raises:
        OSError: they cannot be written.
    """
    with _opened(file) as archive:
        manifest = _manifest(archive)
        told = _Told(progress, sum(member.bytes for member in manifest.members.values()))
        for name, member in manifest.members.items():
            path = folder / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as draft:
                for chunk in _content(archive, name, member, told):
                    draft.write(chunk)
    return manifest


class _Told:
    """Adds up bytes, for people who watch."""

    def __init__(self, progress: Callable[[int, int], None] | None, size: int) -> None:
        self._progress = progress
        self._size = size
        self._done = 0

    def add(self, count: int) -> None:
        """So many more."""
        self._done += count
        if self._progress is not None:
            self._progress(self._done, max(self._size, self._done))


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """A backup to be read."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(file.open("rb"))))
        except FileNotFoundError as error:
            raise InvalidValue(f"there is no file {file}", code="file.unreadable", help="check its name") from error
        except PermissionError as error:
            raise InvalidValue(
                f"{file} cannot be read: {error.strerror}", code="file.unreadable", help="check its rights"
            ) from error
        except _BROKEN as error:
            raise damaged(str(file), f"it is no whole backup ({_why(error)})") from error
        yield archive


def damaged(place: str, why: str) -> InvalidValue:
    """A backup is not what it says it is."""
    return InvalidValue(
        f"{place}: {why}",
        code="backup.damaged",
        help="it was cut short or altered after it was made: fetch it again from where it is kept, or take another one",
    )


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    place = str(archive.filename or "the backup")
    if _MANIFEST not in archive.namelist():
        raise damaged(place, "it has no manifest.json, so it is no backup of a twin")
    if archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
        raise damaged(place, "its manifest.json is too large to be one")
    try:
        text = archive.read(_MANIFEST)
    except _BROKEN as error:
        raise damaged(place, f"its manifest.json is damaged ({_why(error)})") from error
    try:
        format_ = msgspec.json.decode(text, type=_Any).format
        if format_ > FORMAT:
            raise BackendError(
                f"{place} has format {format_}; this twin knows {FORMAT}",
                code="backup.newer",
                help="restore it with the version of the twin that made it, or a newer one",
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise damaged(place, f"its manifest.json is not a manifest: {error}") from error
    _check_names(archive, manifest, place)
    return manifest


def _check_names(archive: zipfile.ZipFile, manifest: Manifest, place: str) -> None:
    found = [name for name in archive.namelist() if name != _MANIFEST]
    for name in manifest.members:
        if _NAMES.fullmatch(name) is None:
            raise damaged(place, f"its manifest names {name!r}, which is no part of a backup")
        if name not in found:
            raise damaged(place, f"{name} is missing")
    for name in found:
        if name not in manifest.members or found.count(name) > 1:
            raise damaged(place, f"{name!r} is in it, and its manifest does not say so")
    for name in (GRAPH, RECORDS):
        if name not in manifest.members:
            raise damaged(place, f"{name} is missing")


def _content(archive: zipfile.ZipFile, name: str, member: Member, told: _Told) -> Iterator[bytes]:
    """The bytes of a member; at their end it is certain that they are those that were put in."""
    place = str(archive.filename or "the backup")
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(name) as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if size > member.bytes:
                    break
                told.add(len(chunk))
                yield chunk
    except _BROKEN as error:
        raise damaged(place, f"{name} is damaged ({_why(error)})") from error
    if size != member.bytes:
        raise damaged(place, f"{name} has {size} bytes where {member.bytes} are said")
    if digest.hexdigest() != member.sha256:
        raise damaged(place, f"{name} has another SHA-256 than is said")


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _add(archive: zipfile.ZipFile, name: str, path: Path, told: _Told) -> Member:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(_info(name), "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
            told.add(len(chunk))
    return Member(size, digest.hexdigest())


def _info(name: str) -> Any:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # noqa: SLF001 - public from Python 3.13 on
    info.external_attr = 0o600 << 16
    return info

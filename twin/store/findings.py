"""What a look at a store, a directory or a database has found: in plain words, and the next step."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from twin.errors import TwinError

__all__ = ["Finding", "Verdict", "disk", "refused", "secret"]

Verdict = Literal["ok", "unsure", "wrong"]

_LITTLE_BYTES = 1 << 30
_TOO_LITTLE_BYTES = 64 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at."""

    about: str
    """What was looked at: ``neo4j: version``."""
    verdict: Verdict
    """``unsure``: it may become wrong, or cannot be known from here."""
    said: str
    help: str = ""
    """What to do next; empty where nothing is."""


def refused(about: str, error: TwinError) -> Finding:
    """An error of ours as what was found."""
    return Finding(about, "wrong", f"{error.message} ({error.code_})", error.help or "")


def disk(about: str, place: Path) -> Finding:
    """How much room a disk has."""
    free = shutil.disk_usage(place).free
    said = f"{free / 1e9:,.1f} GB are free at {place}"
    if free >= _LITTLE_BYTES:
        return Finding(about, "ok", said)
    verdict: Verdict = "wrong" if free < _TOO_LITTLE_BYTES else "unsure"
    return Finding(
        about, verdict, said, "make room: while the disk is full nothing can be changed and no message is taken"
    )


def secret(about: str, file: Path) -> Finding:
    """Whether only its owner may read a file, and that is who runs this."""
    try:
        found = file.stat()
    except OSError as error:
        return Finding(
            about, "wrong", f"{file} cannot be looked at: {error.strerror}", "check the rights of its folder"
        )
    if found.st_mode & _OTHERS and file.resolve().parent.stat().st_mode & _OTHERS:
        said = f"others may read or change {file} (mode {stat.S_IMODE(found.st_mode):o})"
        return Finding(about, "wrong", said, f"chmod go= {file}")
    if not os.access(file, os.R_OK):
        return Finding(
            about, "wrong", f"{file} may not be read by this user", f"run as its owner (user {found.st_uid})"
        )
    return Finding(about, "ok", f"nobody else can read {file}")

"""The command that lays documents out: fmt."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.options import Json
from twin.cli.output import Output
from twin.errors import AuthoringError, InvalidValue

if TYPE_CHECKING:
    from twin.source import Source

__all__ = ["fmt"]

_STDIN = Path("-")


def fmt(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Documents in YAML; - is standard input.")],
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 if something would be.")] = False,
    json: Json = False,
) -> None:
    """Lay documents out in one way; comments, lines and what is said stay as they are."""
    from twin.engine.library import read_source

    output = Output(json=json)
    if files == [_STDIN]:
        typer.echo(_arranged(_standard_input(), output), nl=False)
        return
    changed: list[str] = []
    for file in files:
        source = read_source(file)
        text = _arranged(source, output)
        if text != file.read_text(encoding="utf-8"):
            changed.append(str(file))
            if not check:
                _replace(file, text)
    verb = "would change" if check else "changed"
    count = f"{len(files)} file{'s' * (len(files) != 1)}, {len(changed)} {verb}"
    output.result(
        {"files": len(files), "changed": changed}, "\n".join([*(f"{verb}: {name}" for name in changed), count])
    )
    if check and changed:
        raise typer.Exit(1)


def _standard_input() -> Source:
    from twin.source import Source

    return Source("<stdin>", sys.stdin.read())


def _arranged(source: Source, output: Output) -> str:
    from twin.source.layout import arranged

    output.sources[source.file] = source
    try:
        return arranged(source)
    except AuthoringError as error:
        output.fail(error)


def _replace(file: Path, text: str) -> None:
    """The new text in the file's place, whole or not at all."""
    try:
        with NamedTemporaryFile("w", dir=file.resolve().parent, delete=False, encoding="utf-8", newline="") as made:
            made.write(text)
        Path(made.name).chmod(file.stat().st_mode & 0o777)
        Path(made.name).replace(file.resolve())
    except OSError as error:
        raise InvalidValue(
            f"{file} cannot be written: {error.strerror}", code="file.unwritable", help="make it writable"
        ) from error

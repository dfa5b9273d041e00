"""Documents that are wrong on purpose, and what the twin says of them. Run as a program, it writes the expectations."""

from __future__ import annotations

from pathlib import Path

from twin.errors import AuthoringError
from twin.ontology.compile import compile_ontology
from twin.source import Diagnostics, MapNode, Source, read, render
from twin.topology.expand import expand
from twin.topology.series import read_series
from twin.topology.template import read_topology

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "authoring"


def find(name: str) -> Source | None:
    """An ontology that is shipped, or one made for these tests."""
    for folder in (GOLDEN / "imports", ROOT / "ontologies"):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return Source(path.name, path.read_text(encoding="utf-8"))
    return None


def judge(source: Source, sheet: Source | None = None) -> Diagnostics:
    """Everything the twin has to say about a document, with no parameters given but the table ``meters``."""
    report = Diagnostics()
    root = read(source, Diagnostics())
    keys = root.entries if isinstance(root, MapNode) else {}
    try:
        if "topology" in keys:
            template = read_topology(source, find)
            expand(template, template.name, {}, report, {} if sheet is None else {"meters": sheet})
        elif "series" in keys:
            read_series(source)
        else:
            compile_ontology([source], find, report)
    except AuthoringError as error:
        report.include(error.diagnostics)
    return report


def diagnose(path: Path) -> str:
    """What a terminal shows for a file."""
    try:
        source = Source.decode(path.name, path.read_bytes())
    except AuthoringError as error:
        return render(error.diagnostics)
    beside = path.with_suffix(".csv")
    sheet = Source.decode(beside.name, beside.read_bytes()) if beside.is_file() else None
    return render(judge(source, sheet).all, {one.file: one for one in (source, sheet) if one is not None})


def main() -> None:
    """Write what is said today, to be looked at and committed."""
    for path in sorted(GOLDEN.glob("*.yaml")):
        path.with_suffix(".expected").write_text(diagnose(path), encoding="utf-8")


if __name__ == "__main__":
    main()

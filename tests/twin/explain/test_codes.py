"""Every code in the source is explained, and nothing is explained that the source never says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.authoring import GOLDEN, ROOT
from twin.explain import DEADLETTERS, RUNTIME, pages, sentence
from twin.explain.people import PEOPLE
from twin.explain.stock import ASSETS
from twin.explain.storage import STORAGE

CODE = re.compile(r"[a-z]+\.[a-z0-9][a-z0-9_-]*")
SHOWN = re.compile(r"^\S+:\d+:\d+ (?:warning )?(\S+\.\S+)  ", re.MULTILINE)
DOCUMENTS = [ROOT / "twin" / part for part in ("source", "expressions", "ontology", "topology")]
MESSAGES = [ROOT / "twin" / "telemetry" / part for part in ("decode", "fates.py", "rules.py", "targets.py")]
EVERYTHING = [ROOT / "twin"]


def trees(places: list[Path]) -> Iterator[tuple[Path, ast.AST]]:
    for place in places:
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def is_code(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(CODE.fullmatch(node.value))


def raised(places: list[Path]) -> dict[str, str]:
    """Codes of the error tree, with a place: what stands after ``code=``, and the codes of the classes."""
    found = {}
    for file, tree in trees(places):
        if file.is_relative_to(ROOT / "twin" / "source") or file.name == "shape.py":
            continue  # `code=` is a diagnostic's there
        for node in ast.walk(tree):
            named = isinstance(node, ast.keyword) and node.arg == "code"
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                named = any(isinstance(target, ast.Name) and target.id == "code" for target in targets)
            if named and is_code(value := node.value):
                found[value.value] = f"{file}:{value.lineno}"
    return found


def said(places: list[Path]) -> tuple[dict[str, str], set[str]]:
    """Codes that stand as texts, with a place; and the ends of those that are put together, such as ``.changed``."""
    found, ends = {}, set()
    for file, tree in trees(places):
        others = {id(inner) for node in ast.walk(tree) if leaves_out(node) for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if is_code(node) and id(node) not in others:
                found[node.value] = f"{file}:{node.lineno}"
            if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[1], ast.Constant):
                end = str(node.values[1].value)
                ends |= {end} if re.fullmatch(r"\.[a-z_]+", end) else set()
    return found, ends


def leaves_out(node: ast.AST) -> bool:
    """Whether it is a log's event, or an error of the tree (``code=…``): neither is a diagnostic."""
    if not isinstance(node, ast.Call):
        return False
    error = any(word.arg == "code" for word in node.keywords) and ast.unparse(node.func) != "Leaf"
    return error or (isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in {"log", "_log"})


def missing(found: dict[str, str], explained: set[str], what: str) -> str:
    return "\n".join(
        f"{code} ({place}) is not explained: {what}" for code, place in found.items() if code not in explained
    )


def test_every_code_of_a_document_has_a_page() -> None:
    found, ends = said(DOCUMENTS)
    for expected in GOLDEN.glob("*.expected"):
        for code in SHOWN.findall(expected.read_text(encoding="utf-8")):
            found.setdefault(code, expected.name)
    lacking = missing(found, set(pages()), "add twin/explain/pages/CODE.md, in the form of those beside it")
    assert not lacking, lacking
    assert all(any(code.endswith(end) for code in pages()) for end in ends)


def test_no_page_is_left_of_a_code_that_is_gone() -> None:
    found, ends = said(DOCUMENTS)
    left = [code for code in pages() if code not in found and not code.endswith(tuple(ends))]
    assert not left, f"nothing says {left}: remove their pages from twin/explain/pages"


def test_a_page_is_in_the_file_of_its_code() -> None:
    files = {path.stem for path in (ROOT / "twin" / "explain" / "pages").iterdir()}
    assert files == set(pages())


def test_every_error_is_explained_and_every_explanation_is_of_an_error() -> None:
    found = raised(EVERYTHING)
    lacking = missing(found, set(RUNTIME), "add it to a table in twin/explain: runtime, people or storage")
    assert not lacking, lacking
    left = set(RUNTIME) - raised([*EVERYTHING, ROOT / "api"]).keys()
    assert not left, f"nothing says {sorted(left)}: remove their causes"


def test_every_dead_letter_is_explained_and_every_explanation_is_of_a_dead_letter() -> None:
    found, _ = said(MESSAGES)
    lacking = missing(found, set(DEADLETTERS), "add it to DEADLETTERS in twin/explain/deadletters.py")
    assert not lacking, lacking
    assert set(DEADLETTERS) <= set(found)


def test_a_cause_is_a_sentence_and_says_what_to_do() -> None:
    for cause in (*RUNTIME.values(), *DEADLETTERS.values()):
        for text in (cause.meaning, cause.remedy):
            assert text.endswith((".", "?", "…")), text
            assert len(text.split()) >= 3, text
            assert sentence(text)
    for table in (PEOPLE, ASSETS, STORAGE, DEADLETTERS):
        assert list(table) == sorted(table)

"""Wrong documents and what is said of them: pairs of files in ``tests/golden/authoring``, and accidents at random.

After a change of wording: ``python -m tests.authoring`` writes the expectations anew; look at the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.authoring import GOLDEN, ROOT, diagnose, judge
from tests.strategies import mistyped
from twin.source import Source, render

CASES = sorted(GOLDEN.glob("*.yaml"))
WRITTEN = [Source("a.yaml", path.read_text(encoding="utf-8")) for path in CASES if path.stem.startswith("ontology-")]
SHIPPED = [
    Source(path.name, path.read_text(encoding="utf-8"))
    for path in (*sorted((ROOT / "ontologies").glob("*.yaml")), *sorted((ROOT / "examples").glob("*.yaml")))
]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_said_of_a_wrong_document(path: Path) -> None:
    assert diagnose(path) == path.with_suffix(".expected").read_text(encoding="utf-8")


def test_every_wrong_document_is_found_wrong() -> None:
    assert len(CASES) >= 40
    assert all(path.with_suffix(".expected").stat().st_size for path in CASES)


@pytest.mark.parametrize("source", SHIPPED, ids=lambda source: source.file)
def test_what_is_shipped_is_right(source: Source) -> None:
    assert not render(judge(source).all, {source.file: source})


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.sampled_from([*SHIPPED, *WRITTEN]).flatmap(
        lambda source: mistyped(source.text).map(lambda text: Source("a.yaml", text))
    )
)
def test_no_accident_ends_in_anything_but_diagnostics(source: Source) -> None:
    found = judge(source).all
    assert all(one.place.line >= 1 and 1 <= one.place.column < one.place.end for one in found)
    assert render(found, {source.file: source}).count("\x1b") == 0

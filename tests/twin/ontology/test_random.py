"""Ontologies made at random by their form: whatever is wrong with them, they end in diagnostics."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings

from tests.authoring import find
from tests.shaped import shaped
from twin.errors import AuthoringError
from twin.explain import pages
from twin.ontology.compile import compile_documents, compile_ontology
from twin.ontology.difference import compare_ontologies
from twin.ontology.shape import ONTOLOGY
from twin.source import Diagnostics, Source, render

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
HEAD = {"ontology": "made", "version": "1.0.0", "imports": {"core": "^1.0"}, "enums": {"Mode": ["off", "eco"]}}


def source_of(document: dict[str, Any]) -> Source:
    return Source("made.yaml", yaml.safe_dump({**document, **HEAD}, sort_keys=False, allow_unicode=True))


@settings(deadline=None, max_examples=150, suppress_health_check=SLOW)
@given(shaped(ONTOLOGY))
def test_whatever_is_written_ends_in_diagnostics_or_compiles(document: Any) -> None:
    source, report = source_of(document if isinstance(document, dict) else {}), Diagnostics()
    try:
        ontology = compile_ontology([source], find, report)
    except AuthoringError as error:
        report.include(error.diagnostics)
        assert report.has_errors
    else:
        assert compile_documents(ontology.documents) == ontology
        assert not compare_ontologies(ontology, ontology, "made").differences
    known = pages()
    assert all(each.code in known for each in report.all)
    assert render(report.all, {source.file: source}).count("\x1b") == 0

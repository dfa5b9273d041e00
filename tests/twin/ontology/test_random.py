"""Ontologies made at random by their form: whatever is wrong with them, they end in diagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.authoring import find
from tests.shaped import shaped
from twin.errors import AuthoringError
from twin.explain import pages
from twin.ontology.compile import compile_documents, compile_ontology
from twin.ontology.difference import compare_ontologies
from twin.ontology.shape import COMMAND, EVENT, ONTOLOGY, POINT, PROPERTY
from twin.source import Diagnostics, Source, render

if TYPE_CHECKING:
    from twin.source import Shape

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
HEAD = {"ontology": "made", "version": "1.0.0", "imports": {"core": "^1.0"}, "enums": {"Mode": ["off", "eco"]}}


def source_of(document: dict[str, Any]) -> Source:
    return Source("made.yaml", yaml.safe_dump({**document, **HEAD}, sort_keys=False, allow_unicode=True))


def some_of(shape: Shape) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from("abc"), shaped(shape), max_size=2)


MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "status": some_of(POINT),
        "configuration": some_of(POINT),
        "properties": some_of(PROPERTY),
        "commands": some_of(COMMAND),
        "events": some_of(EVENT),
    },
)


@settings(deadline=None, max_examples=60, suppress_health_check=SLOW)
@given(shaped(ONTOLOGY))
def test_whatever_is_written_ends_in_diagnostics_or_compiles(document: Any) -> None:
    judge(document if isinstance(document, dict) else {})


@settings(deadline=None, max_examples=100, suppress_health_check=SLOW)
@given(st.lists(MEMBERS, min_size=3, max_size=3))
def test_whatever_types_say_of_their_members_ends_in_diagnostics_or_compiles(members: list[Any]) -> None:
    mixin, one, other = members
    devices = {"One": {"is": ["Device", "Part"], **one}, "Other": {"is": "One", **other}}
    judge({"mixins": {"Part": mixin}, "devices": devices})


def judge(document: dict[str, Any]) -> None:
    """Compile it, and look at what comes of it."""
    source, report = source_of(document), Diagnostics()
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

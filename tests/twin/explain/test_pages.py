"""Every page is true: its wrong example gives its code and nothing else, its right one gives nothing at all."""

from __future__ import annotations

import pytest

from twin.explain import Document, Example, Page, pages, sentence

CASES = [pytest.param(page, id=code) for code, page in pages().items()]


@pytest.mark.parametrize("page", CASES)
def test_the_wrong_example_gives_the_code_alone(page: Page) -> None:
    found, _ = page.wrong.judged()
    assert [each.code for each in found] == [page.code], page.wrong.said()
    assert found[0].place.file in {document.file for document in page.wrong.documents}


@pytest.mark.parametrize("page", CASES)
def test_the_right_example_is_right(page: Page) -> None:
    assert page.right.said() == ""


@pytest.mark.parametrize("page", CASES)
def test_the_meaning_is_a_sentence_that_stays_the_example_differs(page: Page) -> None:
    first = sentence(page.meaning)
    assert first[0].isupper() or first[0] == "`"
    assert first.endswith(".")
    assert len(first.split()) >= 5
    assert page.wrong != page.right


TOPOLOGY = """topology: t
version: 1.0.0
uses: { cabins: ^1.0 }
parameters: { n: { type: integer } }
site: { type: Cabin, title: "${n}" }
"""
ONTOLOGY = """ontology: cabins
version: 1.0.0
imports: { core: ^1.0 }
sites: { Cabin: { is: Site } }
"""


def test_an_example_may_need_other_documents_and_parameters() -> None:
    documents = (Document("example.yaml", TOPOLOGY), Document("cabins.yaml", ONTOLOGY))
    given = Example(documents, "twin plan example.yaml --set n=3 --site a")
    assert given.parameters == {"n": "3"}
    assert given.said() == ""
    assert "parameter.missing" in Example(documents).said()
    assert "import.unknown" in Example(documents[:1], given.command).said()


def test_a_line_may_stand_for_many_and_an_escape_for_a_byte() -> None:
    assert Document("a.yaml", "a{n}: {n+1}  # 3 times\nb: 1\n").data == b"a1: 2\na2: 3\na3: 4\nb: 1\n"
    assert Document("a.yaml", "a: \\xe0\n", escaped=True).data == b"a: \xe0\n"


def test_an_example_as_data_has_what_is_said_of_it() -> None:
    data = pages()["yaml.tab"].wrong.as_dict()
    assert data["documents"][0]["file"] == "example.yaml"
    assert [each["code"] for each in data["diagnostics"]] == ["yaml.tab"]

from __future__ import annotations

import pytest
import yaml

from twin.errors import AuthoringError
from twin.source import Diagnostics, ListNode, MapNode, Scalar, Source, read, reader


def codes(text: str) -> list[str]:
    report = Diagnostics()
    read(Source("a.yaml", text), report)
    return [found.code for found in report.all]


def root(text: str) -> MapNode:
    report = Diagnostics()
    node = read(Source("a.yaml", text), report)
    assert not report.all
    assert isinstance(node, MapNode)
    return node


def test_nodes_know_where_they_stand() -> None:
    node = root('a: 1\nb: {c: "x", d: [y, z]}\n')
    inner = node.map("b")
    assert inner is not None
    assert str(inner.entries["c"].key.place) == "a.yaml:2:5"
    assert (inner.place_of("c").column, inner.place_of("c").end) == (8, 11)
    assert [word.place.column for word in inner.words("d")] == [17, 20]


def test_what_is_quoted_is_text() -> None:
    node = root("a: '12'\nb: 12\nc: !!str 12\nd: |\n  12\n")
    values = [node.entries[key].value for key in "abcd"]
    assert [value.value for value in values if isinstance(value, Scalar)] == ["12", 12, "12", "12\n"]


def test_aliases_repeat_what_they_name() -> None:
    node = root("a: &x [1, 2]\nb: *x\n")
    assert node.entries["a"].value is node.entries["b"].value
    assert isinstance(node.entries["b"].value, ListNode)


def test_a_tab_inside_a_text_is_content() -> None:
    assert root("a: |\n  x\n  \ty\nb: 'p\n  \tq'\n").text("a") == "x\n\ty\n"


def test_every_tab_and_every_bad_character_is_reported_at_once() -> None:
    assert codes("a:\n\tb: 1\n\tc: 2\n") == ["yaml.tab", "yaml.tab"]
    assert codes("a: \x00\nb: \x1b\n") == ["yaml.character", "yaml.character"]


def test_every_duplicate_is_reported_and_both_halves_are_read() -> None:
    report = Diagnostics()
    node = read(Source("a.yaml", "a: {x: 1}\na: {y: 2}\na: {z: 3}\n"), report)
    assert [found.code for found in report.all] == ["key.duplicate", "key.duplicate"]
    assert isinstance(node, MapNode)
    assert {entry.key.text for entry in node.under("a")} == {"x", "y", "z"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "document.empty"),
        ("---\n...\n", "document.empty"),
        ("~", "document.empty"),
        ("a: 1\n---\nb: 2\n", "yaml.documents"),
        ("a: b: c", "yaml.syntax"),
        ("a: [", "yaml.syntax"),
        ('a: "\\q"', "yaml.syntax"),
        ("a: %x", "yaml.syntax"),
        ("1: x", "key.invalid"),
        ("true: x", "key.invalid"),
        ("? [a]\n: x", "key.invalid"),
        ("? ~\n: x", "key.invalid"),
        ("a: !x y", "yaml.tag"),
        ("a: !!int y", "yaml.tag"),
        ("a: !!set {x}", "yaml.tag"),
        ("a: *b", "alias.unknown"),
        ("a: &a {b: *a}", "alias.recursive"),
        ("a: 1e999", "yaml.number"),
        ("a: {<<: {b: 1}}", "yaml.merge"),
        ("[" * 200, "yaml.deep"),
        ("a: " * 3 + "\ud800", "yaml.character"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    assert codes(text) == [code]


def test_a_document_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_TEXT", 100)
    monkeypatch.setattr(reader, "MAX_NODES", 20)
    assert codes("a" * 101) == ["yaml.large"]
    assert codes(f"[{'a,' * 30}]") == ["yaml.large"]
    assert codes("a: &a [1, 2, 3]\nb: &b [*a, *a]\nc: [*b, *b]") == ["alias.bomb"]


def test_without_libyaml_the_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: 1\nb: [x, 'y']\nc: {d: |\n  z\n  }\n"
    monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)
    assert root("a: 1\nb: [x, 'y']\n").words("b")[1].place.column == 8
    assert codes(text) == ["yaml.syntax"]
    assert codes("a:\n\tb: 1\n") == ["yaml.tab"]


def test_a_byte_order_mark_is_no_character() -> None:
    assert root("\ufeffa: 1").place_of("a").column == 4
    assert Source.decode("a.yaml", b"\xef\xbb\xbfa: 1").text == "a: 1"


def test_bytes_must_be_utf_8() -> None:
    with pytest.raises(AuthoringError) as caught:
        Source.decode("a.yaml", b"a: 1\nb: caf\xe9\n")
    (found,) = caught.value.diagnostics
    assert (found.code, str(found.place)) == ("yaml.encoding", "a.yaml:2:7")

"""From YAML text to nodes, through libyaml's events, with everything refused that is legal YAML and a trap.

Bounds: `MAX_TEXT` characters, `MAX_DEPTH` levels, `MAX_NODES` nodes after aliases are followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import yaml

from twin.errors import Place
from twin.source.nodes import Entry, ListNode, MapNode, Node, Scalar, Source, WrongNode
from twin.source.scalars import resolve
from twin.source.syntax import explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.source.diagnostics import Diagnostics

Event: TypeAlias = Any  # PyYAML's stubs know neither the marks nor the anchors of its events

__all__ = ["MAX_DEPTH", "MAX_NODES", "MAX_TEXT", "read"]

MAX_TEXT = 4_000_000
MAX_DEPTH = 60
MAX_NODES = 400_000
_MANY = 20
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.2 does not allow in a document (section 5.1)."""
_TAB = re.compile(r"^[ ]*(\t+)(?=\S)", re.MULTILINE)
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_TAGS = {
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (int, float),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:null": (type(None),),
}


def read(source: Source, report: Diagnostics) -> Node | None:
    """The root node of a document, or None when there is nothing to go on with; why is in ``report``."""
    if source.text.startswith("\ufeff"):
        source = Source(source.file, source.text[1:])
    if not _readable(source, report):
        return None
    reader = _Reader(source, report)
    try:
        root = reader.document()
    except _StopReading:
        root = None
    except yaml.YAMLError as error:
        root = None
        if not _tabs(source, (), report):
            report.add(explain(error, source))
    else:
        _tabs(source, reader.folded, report)
    return root


def _readable(source: Source, report: Diagnostics) -> bool:
    if len(source.text) > MAX_TEXT:
        message = f"the document has {len(source.text):,} characters; {MAX_TEXT:,} are allowed"
        report.error(
            "yaml.large", message, Place(source.file, 1, 1, 2), help="split it, or generate entities with 'each'"
        )
        return False
    wrong = [match for match, _ in zip(_FORBIDDEN.finditer(source.text), range(_MANY), strict=False)]
    for match in wrong:
        message = f"character U+{ord(match[0]):04X} is not allowed in YAML"
        help_ = 'delete it, or write it as an escape in double quotes, like "\\x1b"'
        report.error("yaml.character", message, source.place(match.start(), match.end()), help=help_)
    return not wrong


def _tabs(source: Source, texts: tuple[tuple[int, int], ...] | list[tuple[int, int]], report: Diagnostics) -> bool:
    """Report tabs that indent; inside ``texts`` (scalars of several lines) they are content."""
    found = [m for m in _TAB.finditer(source.text) if not any(low < m.start(1) < high for low, high in texts)]
    for match in found[:_MANY]:
        place = source.place(match.start(1), match.end(1))
        report.error("yaml.tab", "a tab cannot indent YAML", place, help="use spaces: two for each level")
    return bool(found)


class _StopReading(Exception):
    """Nothing after this can be read; why has been reported."""


class _Reader:
    """Composes nodes from one stream of events."""

    def __init__(self, source: Source, report: Diagnostics) -> None:
        self.folded: list[tuple[int, int]] = []
        self._source = source
        self._report = report
        self._events: Iterator[Event] = yaml.parse(source.text, Loader=_LOADER)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._count = 0

    def document(self) -> Node | None:
        """The one document of the stream."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._empty()
            return None
        root = self._node(next(self._events), 0)
        next(self._events)
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            self._report.error(
                "yaml.documents",
                "a second document begins here",
                _place(after, self._source),
                help="one document per file: put it in a file of its own",
            )
        if isinstance(root, Scalar) and root.value is None:
            self._empty()
            return None
        return root

    def _empty(self) -> None:
        place = Place(self._source.file, 1, 1, 2)
        help_ = "begin with 'ontology: NAME' or 'topology: NAME'"
        self._report.error("document.empty", "the document is empty", place, help=help_)

    def _stop(self, code: str, message: str, place: Place, help_: str) -> NoReturn:
        self._report.error(code, message, place, help=help_)
        raise _StopReading

    def _node(self, event: Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            message = f"more than {MAX_DEPTH} levels deep"
            self._stop(
                "yaml.deep", message, _place(event, self._source), "nothing that the twin reads is nested so deeply"
            )
        before = self._count
        self._grow(1, event)
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = None
        node = self._compose(event, depth)
        if anchor is not None:
            self._anchors[anchor] = (node, self._count - before)
        return node

    def _grow(self, count: int, event: Event, code: str = "yaml.large") -> None:
        self._count += count
        if self._count > MAX_NODES:
            message = f"the document unfolds to more than {MAX_NODES:,} nodes"
            help_ = "write less of it as aliases" if code == "alias.bomb" else "split the document"
            self._stop(code, message, _place(event, self._source), help_)

    def _alias(self, event: Event) -> Node:
        name, place = event.anchor, _place(event, self._source)
        known = self._anchors.get(name)
        if known is None and name in self._anchors:
            self._stop("alias.recursive", f"'*{name}' contains itself", place, "write the entries out")
        if known is None:
            help_ = f"mark the value it should repeat with '&{name}', above; a text that begins with * is quoted"
            self._stop("alias.unknown", f"nothing is marked '&{name}'", place, help_)
        node, size = known
        self._grow(size, event, "alias.bomb")
        return node

    def _compose(self, event: Event, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            node: Node = self._list(event, depth)
        else:
            node = self._map(event, depth)
        tag = event.tag
        if tag is not None and tag not in {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "!"}:
            return self._bad_tag(tag, _place(event, self._source))
        return node

    def _list(self, event: Event, depth: int) -> ListNode:
        items = []
        while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(inner, depth + 1))
        return ListNode(tuple(items), _span(event, inner, self._source))

    def _map(self, event: Event, depth: int) -> MapNode:
        entries: dict[str, Entry] = {}
        damaged = False
        while not isinstance(inner := next(self._events), yaml.MappingEndEvent):
            key = self._node(inner, depth + 1)
            value = self._node(next(self._events), depth + 1)
            self._enter(entries, key, value)
            damaged |= not _entered(entries, key)
        return MapNode(entries, _span(event, inner, self._source), damaged)

    def _enter(self, entries: dict[str, Entry], key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            if not isinstance(key, WrongNode):
                help_ = 'a text that begins with { or [ is written in quotes, like "{…}"'
                self._report.error("key.invalid", "a key must be text", key.place, help=help_)
        elif key.plain and key.text == "<<":
            help_ = "write the entries out: YAML 1.2 has no merge keys"
            self._report.error("yaml.merge", "'<<' does not merge", key.place, help=help_)
        elif not isinstance(key.value, str):
            help_ = f'write it in quotes: "{key.text}"' if key.text else "write the key before the colon"
            self._report.error("key.invalid", f"a key must be text, not {_kind(key)}", key.place, help=help_)
        elif key.value in entries:
            first = entries[key.value].key.place
            related = [(first, f"the first '{key.value}'")]
            help_ = "a key stands once in a map: rename one of the two, or merge them"
            self._report.error(
                "key.duplicate", f"'{key.value}' stands here twice", key.place, related=related, help=help_
            )
            entries[key.value] = Entry(entries[key.value].key, _merged(entries[key.value].value, value))
        else:
            entries[key.value] = Entry(key, value)

    def _scalar(self, event: Event) -> Node:
        place = _place(event, self._source)
        start, end = event.start_mark.index, event.end_mark.index
        if event.start_mark.line != event.end_mark.line:
            self.folded.append((start, end))
        plain = not event.style
        value: str | int | float | bool | None = event.value
        if plain and event.tag not in _TEXT_TAGS:
            try:
                value = resolve(event.value)
            except OverflowError:
                help_ = "a number this large is an identifier: write it in quotes"
                self._report.error("yaml.number", f"{event.value[:20]}… is too large", place, help=help_)
                return WrongNode(place)
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            allowed = _TAGS.get(event.tag, ())
            if type(value) not in allowed:
                return self._bad_tag(event.tag, place)
        return Scalar(value, event.value, place, self._source, (start, end), plain)

    def _bad_tag(self, tag: str, place: Place) -> WrongNode:
        short = tag.replace("tag:yaml.org,2002:", "!!")
        help_ = "leave it out; a text that begins with ! is written in quotes"
        self._report.error("yaml.tag", f"the tag '{short}' means nothing here", place, help=help_)
        return WrongNode(place)


def _entered(entries: dict[str, Entry], key: Node) -> bool:
    return isinstance(key, Scalar) and key.text in entries


def _merged(first: Node, second: Node) -> Node:
    """Both halves of what one key names twice, so that what refers to the second half is no second mistake."""
    if not (isinstance(first, MapNode) and isinstance(second, MapNode)):
        return first
    return MapNode({**second.entries, **first.entries}, first.place)


def _kind(key: Scalar) -> str:
    if key.value is None:
        return "nothing"
    return "a boolean" if isinstance(key.value, bool) else "a number"


def _place(event: Event, source: Source) -> Place:
    """Where an event stands, cut at the end of its first line."""
    start, end = event.start_mark, event.end_mark
    until = end.column if end.line == start.line else start.column + _rest_of_line(source.text, start.index)
    return Place(source.file, start.line + 1, start.column + 1, max(until, start.column + 1) + 1)


def _rest_of_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return (len(text) if end < 0 else end) - index


def _span(first: Event, last: Event, source: Source) -> Place:
    """Where a collection stands, from its first event to its last."""
    start, end = first.start_mark, last.end_mark
    if start.line == end.line:
        return Place(source.file, start.line + 1, start.column + 1, max(end.column, start.column + 1) + 1)
    return _place(first, source)

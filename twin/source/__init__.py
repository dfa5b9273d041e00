r"""YAML as authors write it: text in, nodes that know their file, line and column out, every mistake a diagnostic.

    text -> read -> nodes -> conform(shape) -> nodes that are worth looking at
                       \________ Diagnostics ________/ -> render -> what a terminal shows

Pure: no file is opened here; a `Source` is handed in.
"""

from twin.source.diagnostics import Diagnostics, closest, did_you_mean
from twin.source.nodes import Entry, ListNode, MapNode, Node, Scalar, Source, Value, WrongNode
from twin.source.reader import read
from twin.source.rendering import render
from twin.source.schema import json_schema
from twin.source.shapes import Entries, Field, Leaf, Lists, Record, Reference, Shape, TextOr, conform
from twin.source.sheets import read_sheet

__all__ = [
    "Diagnostics",
    "Entries",
    "Entry",
    "Field",
    "Leaf",
    "ListNode",
    "Lists",
    "MapNode",
    "Node",
    "Record",
    "Reference",
    "Scalar",
    "Shape",
    "Source",
    "TextOr",
    "Value",
    "WrongNode",
    "closest",
    "conform",
    "did_you_mean",
    "json_schema",
    "read",
    "read_sheet",
    "render",
]

from __future__ import annotations

from twin.source import (
    Diagnostics,
    Entries,
    Field,
    Leaf,
    Lists,
    MapNode,
    Record,
    Reference,
    Shape,
    Source,
    TextOr,
    WrongNode,
    conform,
    json_schema,
    read,
)

LAMP: Record = Record(
    "a lamp",
    {
        "power": Field(Leaf(("number",), dynamic=True), "its power", required=True),
        "names": Field(Lists(Leaf(pattern="[a-z]+", says="lowercase")), "its names"),
        "title": Field(TextOr(Leaf(), Entries("[a-z]{2}", "a language", Leaf())), "its title"),
        "parts": Field(Entries("[a-z]+", "lowercase", Reference("lamp", lambda: LAMP), patterned=True), "its parts"),
        "colour": Field(Leaf(choices=("red", "green")), "its colour"),
    },
)


def conformed(text: str) -> tuple[MapNode, list[str]]:
    report = Diagnostics()
    node = read(Source("a.yaml", text), report)
    assert node is not None
    found = conform(node, LAMP, report, "the lamp")
    assert isinstance(found, MapNode)
    return found, [f"{one.place.column} {one.code}" for one in report.all]


def test_what_fits_is_kept() -> None:
    node, wrong = conformed("{power: 5, names: a, title: {en: x}, parts: {a: {power: 1}, 'b${n}': {power: '${n}'}}}")
    assert not wrong
    assert list(node.entries) == ["power", "names", "title", "parts"]


def test_everything_that_does_not_fit_is_reported_and_stands_as_wrong() -> None:
    node, wrong = conformed("{power: high, names: [a, B, 3], title: [x], colour: blue, parts: {A: {power: 1}}}")
    assert wrong == [
        "9 value.type",
        "26 value.invalid",
        "29 value.type",
        "40 value.type",
        "53 value.invalid",
        "67 key.invalid",
    ]
    assert isinstance(node.entries["power"].value, WrongNode)
    assert node.get("power") is None
    assert [word.text for word in node.words("names")] == ["a"]


def test_a_misspelt_key_is_read_as_the_one_it_was_meant_to_be() -> None:
    node, wrong = conformed("{pwoer: 5}")
    assert wrong == ["2 key.unknown"]
    assert node.number("power") == 5


def test_a_key_that_must_be_there_is_missed_once() -> None:
    assert conformed("{parts: {a: {}}}")[1] == ["1 key.missing", "10 key.missing"]
    assert conformed("{power: }")[1] == ["2 value.type"]


def test_shapes_are_json_schema() -> None:
    schema = json_schema(LAMP, "Lamp", "lamp.json")
    assert schema["required"] == ["power"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["power"] == {"type": "number", "description": "its power"}
    assert schema["properties"]["parts"]["additionalProperties"] == {"$ref": "#/definitions/lamp"}
    assert schema["definitions"]["lamp"]["properties"]["colour"]["enum"] == ["red", "green"]


def test_a_description_that_ends_with_an_example_gives_one() -> None:
    def shown(says: str, shape: Shape) -> object:
        record = Record("x", {"x": Field(shape, says)})
        return json_schema(record, "X", "x.json")["properties"]["x"].get("examples")

    assert shown("how often: 5 min", Leaf()) == ["5 min"]
    assert shown("its sizes: { a: 1 }", Entries("[a-z]", "a letter", Leaf(("number",)))) == [{"a": 1}]
    assert shown("true: it is there", Leaf(("boolean",))) is None
    assert shown("its name", Leaf()) is None

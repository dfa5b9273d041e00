"""Changing titles and properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.api.conftest import Served, token

if TYPE_CHECKING:
    from collections.abc import Iterator

UPDATE = """mutation ($ref: Ref!, $title: String, $lang: String, $properties: [PropertyInput!], $revision: Int,
    $key: String) { updateEntity(ref: $ref, title: $title, lang: $lang, properties: $properties,
        expectedRevision: $revision, idempotencyKey: $key) { __typename
    ... on EntityUpdated { entity { title fr: title(lang: "fr") revision properties { name value } } }
    ... on UpdateRefused { code message help } } }"""


@pytest.fixture
def writer(fresh: Served) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {token(fresh)}"}
    with httpx2.Client(base_url=fresh.url, headers=headers) as client:
        yield client


def update(app: httpx2.Client, **variables: Any) -> Any:
    answer = app.post("/graphql", json={"query": UPDATE, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]["updateEntity"]


def test_a_title_for_all_languages_or_one(writer: httpx2.Client) -> None:
    one = update(writer, ref="hugo/flat", title="Logement", lang="fr")["entity"]
    assert (one["title"], one["fr"], one["revision"]) == ("Flat", "Logement", 2)
    every = update(writer, ref="hugo/flat", title="Home")["entity"]
    assert (every["title"], every["fr"], every["revision"]) == ("Home", "Home", 3)


def test_properties_change_and_go(writer: httpx2.Client) -> None:
    ref = "hugo/flat/living/thermostat"
    changed = update(writer, ref=ref, properties=[{"name": "colour", "value": "white"}])["entity"]
    assert changed["properties"] == [{"name": "vendor", "value": "Velio"}, {"name": "colour", "value": "white"}]
    gone = update(writer, ref=ref, properties=[{"name": "vendor", "value": None}])["entity"]
    assert gone["properties"] == [{"name": "colour", "value": "white"}]


def test_nothing_to_change_changes_nothing(writer: httpx2.Client, fresh: Served) -> None:
    assert update(writer, ref="hugo/flat", properties=[{"name": "area", "value": 42.5}])["entity"]["revision"] == 1
    assert fresh.engine.mirror.head == 1


def test_the_same_key_does_it_once(writer: httpx2.Client) -> None:
    first = update(writer, ref="hugo/flat", title="One", key="k")["entity"]
    again = update(writer, ref="hugo/flat", title="Two", key="k")["entity"]
    assert first == again


def test_who_did_it_is_kept(writer: httpx2.Client, fresh: Served) -> None:
    update(writer, ref="hugo/flat", title="One")
    entity = fresh.engine.mirror.by_path("hugo/flat")
    assert entity is not None
    assert entity.updated_by == fresh.engine.clients.list()[0].client_id


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"ref": "nowhere", "title": "x"}, "entity.unknown"),
        ({"ref": "zola/flat", "title": "x"}, "entity.unknown"),
        ({"ref": "hugo/flat", "title": " "}, "title.invalid"),
        ({"ref": "hugo/flat", "title": "x", "revision": 7}, "revision.conflict"),
        ({"ref": "hugo/flat", "title": "x", "key": ""}, "key.invalid"),
        ({"ref": "hugo/flat", "properties": [{"name": "height", "value": 1}]}, "property.unknown"),
        ({"ref": "hugo/flat", "properties": [{"name": "area", "value": 0.5}]}, "property.value"),
        ({"ref": "hugo/flat", "properties": [{"name": "area", "value": "big"}]}, "property.value"),
    ],
)
def test_what_is_refused_says_why(writer: httpx2.Client, variables: dict[str, Any], code: str) -> None:
    refused = update(writer, **variables)
    assert (refused["__typename"], refused["code"]) == ("UpdateRefused", code)
    assert refused["message"]


def test_without_the_scope_nothing_changes(fresh: Served) -> None:
    reader = {"Authorization": f"Bearer {token(fresh, 'twin:read')}"}
    body = {"query": UPDATE, "variables": {"ref": "hugo/flat", "title": "x"}}
    [error] = httpx2.post(f"{fresh.url}/graphql", json=body, headers=reader).json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["scope"]) == ("scope.insufficient", "twin:write")
    assert fresh.engine.mirror.head == 1

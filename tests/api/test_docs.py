"""The documentation: whole, true to what is served, and self-contained."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis

from api.docs.openapi import openapi
from tests.api.conftest import Served, token

if TYPE_CHECKING:
    import httpx2


class Tags(HTMLParser):
    """Every tag with its attributes, and that those which must be closed are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_from_elsewhere(anyone: httpx2.Client) -> None:
    answer = anyone.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    tags = Tags(answer.text)
    assert tags.open == []
    assert not {tag for tag, _ in tags.seen} & {"script", "link", "img", "iframe"}
    assert all((attributes.get("href") or "#")[0] in "#/" for _, attributes in tags.seen)
    assert all("src" not in attributes for _, attributes in tags.seen)


def test_every_operation_has_a_command_to_try(anyone: httpx2.Client) -> None:
    text = anyone.get("/docs").text
    operations = [each for item in openapi()["paths"].values() for each in item.values()]
    assert text.count("<pre><code>curl ") == len(operations) + 1
    for each in operations:
        assert f'id="{each["operationId"]}"' in text
        assert each["summary"]
        assert each["description"]


def test_every_anchor_leads_somewhere(anyone: httpx2.Client) -> None:
    text = anyone.get("/docs").text
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in re.findall(r'href="(#[^"]+)"', text)} <= set(ids)


def test_the_documents_of_fastapi_are_off(anyone: httpx2.Client) -> None:
    assert anyone.get("/redoc").status_code == 404
    assert anyone.get("/openapi.json").json() == openapi()


def test_security_is_documented() -> None:
    document = openapi()
    assert set(document["components"]["securitySchemes"]) == {"OAuth2", "ClientSecret", "InitialToken"}
    for path, item in document["paths"].items():
        for operation in item.values():
            secured = path.startswith(("/api/", "/oauth/")) and path != "/oauth/jwks.json"
            assert ("security" in operation) == secured, path
            assert ("401" in operation["responses"]) == ("security" in operation)
            authored = operation["tags"] == ["Authoring"] and "requestBody" in operation
            assert ("422" in operation["responses"]) == authored


SCHEMA = schemathesis.openapi.from_dict(openapi()).include(path_regex="^/api/")


# Named one by one: pytest-xdist runs one of those that share a name, and schemathesis has them all share theirs.
@pytest.mark.parametrize("operation", [each.ok() for each in SCHEMA.get_all_operations()], ids=lambda each: each.label)
def test_what_is_served_is_what_is_described(operation: Any, served: Served) -> None:
    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def check(case: Any) -> None:
        case.headers.pop("Twin-Position", None)  # any but a real one is refused before all else: see test_positions
        case.call_and_validate(
            base_url=served.url,
            headers={"Authorization": f"Bearer {token(served)}"},
            excluded_checks=[schemathesis.checks.CHECKS.get_one("positive_data_acceptance")],
        )

    check()


@pytest.mark.parametrize("path", ["entities/{id}", "entities/{id}/points/{point}"])
def test_the_entity_is_described(path: str) -> None:
    assert "404" in openapi()["paths"][f"/api/v1/{path}"]["get"]["responses"]

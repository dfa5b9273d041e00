"""Problems: every code that the web can answer with is explained."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.problems import CODES, challenge, problem
from twin.errors import BackendError, Conflict, Forbidden, InvalidValue, NotFound, TooMany, TwinError, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

ROOT = Path(__file__).resolve().parents[2]


def codes() -> Iterator[str]:
    """Every code given in the web, and in what it calls to change an entity."""
    for file in [*(ROOT / "api").rglob("*.py"), ROOT / "twin" / "graph" / "edit.py"]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            said = node.value if isinstance(node, ast.keyword) and node.arg == "code" else None
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                yield said.value
    for branch in (InvalidValue, Unauthenticated, Forbidden, NotFound, Conflict, TooMany, BackendError):
        yield branch.code


def test_every_code_is_explained() -> None:
    assert {code for code in codes() if code not in CODES} == set()
    assert all(text.endswith((".", "`.")) for text in CODES.values())


def test_every_explanation_is_on_the_page(anyone: httpx2.Client) -> None:
    text = anyone.get("/docs").text
    assert all(f'<tr id="{code}">' in text for code in CODES)


@pytest.mark.parametrize(
    ("error", "status", "instance"),
    [
        (InvalidValue("x"), 400, True),
        (Unauthenticated("x"), 401, True),
        (Forbidden("x"), 403, True),
        (NotFound("x"), 404, False),
        (Conflict("x"), 409, True),
        (TooMany("x"), 429, True),
        (BackendError("x"), 503, True),
    ],
)
def test_errors_as_problems(error: TwinError, status: int, *, instance: bool) -> None:
    members = problem(error, "r")
    assert (members["status"], members["detail"], members["code"]) == (status, "x", error.code_)
    assert ("instance" in members) is instance
    assert "help" not in members


def test_details_are_members_and_never_hide_others() -> None:
    members = problem(InvalidValue("x", help="do y", scope="s", status="z", type="q"), "r")
    assert (members["scope"], members["status"], members["help"]) == ("s", 400, "do y")
    assert members["type"] == "/docs#value.invalid"


def test_only_what_a_token_would_mend_is_challenged() -> None:
    assert challenge(NotFound("x"), "http://t") is None
    assert challenge(InvalidValue("x"), "http://t") is None
    asked = challenge(Forbidden("x", scope="twin:write"), "http://t")
    assert asked == (
        'Bearer realm="twin", resource_metadata="http://t/.well-known/oauth-protected-resource", '
        'error="insufficient_scope", scope="twin:write"'
    )


def test_every_method_an_address_has_is_named(anyone: httpx2.Client) -> None:
    answer = anyone.delete("/api/v1/entities/x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PATCH")
    assert answer.json()["code"] == "method.unsupported"

"""Principals and the table of scopes."""

from __future__ import annotations

import pytest

from twin.access.principals import SCOPE_OF, SCOPES, Principal, known_scopes
from twin.errors import Forbidden, InvalidValue
from twin.ontology.model import PERMISSIONS


def principal(**changes: object) -> Principal:
    fields = {
        "client": "c",
        "subject": "c",
        "scopes": frozenset({"twin:read"}),
        "sites": frozenset({"s1"}),
        "generation": 1,
        "expires": 1,
    }
    return Principal(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_scope_that_is_missing_is_named() -> None:
    with pytest.raises(Forbidden) as caught:
        principal().require("twin:write")
    assert caught.value.details == {"scope": "twin:write"}
    assert "twin:write" in caught.value.help


def test_a_scope_that_is_there_passes() -> None:
    principal().require("twin:read")
    assert principal().may("twin:read")
    assert not principal().may("telemetry:write")


def test_a_client_sends_for_its_own_sites_and_a_user_for_none() -> None:
    own = {"client": "box", "subject": "box"}
    assert principal(**own).sends_for("s1")
    assert not principal(**own).sends_for("s2")
    assert principal(**own, sites=None).sends_for("s2")
    assert not principal(**own, sites=frozenset()).sends_for("s1")
    assert not principal(client="app", subject="ada").sends_for("s1")


def test_scopes_are_checked_against_the_table() -> None:
    assert known_scopes(["twin:read", "twin:read"]) == {"twin:read"}
    with pytest.raises(InvalidValue, match="twin:raed") as caught:
        known_scopes(["twin:raed"])
    assert caught.value.code_ == "scope.unknown"
    with pytest.raises(InvalidValue, match="at least one"):
        known_scopes([])


def test_every_scope_says_what_it_is_for() -> None:
    assert all(sentence.endswith(".") and len(sentence) > 20 for sentence in SCOPES.values())


def test_a_permission_counts_with_the_scope_of_its_name() -> None:
    assert set(SCOPE_OF) == set(PERMISSIONS)
    assert set(SCOPE_OF.values()) <= SCOPES.keys()
    assert [each for each in PERMISSIONS if principal().counts(each)] == ["read"]
    assert principal(scopes=frozenset({"twin:share"})).counts("share")

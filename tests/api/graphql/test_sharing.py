"""Letting others in through GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.api.conftest import token
from twin.graph.model import HAS_ROLE, Held, Link, Relation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.api.conftest import Served

SHARING = "twin:read twin:read-private twin:configure twin:command twin:write twin:share"
REFUSED = "... on SharingRefused { code message help }"


@pytest.fixture
def ask(fresh: Served) -> Iterator[Callable[..., dict[str, Any]]]:
    """Asks for a client that may do everything in hugo."""
    headers = {"Authorization": f"Bearer {token(fresh, SHARING)}"}
    with httpx2.Client(base_url=fresh.url, headers=headers) as client:

        def asked(query: str) -> dict[str, Any]:
            answer: dict[str, Any] = client.post("/graphql", json={"query": query}).json()
            return answer

        yield asked


def test_roles_are_given_listed_and_taken(fresh: Served, ask: Callable[..., dict[str, Any]]) -> None:
    engine = fresh.engine
    fresh.on_loop(lambda: engine.holdings.__setitem__("ana", frozenset({engine.id("hugo")})))
    given = ask(
        'mutation { giveRole(party: "ana", role: "Guest", on: "hugo/flat/living", until: "2999-01-01") '
        f"{{ __typename ... on RoleGiven {{ grant {{ id role path until party {{ id kind }} }} }} {REFUSED} }} }}"
    )["data"]["giveRole"]
    assert given["grant"] | {"id": ""} == {
        "id": "",
        "role": "Guest",
        "path": "hugo/flat/living",
        "until": "2999-01-01T00:00:00Z",
        "party": {"id": "ana", "kind": "user"},
    }
    listed = ask("{ me { grants { id role } organisations { id } invitations { id } } }")["data"]["me"]
    assert sorted(each["role"] for each in listed["grants"]) == ["Guest", "Owner"]
    taken = ask(f'mutation {{ takeRole(grant: "{given["grant"]["id"]}") {{ ... on SharingDone {{ id }} {REFUSED} }} }}')
    assert taken["data"]["takeRole"]["id"] == given["grant"]["id"]
    again = ask(f'mutation {{ takeRole(grant: "{given["grant"]["id"]}") {{ ... on SharingDone {{ id }} {REFUSED} }} }}')
    assert again["data"]["takeRole"]["code"] == "grant.unknown"
    nonsense = ask(f'mutation {{ takeRole(grant: "x") {{ ... on SharingDone {{ id }} {REFUSED} }} }}')
    assert nonsense["data"]["takeRole"]["code"] == "grant.unknown"


def test_people_are_invited_and_uninvited(ask: Callable[..., dict[str, Any]]) -> None:
    said = "... on Invited { link invitation { id what role path email until expiresAt } }"
    made = ask(f'mutation {{ invite(email: "b@c.d", role: "Guest", on: "hugo") {{ {said} {REFUSED} }} }}')["data"][
        "invite"
    ]
    assert "/account/invitation?link=" in made["link"]
    ((first),) = ask("{ me { invitations { id email } } }")["data"]["me"]["invitations"]
    assert first == {"id": made["invitation"]["id"], "email": "b@c.d"}
    revoke = f'mutation {{ revokeInvitation(id: "{first["id"]}") {{ ... on SharingDone {{ id }} {REFUSED} }} }}'
    assert ask(revoke)["data"]["revokeInvitation"] == {"id": first["id"]}
    assert ask(revoke)["data"]["revokeInvitation"]["code"] == "invitation.unknown"
    wrong = ask(f'mutation {{ invite(email: "b", role: "Guest", on: "hugo") {{ {said} {REFUSED} }} }}')
    assert wrong["data"]["invite"]["code"] == "user.email"
    hidden = ask(f'mutation {{ invite(email: "b@c.d", role: "Guest", on: "zola") {{ {said} {REFUSED} }} }}')
    assert hidden["data"]["invite"]["code"] == "entity.unknown"
    moved = ask(f'mutation {{ transferSite(site: "hugo/flat", email: "b@c.d") {{ {said} {REFUSED} }} }}')
    assert moved["data"]["transferSite"]["code"] == "transfer.site"


def test_what_is_forbidden_is_an_error_and_audited(fresh: Served, ask: Callable[..., dict[str, Any]]) -> None:
    made = ask('mutation { createOrganisation(name: "Acme") { __typename } }')
    assert made["errors"][0]["extensions"]["code"] == "organisation.person"
    for field in ('removeMember(organisation: "x", user: "y")', 'endOrganisation(organisation: "x")'):
        (said,) = ask(f"mutation {{ {field} {{ {REFUSED} }} }}")["data"].values()
        assert said["code"] == "organisation.unknown"
    headers = {"Authorization": f"Bearer {token(fresh, 'twin:read')}"}
    answer = httpx2.post(f"{fresh.url}/graphql", json={"query": "{ me { grants { id } } }"}, headers=headers).json()
    assert answer["errors"][0]["extensions"]["code"] == "scope.insufficient"


def test_a_role_that_lasts_shorter_is_given_anew(fresh: Served, ask: Callable[..., dict[str, Any]]) -> None:
    engine = fresh.engine
    held = Relation(type=HAS_ROLE, source="ana", target=engine.id("hugo"), roles=(Held("home/Guest", 2**52),))
    fresh.on_loop(lambda: engine.holdings.__setitem__("ana", frozenset()))
    fresh.on_loop(lambda: engine.change(Link(held)))
    query = 'mutation { giveRole(party: "ana", role: "Guest", on: "hugo") { ... on RoleGiven { grant { until } } } }'
    assert ask(query)["data"]["giveRole"] == {"grant": {"until": None}}

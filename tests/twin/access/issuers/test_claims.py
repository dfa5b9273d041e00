"""What a token of another issuer says in our words, as Keycloak, Auth0, Entra ID and RFC 9068 write it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.issuing import AT, NOW, TWIN, claims, issuer
from twin.access.issuers.claims import Said, is_access_type, said_by
from twin.access.tokens import TokenRefused

AS_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def said(more: str = "", header: object = "at+jwt", /, **changes: Any) -> Said:
    return said_by(issuer(more), header, claims(**changes), NOW)


def refusal(more: str = "", header: object = "at+jwt", /, **changes: Any) -> str:
    with pytest.raises(TokenRefused) as caught:
        said(more, header, **changes)
    return caught.value.reason


def test_a_token_in_the_profile_of_rfc_9068() -> None:
    found = said(email="a@b.c", email_verified=True, name="Ada")
    assert (found.subject, found.client, found.token) == ("ada", "app", "t1")
    assert found.scopes == {"twin:read"}
    assert found.expires == NOW + 300_000_000
    assert (found.email, found.name) == ("a@b.c", "Ada")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": ...}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": f"{TWIN}/"}, "audience"),
        ({"aud": {TWIN: 1}}, "audience"),
        ({"aud": [[TWIN]]}, "audience"),
        ({"iss": "https://login.example/"}, "issuer"),
        ({"iss": ...}, "issuer"),
        ({"exp": ...}, "expired"),
        ({"exp": AT}, "expired"),
        ({"exp": True}, "claims"),
        ({"exp": "soon"}, "claims"),
        ({"exp": 1e30}, "expired"),
        ({"nbf": AT + 61}, "early"),
        ({"iat": AT + 61}, "early"),
        ({"iat": "now"}, "claims"),
        ({"sub": ...}, "claims"),
        ({"sub": ""}, "claims"),
        ({"sub": 7}, "claims"),
        ({"sub": "a\nb"}, "claims"),
        ({"sub": "x" * 256}, "claims"),
        ({"client_id": ...}, "claims"),
        ({"cnf": {"jkt": "x"}}, "claims"),
    ],
)
def test_what_is_not_for_us_not_now_or_not_whole(changes: dict[str, Any], reason: str) -> None:
    assert refusal(**changes) == reason


def test_of_several_audiences_we_are_one() -> None:
    assert said(aud=["https://other.example", TWIN]).subject == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "n"},
        {"at_hash": "h"},
        {"c_hash": "h"},
        {"s_hash": "h"},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": "Logout"},
        {"typ": ["Bearer"]},
        {"token_use": "id"},
        {"azp": "app", "client_id": ..., "aud": ["app", TWIN], "scope": ...},
        {"aud": ["app", TWIN], "scope": ...},
    ],
)
def test_an_id_token_or_a_logout_token_is_no_access_token(changes: dict[str, Any]) -> None:
    assert refusal("", "JWT", **changes) == "claims"


def test_where_the_issuer_follows_the_profile_nothing_else_passes() -> None:
    strict = issuer('token_type = "at+jwt"')
    assert is_access_type(strict, "at+jwt")
    assert is_access_type(strict, "application/AT+JWT")
    for typ in ("JWT", None, "", 7, ["at+jwt"], "id_token+jwt"):
        assert not is_access_type(strict, typ)
    assert is_access_type(issuer(), "JWT")
    assert is_access_type(issuer(), None)
    for typ in ("", 7, ["JWT"], "logout+jwt", "dpop+jwt", "secevent+jwt"):
        assert not is_access_type(issuer(), typ)


KEYCLOAK = {
    "client_id": ...,
    "azp": "portal",
    "typ": "Bearer",
    "aud": [TWIN, "account"],
    "realm_access": {"roles": ["offline_access", "caretaker"]},
    "resource_access": {"twin.web": {"roles": ["installer"]}},
    "groups": ["/north"],
    "organization": {"acme": {"id": "1"}},
    "scope": "openid email",
}


def test_keycloak() -> None:
    more = """provider = "keycloak"
        claims.roles = ["realm_access.roles", "resource_access.twin.web.roles"]
        gives = [
          { when = { role = "caretaker" }, scopes = ["twin:read"] },
          { when = { role = "installer" }, scopes = ["twin:configure"] },
          { when = { group = "/north", tenant = "acme" }, organisations = ["north", "all"] },
          { when = { group = "/south" }, organisations = ["south"] },
          { organisations = ["all"] },
        ]"""
    found = said(more, "JWT", **KEYCLOAK)
    assert found.client == "portal"
    assert found.scopes == {"twin:read", "twin:configure"}
    assert found.organisations == ("north", "all")
    assert said(more, "JWT", **KEYCLOAK, nonce="older Keycloaks repeat it").subject == "ada"
    for typ in (..., "ID", "Refresh", "DPoP"):
        assert refusal(more, "JWT", **{**KEYCLOAK, "typ": typ}) == "claims"


def test_auth0() -> None:
    more = """provider = "auth0"
        claims.roles = ["https://twin.example/roles", "permissions"]
        gives = [{ when = { role = "write:buildings" }, scopes = ["twin:write"] },
                 { when = { role = "installer", tenant = "org_1" }, organisations = ["north"] }]"""
    token = {
        "client_id": ...,
        "azp": "spa",
        "sub": "auth0|5f7c",
        "aud": [TWIN, "https://tenant.auth0.com/userinfo"],
        "permissions": ["write:buildings"],
        "https://twin.example/roles": ["installer"],
        "org_id": "org_1",
    }
    found = said(more, "JWT", **token)
    assert (found.subject, found.client) == ("auth0|5f7c", "spa")
    assert (found.scopes, found.organisations) == ({"twin:read", "twin:write"}, ("north",))
    assert said(more, "at+jwt", **{**token, "azp": ..., "client_id": "spa"}).client == "spa"
    assert refusal(more, "JWT", **{**token, "aud": "spa"}) == "audience"


def test_entra() -> None:
    more = """provider = "entra"
        gives = [{ when = { scope = "Buildings.Read" }, scopes = ["twin:read"] },
                 { when = { role = "Reader.All" }, scopes = ["twin:read"] }]"""
    token = {
        "client_id": ...,
        "sub": "pairwise",
        "oid": "0d5c",
        "tid": "4b1f",
        "azp": TWIN,
        "scp": "Buildings.Read",
        "scope": ...,
        "uti": "u1",
        "jti": ...,
        "email": "ada@example.com",
    }
    found = said(more, "JWT", **token)
    assert (found.subject, found.client, found.token) == ("0d5c", TWIN, "u1")
    assert (found.scopes, found.email) == ({"twin:read"}, "")
    assert said(more, "JWT", **token, xms_edov="1").email == "ada@example.com"
    older = {**token, "azp": ..., "appid": "app-1"}
    assert said(more, "JWT", **older).client == "app-1"
    app = {**older, "scp": ..., "roles": ["Reader.All"], "idtyp": "app"}
    assert said(more, "JWT", **app).scopes == {"twin:read"}
    assert refusal(more, "JWT", **{**token, "azp": ..., "scp": ...}) == "claims"  # an id token of the same application


@pytest.mark.parametrize("verified", [False, None, "yes", 2, [], "false", ...])
def test_an_address_that_is_not_verified_is_none(verified: object) -> None:
    assert said(email="a@b.c", email_verified=verified).email == ""


def test_scopes_are_ours_and_what_the_operator_allows() -> None:
    everything = "openid profile admin twin:read twin:write twin:audit"
    assert said(scope=everything).scopes == {"twin:read", "twin:write", "twin:audit"}
    more = 'allowed_scopes = ["twin:read"]\ngives = [{ scopes = ["twin:share"] }]'
    assert said(more, scope=everything).scopes == {"twin:read"}
    assert said(scope=["twin:read", "twin:write x"]).scopes == {"twin:read", "twin:write"}


def test_the_longest_name_with_dots_comes_first() -> None:
    more = 'claims.roles = "a.b.c"\ngives = [{ when = { role = "x" }, organisations = ["n"] }]'
    for there in ({"a.b.c": "x"}, {"a.b": {"c": ["x"]}}, {"a": {"b": {"c": ["x"]}}}, {"a": {"b.c": "x"}}):
        assert said(more, **there).organisations == ("n",)
    for other in ({"a.b": {"c": "y"}, "a": {"b": {"c": "x"}}}, {"a": ["b"]}, {"a": "b"}, {}):
        assert said(more, **other).organisations == ()


@given(st.dictionaries(st.sampled_from([*claims(), "nbf", "cnf", "typ", "events", "groups", "roles"]), AS_JSON))
def test_whatever_an_issuer_writes_is_read_or_refused(changes: dict[str, Any]) -> None:
    more = 'gives = [{ when = { group = "a" }, scopes = ["twin:read"] }]'
    for typ in ("JWT", "at+jwt"):
        try:
            found = said(more, typ, **changes)
        except TokenRefused:
            continue
        assert found.subject
        assert found.client
        assert found.expires > NOW

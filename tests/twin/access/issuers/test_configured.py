"""The file of external issuers: what the documentation shows is taken, and what cannot mean anything is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.issuing import issuer
from twin.access.issuers.configured import ALGORITHMS, configured, is_safe, read
from twin.errors import InvalidValue

DOCUMENTED = {
    "keycloak": """
[issuers.keycloak]
provider = "keycloak"
issuer   = "https://sso.example/realms/buildings"
audience = "https://twin.example"

[issuers.keycloak.claims]
roles = ["realm_access.roles", "resource_access.twin.roles"]

[[issuers.keycloak.gives]]
when   = { role = "caretaker" }
scopes = ["twin:read", "twin:configure", "twin:command"]

[[issuers.keycloak.gives]]
when          = { group = "/north" }
organisations = ["north"]
""",
    "auth0": """
[issuers.auth0]
provider = "auth0"
issuer   = "https://our-tenant.eu.auth0.com/"
audience = "https://twin.example"

[issuers.auth0.claims]
roles = "https://twin.example/roles"

[[issuers.auth0.gives]]
when          = { role = "installer", tenant = "org_4fJ1" }
scopes        = ["twin:read", "twin:configure"]
organisations = ["north"]
""",
    "entra": """
[issuers.entra]
provider = "entra"
issuer   = "https://login.microsoftonline.com/4b1f3a0e-0000-4000-8000-6f2f5a1c7d10/v2.0"
audience = "0d5c9a52-0000-4000-8000-1f6f0b7f7c11"

[[issuers.entra.gives]]
when   = { scope = "Buildings.Read" }
scopes = ["twin:read"]

[[issuers.entra.gives]]
when          = { group = "7d0c6a3e-0000-4000-8000-9b7d1f2e3c12" }
organisations = ["north"]
""",
}


@pytest.mark.parametrize("provider", DOCUMENTED)
def test_what_is_documented_of_a_provider_is_taken(provider: str) -> None:
    [found] = read(DOCUMENTED[provider].encode())
    assert (found.name, found.provider) == (provider, provider)
    assert found.gives
    assert found.algorithms == ("RS256", "ES256")


def test_a_provider_is_names_of_claims() -> None:
    [keycloak, auth0, entra] = [read(text.encode())[0].claims for text in DOCUMENTED.values()]
    assert keycloak.roles == ("realm_access.roles", "resource_access.twin.roles")
    assert auth0.tenant == ("org_id",)
    assert (entra.subject, entra.scopes, entra.email_verified) == (("oid",), ("scp",), ("xms_edov",))


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("algoritms = []", "algoritms"),
        ('algorithms = ["HS256"]', "HS256"),
        ('algorithms = ["none"]', "none"),
        ("algorithms = []", "no algorithm"),
        ('users = "anybody"', "anybody"),
        ('allowed_scopes = ["twin:everything"]', "twin:everything"),
        ('gives = [{ scopes = ["openid"] }]', "openid"),
        ('gives = [{ when = { rank = "x" } }]', "rank"),
        ('claims = { sub = "oid" }', "claims.sub"),
        ('claims = { subject = "" }', "subject"),
        ("stale_hours = 1000", "1000"),
        ("stale_hours = nan", "nan"),
        ('discovery = "http://login.example/x"', "discovery"),
        ('ca = "/nowhere.pem"', "/nowhere.pem"),
        ("= 3", "line"),
    ],
)
def test_what_cannot_mean_anything_is_named(lines: str, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        issuer(lines)
    assert caught.value.code_ == "issuers.invalid"
    assert says in caught.value.message
    assert caught.value.help


@pytest.mark.parametrize("audience", ['""', "[]", '["https://twin.example", ""]'])
def test_there_is_always_an_audience(audience: str) -> None:
    with pytest.raises(InvalidValue, match="audience"):
        read(f'[issuers.a]\nissuer = "https://a.example"\naudience = {audience}'.encode())


def test_an_issuer_is_configured_once() -> None:
    text = "".join(f'[issuers.{name}]\nissuer = "https://a.example"\naudience = "x"\n' for name in "ab")
    with pytest.raises(InvalidValue, match="a and b are the same"):
        read(text.encode())


@pytest.mark.parametrize("name", ["Login", "a_b", '"a.b"', '""'])
def test_a_name_is_one_that_figures_and_commands_can_carry(name: str) -> None:
    with pytest.raises(InvalidValue, match="is no name"):
        issuer(name=name)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]/x", True),
        ("http://localhost/x", True),
        ("http://a.example/x", False),
        ("http://127.0.0.1.a.example/", False),
        ("https://user@a.example/", False),
        ("https://a.example\\@b.example/", False),
        ("https:///x", False),
        ("https://a.example:x/", False),
        ("file:///etc/passwd", False),
        ("ftp://127.0.0.1/", False),
        ("https://a.example/\n", False),
        ("", False),
    ],
)
def test_keys_come_over_tls_or_from_this_machine(url: str, safe: bool) -> None:  # noqa: FBT001 - a case
    assert is_safe(url) is safe


def test_no_algorithm_of_ours_has_a_shared_secret() -> None:
    assert not [each for each in ALGORITHMS if each.startswith("HS") or each == "none"]


def test_the_file_is_the_one_that_is_named_or_that_of_the_directory(tmp_path: Path) -> None:
    assert configured("", tmp_path) == ()
    (tmp_path / "issuers.toml").write_text(DOCUMENTED["auth0"])
    assert [each.name for each in configured("", tmp_path)] == ["auth0"]
    other = tmp_path / "other.toml"
    with pytest.raises(InvalidValue, match=r"other\.toml"):
        configured(str(other), tmp_path)
    other.write_text(DOCUMENTED["entra"])
    assert [each.name for each in configured(str(other), tmp_path)] == ["entra"]

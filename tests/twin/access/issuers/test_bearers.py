"""Whose tokens are taken: hand-made ones of every bad kind beside good ones, of two issuers and of ours."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from tests.issuing import EC, LOGIN, NOW, PLAIN_JWT, RSA, TWIN, claims, issuer, jwks, part, token
from tests.twin.access.conftest import Clock
from twin.access.clients import Clients
from twin.access.issuers.bearers import Bearers, Lacking
from twin.access.issuers.identities import Identities
from twin.access.issuers.signatures import keys_in
from twin.access.issuers.trust import Trust
from twin.access.keys import KeyRing, SigningKey
from twin.access.principals import Principal
from twin.access.revocations import Revocations
from twin.access.tokens import TokenRefused, Tokens
from twin.access.users import Users
from twin.errors import Forbidden
from twin.records import Records

OTHER = "https://other.example"
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "r1"})
"""Another issuer's, of the same name as the first one's."""
OUR_KEY = SigningKey.generate()
RING = KeyRing(OUR_KEY)
ORGANISATIONS = {"north": "o-north"}
GIVES = 'gives = [{ when = { group = "g" }, organisations = ["north", "gone"] }]'


class Desk:
    """Two issuers, the twin's own tokens, one user who is known and one client."""

    def __init__(self, records: Records, clock: Clock) -> None:
        clock.now = NOW
        self.clock = clock
        self.revocations = Revocations(records, clock=clock)
        self.clients = Clients(records, clock=clock)
        self.ours = Tokens(lambda: RING, issuer=TWIN, audience=TWIN, current=self.clients.current)
        self.trusts = Trust(issuer(GIVES)), Trust(issuer(name="other", url=OTHER))
        self.trusts[0].took(keys_in(jwks(RSA, EC), ("RS256", "ES256")), NOW)
        self.trusts[1].took(keys_in(jwks(OTHER_KEY), ("RS256", "ES256")), NOW)
        self.identities = Identities(records, self.revocations, clock=clock)
        self.users = Users(records, None, clock=clock)  # type: ignore[arg-type]  # nobody signs in here
        self.ada = self.users.add("ada@example.com")[0]
        self.identities.link(LOGIN, "ada", "user", self.ada.id)
        self.organisations = dict(ORGANISATIONS)
        self.bearers = Bearers(
            self.ours,
            self.trusts,
            self.identities,
            revoked=self.revocations,
            current=self.clients.current,
            organisations=lambda keys: tuple(self.organisations[key] for key in keys if key in self.organisations),
        )

    def verify(self, shown: str) -> Principal:
        """Who that is, once whoever it is about has been looked up."""
        lacking = self.lacking(shown)
        if lacking is not None and lacking.about is not None:
            self.identities.meet(lacking.trust.issuer, lacking.about)
        return self.bearers.verify(shown, self.clock.now)

    def lacking(self, shown: str) -> Lacking | None:
        """What has to be learned before a token can be judged."""
        try:
            self.bearers.verify(shown, self.clock.now)
        except Lacking as found:
            return found
        except TokenRefused:
            return None
        return None

    def refusal(self, shown: str) -> str:
        with pytest.raises(TokenRefused) as caught:
            self.bearers.verify(shown, self.clock.now)
        assert caught.value.message == "the access token is not valid"
        return caught.value.reason


@pytest.fixture
def desk(records: Records, clock: Clock) -> Desk:
    return Desk(records, clock)


def test_a_good_token_is_a_user_of_ours_through_an_app_of_theirs(desk: Desk) -> None:
    found = desk.verify(token())
    assert (found.subject, found.client, found.issuer) == (desk.ada.id, "login:app", "login")
    assert (found.scopes, found.sites, found.own) == ({"twin:read"}, None, False)
    assert not found.sends_for("any")
    assert desk.bearers.holds(found, NOW)
    assert desk.verify(token()) is desk.verify(token())


def test_our_own_are_taken_beside(desk: Desk) -> None:
    client, _ = desk.clients.add("box", ["twin:read"], ["s1"])
    ours = desk.ours.issue(client, scopes=frozenset({"twin:read"}), sites=frozenset({"s1"}), generation=1, now=NOW)
    found = desk.bearers.verify(ours.token, NOW)
    assert (found.client, found.issuer) == (client, "")
    assert desk.bearers.verify(ours.token, NOW) is found
    assert desk.bearers.holds(found, NOW)


def test_no_issuer_signs_for_another(desk: Desk) -> None:
    assert desk.refusal(token(key=OTHER_KEY)) == "signature"
    assert desk.refusal(token(claims(iss=OTHER))) == "signature"
    assert desk.refusal(token(claims(iss=TWIN, sites=None, generation=1))) in {"header", "malformed"}
    assert desk.refusal(token(claims(iss="https://nobody.example"))) in {"header", "malformed"}
    ours = desk.ours.sign("at+jwt", claims())
    with pytest.raises((TokenRefused, Lacking)):
        desk.bearers.verify(ours, NOW)


def test_a_subject_is_one_of_its_issuer(desk: Desk) -> None:
    with pytest.raises(Forbidden) as caught:
        desk.verify(token(claims(iss=OTHER), key=OTHER_KEY))
    assert caught.value.code_ == "identity.unknown"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": ["RS256"]},
        {"alg": ...},
        {"typ": "logout+jwt"},
        {"typ": ["at+jwt"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"kid": 7},
        {"kid": ["r1"]},
    ],
)
def test_a_header_says_what_we_expect_or_nothing_is_looked_at(desk: Desk, header: dict[str, Any]) -> None:
    whole = {name: value for name, value in {"alg": "RS256", "kid": "r1", **header}.items() if value is not ...}
    signed = token().rpartition(".")[2]
    assert desk.refusal(f"{part(whole)}.{part(claims())}.{signed}") == "header"


def test_a_public_key_is_no_shared_secret(desk: Desk) -> None:
    signed = f"{part({'alg': 'HS256', 'kid': 'r1', 'typ': 'at+jwt'})}.{part(claims())}"
    for secret in (RSA.as_pem(private=False), RSA.as_der(private=False), b""):
        mac = hmac.digest(secret or b"\0", signed.encode(), hashlib.sha256)
        assert desk.refusal(f"{signed}.{part(mac)}") == "header"


def test_keys_that_a_token_brings_along_are_not_looked_at(desk: Desk) -> None:
    mine = ECKey.generate_key("P-256", {"kid": "e1"})
    brought = {"jwk": mine.as_dict(private=False), "jku": f"{OTHER}/jwks", "x5u": f"{OTHER}/cert", "x5c": ["AAAA"]}
    assert desk.refusal(token(header=brought, key=mine)) == "signature"
    assert desk.verify(token(header=brought)).subject == desk.ada.id


def test_an_algorithm_of_another_kind_than_the_key_is_no_key(desk: Desk) -> None:
    desk.trusts[0].took(desk.trusts[0].keys, NOW)
    shown = token(header={"kid": "e1"})
    assert desk.refusal(shown) == "header"


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "a",
        "..",
        "a.b.c.d.e",
        "x" * 20_000,
        f"{part({})}.{part([])}.AAAA",
        f"{part({'alg': 'RS256'})}.{part({'iss': LOGIN})}.",
        f"{part(b'{')}.{part({'iss': LOGIN})}.AAAA",
        f"{part({'alg': 'RS256', 'kid': 'r1'})}.{part({'iss': LOGIN})}.A AA",
        f"{part({'alg': 'RS256', 'kid': 'r1'})}.{part({'iss': LOGIN})}.AAA=",
        f"{part({'iss': LOGIN})}=.{part({'iss': LOGIN})}=.AAAA",
        "é.é.é",
    ],
)
def test_what_is_no_token(desk: Desk, shown: str) -> None:
    assert desk.refusal(shown) in {"malformed", "header", "signature"}


def test_a_plain_token_is_taken_where_it_is_an_access_token(desk: Desk) -> None:
    assert desk.verify(token(header=PLAIN_JWT)).subject == desk.ada.id
    assert desk.refusal(token(claims(nonce="n"), header=PLAIN_JWT)) == "claims"
    assert desk.refusal(token(claims(aud=...))) == "audience"


def test_a_token_that_was_good_ends_with_its_time_its_key_and_its_link(desk: Desk) -> None:
    shown = token()
    found = desk.verify(shown)
    desk.clock.wait(300)
    assert desk.refusal(shown) == "expired"
    assert not desk.bearers.holds(found, desk.clock.now)
    desk.clock.now = NOW
    found = desk.verify(shown)
    keys = desk.trusts[0].keys
    desk.trusts[0].took({key: value for key, value in keys.items() if key[0] != "r1"}, NOW)
    assert not desk.bearers.holds(found, NOW)
    assert desk.refusal(shown) == "header"
    desk.trusts[0].took(keys, NOW)
    found = desk.verify(shown)
    desk.identities.unlink(LOGIN, "ada")
    assert not desk.bearers.holds(found, NOW)
    with pytest.raises(Forbidden):
        desk.verify(shown)


def test_other_keys_of_the_same_name_are_other_keys(desk: Desk) -> None:
    shown = token()
    desk.verify(shown)
    desk.trusts[0].took(keys_in(jwks(OTHER_KEY), ("RS256",)), NOW)
    assert desk.refusal(shown) == "signature"


def test_old_keys_count_for_as_long_as_the_operator_allows(desk: Desk) -> None:
    shown = token(claims(exp=NOW // 1_000_000 + 10**6))
    found = desk.verify(shown)
    desk.trusts[0].failed("no route", NOW)
    desk.clock.wait(24 * 3600)
    assert desk.verify(shown) == found
    desk.clock.wait(1200)
    assert not desk.bearers.holds(found, desk.clock.now)
    with pytest.raises(Lacking) as caught:
        desk.bearers.verify(shown, desk.clock.now)
    assert caught.value.about is None


def test_a_changed_claim_counts_with_the_next_token(desk: Desk) -> None:
    assert desk.verify(token(claims(groups=["g"]))).parties == ("o-north",)
    assert desk.verify(token(claims(groups=[]))).parties == ()


def test_organisations_are_those_that_there_are(desk: Desk) -> None:
    shown = token(claims(groups=["g"]))
    assert desk.verify(shown).parties == ("o-north",)
    desk.organisations["gone"] = "o-back"
    assert desk.verify(shown).parties == ("o-north", "o-back")
    desk.organisations.clear()
    assert desk.verify(shown).parties == ()


def test_a_subject_may_be_a_client_that_acts_in_its_own_name(desk: Desk) -> None:
    client, _ = desk.clients.add("bridge", ["telemetry:write", "twin:audit"], ["s1"])
    desk.identities.link(LOGIN, "robot", "client", "bridge")
    found = desk.verify(token(claims(sub="robot", scope="telemetry:write twin:read")))
    assert (found.client, found.subject, found.own) == (client, client, True)
    assert (found.scopes, found.sites) == ({"telemetry:write"}, {"s1"})
    assert found.sends_for("s1")
    assert not found.sends_for("s2")
    desk.clients.rotate("bridge")
    assert not desk.bearers.holds(found, NOW)
    assert desk.verify(token(claims(sub="robot", scope="telemetry:write"))).generation == 2
    desk.clients.remove("bridge")
    with pytest.raises(Forbidden):
        desk.verify(token(claims(sub="robot", scope="telemetry:write")))


def test_an_unknown_key_is_asked_for_and_a_flood_of_them_costs_little(desk: Desk) -> None:
    asked = 0
    for number in range(1000):
        desk.clock.wait(1.1)
        lacking = desk.lacking(token_of_key(str(number)))
        if lacking is not None:
            asked += 1
            lacking.trust.took(lacking.trust.keys, desk.clock.now)
    assert asked <= 3 + 1100 / 30 + 1


def token_of_key(key_id: str) -> str:
    return f"{part({'alg': 'RS256', 'kid': key_id})}.{part(claims())}.AAAA"


def test_a_key_that_is_still_unknown_after_asking_is_none(desk: Desk) -> None:
    desk.clock.wait(2)
    lacking = desk.lacking(token_of_key("new"))
    assert lacking is not None
    lacking.trust.took(lacking.trust.keys, desk.clock.now)
    assert desk.refusal(token_of_key("new")) == "header"


TOKEN = token()


@given(position=st.integers(0, len(TOKEN) - 1), character=st.characters(codec="ascii"))
def test_no_changed_character_passes(position: int, character: str) -> None:
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]
    trust = Trust(issuer())
    trust.took(keys_in(jwks(RSA), ("RS256",)), NOW)
    nobody: Any = type("Nobody", (), {"known": lambda *_: None, "is_stranger": lambda *_: True})()
    ours = Tokens(lambda: RING, issuer=TWIN, audience=TWIN, current=lambda _: None)
    bearers = Bearers(ours, [trust], nobody, revoked=frozenset(), current=lambda _: None, organisations=lambda _: ())
    with pytest.raises((TokenRefused, Forbidden, Lacking)) as caught:
        bearers.verify(changed, NOW)
    if isinstance(caught.value, Forbidden):  # the signature was good: bits that count for nothing may differ
        assert changed == TOKEN or position == len(TOKEN) - 1

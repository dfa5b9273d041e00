"""People let others in, over REST and at their account: with no more than they have, and telling strangers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.oauth.conftest import bearer
from tests.api.oauth.people import BACK, App, Person, opened
from twin.access.audit import Filter
from twin.access.principals import SCOPES
from twin.graph.model import HAS_ROLE, Held, Link, Relation, Unlink
from twin.times import now

if TYPE_CHECKING:
    import httpx2

    from tests.api.conftest import Served

ALL = " ".join(["openid", *SCOPES])
DAY = 86_400_000_000
API = "/api/v1/access"


@pytest.fixture
def ann(fresh: Served) -> Person:
    """A person who owns one site."""
    return Person(fresh, "ann@example.com", ("hugo",))


class Api:
    """What an app asks for a person."""

    def __init__(self, person: Person, served: Served, scope: str = ALL, *sites: str) -> None:
        app = App(served, scopes=ALL)
        self.token = app.tokens(person, *(sites or ("hugo",)), scope=f"openid {scope}")["access_token"]
        self.http = opened(served)

    def __call__(self, method: str, path: str, **said: Any) -> httpx2.Response:
        return self.http.request(method, path, json=said or None, headers=bearer(self.token))

    def invite(self, **changes: Any) -> httpx2.Response:
        said = {"email": "ben@example.com", "role": "Guest", "on": "hugo", **changes}
        return self("POST", f"{API}/invitations", **said)


def path_of(link: str) -> str:
    return link.removeprefix("http://twin.test")


def has(served: Served, person: Person, path: str) -> tuple[Held, ...]:
    found = served.engine.mirror.relation(person.user.id, served.engine.id(path), HAS_ROLE)
    return () if found is None else found.roles


def guest(served: Served, email: str = "ben@example.com") -> Person:
    return Person(served, email, ())


def accepted(person: Person, link: str) -> httpx2.Response:
    """Open a link, signed in, and accept."""
    person.sign_in()
    shown = person.get(path_of(link))
    assert shown.status_code == 200, shown.text
    return person.send(shown, answer="accept")


def deeds(served: Served, action: str) -> list[str]:
    return [each.deed.detail for each in served.engine.audit.list(Filter(action=action))]


def test_somebody_is_invited_signs_in_accepts_and_is_shown_no_more_than_that(fresh: Served, ann: Person) -> None:
    api = Api(ann, fresh)
    made = api.invite(until="2099-01-01", redirect=BACK)
    assert made.status_code == 201, made.text
    link, invitation = made.json()["link"], made.json()["invitation"]
    assert (invitation["what"], invitation["role"], invitation["path"]) == ("role", "Guest", "hugo")
    assert link not in api("GET", f"{API}/invitations").text
    ben = guest(fresh)
    way_in = ben.get(path_of(link))
    assert way_in.status_code == 200
    assert not {"hugo", "Guest", "ann@example.com", "ben@example.com"} & set(way_in.text.split())
    ben.sign_in()
    shown = ben.get(path_of(link))
    assert "ann@example.com" in shown.text
    assert "form-action 'self' https://app.example;" in shown.headers["content-security-policy"]
    assert f"?id={invitation['id']}" in ben.get("/account/access").text
    answer = ben.send(shown, answer="accept")
    assert (answer.status_code, answer.headers["location"]) == (303, BACK)
    assert [each.role for each in has(fresh, ben, "hugo")] == ["home/Guest"]
    assert has(fresh, ben, "hugo")[0].until is not None
    assert api("GET", f"{API}/invitations").json()["items"] == []
    assert deeds(fresh, "invitation") == ["a role Guest on hugo for ben@example.com"] * 2
    assert ben.get(path_of(link)).status_code == 404  # once
    assert ben.send(shown, answer="accept").status_code == 404
    summary = fresh.engine.log.changes[-1].changeset.summary
    assert summary == f"give user:{ben.user.id} the role Guest on hugo, to which user:{ann.user.id} invited them"


def test_who_has_no_account_chooses_a_password_and_has_one(fresh: Served, ann: Person) -> None:
    link = Api(ann, fresh).invite().json()["link"]
    http = opened(fresh)
    ben = guest(fresh, "other@example.com")
    ben.http = http
    way_in = ben.get(path_of(link))
    assert ben.send(way_in, email="ben@example.com", password="short").status_code == 400
    assert ben.send(way_in, email="carl@example.com", password="a b c d e f g").status_code == 404
    onward = ben.send(way_in, email="Ben@Example.com", password="a b c d e f g")
    assert onward.status_code == 303
    assert ben.send(ben.follow(onward), answer="accept").status_code == 303
    (user,) = [each for each in fresh.engine.authority.users.list() if each.email == "ben@example.com"]
    assert fresh.engine.mirror.relation(user.id, fresh.engine.id("hugo"), HAS_ROLE) is not None
    assert deeds(fresh, "user.add") == [f"ben@example.com, invited by {ann.user.id}"]


def test_inviting_says_nothing_of_which_addresses_have_accounts(fresh: Served, ann: Person) -> None:
    guest(fresh)
    api = Api(ann, fresh)
    known, unknown = api.invite(), api.invite(email="nobody@example.com")
    assert known.status_code == unknown.status_code == 201
    first, second = (each.json() for each in (known, unknown))
    for each in (first, second):
        for name in ("id", "email", "expiresAt"):
            del each["invitation"][name]
    assert first["invitation"] == second["invitation"]
    pages = [opened(fresh).get(path_of(each["link"])) for each in (first, second)]
    assert len({(each.status_code, len(each.text)) for each in pages}) == 1


def test_a_link_works_for_its_address_alone(fresh: Served, ann: Person) -> None:
    link = Api(ann, fresh).invite().json()["link"]
    eve = guest(fresh, "eve@example.com")
    eve.sign_in()
    forwarded, guessed = eve.get(path_of(link)), eve.get("/account/invitation?link=guess")
    assert forwarded.status_code == guessed.status_code == 404
    assert forwarded.text == guessed.text
    (waiting,) = fresh.engine.authority.invitations.list()
    assert eve.get(f"/account/invitation?id={waiting.id}").text == forwarded.text
    ben = guest(fresh)
    ben.sign_in()
    shown = ben.get(path_of(link))
    stolen = ben.send(shown, answer="accept", party=eve.user.id)  # somebody else's
    assert stolen.status_code in {400, 404}
    assert not has(fresh, eve, "hugo")


def test_forms_of_other_pages_and_browsers_do_nothing(fresh: Served, ann: Person) -> None:
    link = Api(ann, fresh).invite().json()["link"]
    ben = guest(fresh)
    ben.sign_in()
    ben.get(path_of(link))
    (waiting,) = fresh.engine.authority.invitations.list()
    said = {"invitation": waiting.id, "answer": "accept", "party": ben.user.id}
    assert ben.http.post("/account/invitation", data=said).status_code == 403
    assert ben.http.post("/account/invitation", data={**said, "proof": "0" * 64}).status_code == 403
    shown = ben.get(path_of(link))
    ben.http.headers["Origin"] = "https://evil.example"
    assert ben.send(shown, answer="accept").status_code == 403
    ann.sign_in()
    ann.http.headers["Sec-Fetch-Site"] = "cross-site"
    for address in ("/account/access", "/account/organisations"):
        assert ann.http.post(address, data={"do": "create", "name": "Evil"}).status_code == 403
    assert not has(fresh, ben, "hugo")


def test_an_invitation_that_was_taken_back_or_ran_out_works_no_more(fresh: Served, ann: Person) -> None:
    api, ben = Api(ann, fresh), guest(fresh)
    made = api.invite().json()
    assert api("DELETE", f"{API}/invitations/{made['invitation']['id']}").status_code == 204
    assert api("DELETE", f"{API}/invitations/{made['invitation']['id']}").json()["code"] == "invitation.unknown"
    ben.sign_in()
    assert ben.get(path_of(made["link"])).status_code == 404
    assert api.invite(days=91).json()["code"] == "invitation.days"
    late = api.invite().json()
    fresh.engine.authority.invitations._clock = lambda: now() + 8 * DAY
    assert ben.get(path_of(late["link"])).status_code == 404
    assert api.invite(until="2020-01-01").json()["code"] == "grant.over"
    assert api.invite(redirect="https://evil.example").json()["code"] == "invitation.redirect"
    assert api.invite(email="nonsense").json()["code"] == "user.email"


def test_what_the_inviter_could_not_give_any_more_is_not_given(fresh: Served, ann: Person) -> None:
    link, ben = Api(ann, fresh).invite().json()["link"], guest(fresh)
    ben.sign_in()
    shown = ben.get(path_of(link))
    fresh.on_loop(lambda: fresh.engine.holdings.__setitem__(ann.user.id, frozenset()))
    assert ben.send(shown, answer="accept").status_code == 404
    assert not has(fresh, ben, "hugo")


def test_nobody_invites_or_gives_beyond_what_they_have(fresh: Served, ann: Person) -> None:
    ben = guest(fresh)
    accepted(ben, Api(ann, fresh).invite().json()["link"])
    api = Api(ben, fresh)
    refused = api.invite()
    assert (refused.status_code, refused.json()["code"]) == (403, "role.insufficient")
    hidden, missing = api.invite(on="zola"), api.invite(on="nowhere")
    assert hidden.status_code == 404
    assert hidden.json() == missing.json()
    assert api("GET", f"{API}/grants").json()["items"][0]["party"]["id"] == ben.user.id
    assert len(api("GET", f"{API}/grants").json()["items"]) == 1  # its own, and no other
    given_ = api("POST", f"{API}/grants", party=ben.user.id, role="Owner", on="hugo")
    assert given_.json()["code"] == "role.insufficient"
    for who in (ann.user.id, "nobody"):
        taken = api("DELETE", f"{API}/grants/{_id(fresh, 'hugo', who, 'home/Owner')}")
        assert (taken.status_code, taken.json()["code"]) == (403, "role.insufficient")


def test_an_app_gives_no_more_than_its_token_reaches(fresh: Served, ann: Person) -> None:
    narrow = Api(ann, fresh, "twin:read twin:share")
    assert narrow.invite().status_code == 201
    beyond = narrow.invite(role="Owner")
    assert (beyond.status_code, beyond.json()["code"]) == (403, "scope.insufficient")
    assert Api(ann, fresh, "twin:read twin:write").invite().json()["code"] == "scope.insufficient"


def test_who_may_share_for_a_time_gives_for_no_longer_and_takes_nothing_that_lasts(fresh: Served, ann: Person) -> None:
    ben, engine = guest(fresh), fresh.engine
    until = now() + DAY
    held = Relation(type=HAS_ROLE, source=ben.user.id, target=engine.id("hugo"), roles=(Held("home/Owner", until),))
    accepted(ben, Api(ann, fresh).invite().json()["link"])
    unlink = Unlink(type=HAS_ROLE, source=ben.user.id, target=engine.id("hugo"))
    fresh.on_loop(lambda: engine.change(unlink, Link(held)))
    api = Api(ben, fresh)
    assert api.invite(email="eve@example.com").json()["code"] == "grant.longer"
    lasting = _id(fresh, "hugo", ann.user.id, "home/Owner")
    assert api("DELETE", f"{API}/grants/{lasting}").json()["code"] == "grant.longer"
    longer = api("POST", f"{API}/grants", party=ben.user.id, role="Owner", on="hugo")
    assert longer.json()["code"] == "grant.longer"
    assert api("DELETE", f"{API}/grants/{_id(fresh, 'hugo', ben.user.id, 'home/Owner')}").status_code == 204


def test_the_last_owner_stays_until_there_is_another(fresh: Served, ann: Person) -> None:
    api, ben = Api(ann, fresh), guest(fresh)
    own = _id(fresh, "hugo", ann.user.id, "home/Owner")
    refused = api("DELETE", f"{API}/grants/{own}")
    assert (refused.status_code, refused.json()["code"]) == (409, "site.ownerless")
    short = api("POST", f"{API}/grants", party=ann.user.id, role="Owner", on="hugo", until="2099-01-01")
    assert short.json()["code"] == "site.ownerless"
    accepted(ben, api.invite(role="Owner").json()["link"])
    assert api("DELETE", f"{API}/grants/{own}").status_code == 204
    assert api("GET", f"{API}/grants").json()["items"] == []


def test_roles_are_given_to_who_is_there_and_to_nobody_else(fresh: Served, ann: Person) -> None:
    api, ben = Api(ann, fresh), guest(fresh)
    stranger = api("POST", f"{API}/grants", party=ben.user.id, role="Guest", on="hugo")
    nobody = api("POST", f"{API}/grants", party="nobody", role="Guest", on="hugo")
    assert stranger.status_code == 404
    assert stranger.json() == nobody.json()
    accepted(ben, api.invite().json()["link"])
    again = api("POST", f"{API}/grants", party=ben.user.id, role="Guest", on="hugo/flat/living", until="2099-01-01")
    assert again.json()["path"] == "hugo/flat/living"
    assert [each.role for each in has(fresh, ben, "hugo/flat/living")] == ["home/Guest"]
    below = api("GET", f"{API}/grants?on=hugo/flat").json()["items"]
    assert [each["path"] for each in below] == ["hugo/flat/living"]
    first = api("GET", f"{API}/grants?limit=2").json()
    second = api("GET", first["next"]).json()
    assert len(first["items"]) + len(second["items"]) == 3
    assert api("POST", f"{API}/grants", party=ben.user.id, role="King", on="hugo").json()["code"] == "role.unknown"


def test_a_site_changes_hands_when_the_new_owner_accepts(fresh: Served, ann: Person) -> None:
    api, ben = Api(ann, fresh), guest(fresh)
    made = api("POST", f"{API}/transfers", site="hugo", email="ben@example.com")
    assert made.status_code == 201, made.text
    ben.sign_in()
    shown = ben.get(path_of(made.json()["link"]))
    assert "take over" in shown.text
    assert not has(fresh, ben, "hugo")
    assert ann.user.id in fresh.engine.mirror.entities
    assert has(fresh, ann, "hugo")
    assert ben.send(shown, answer="accept").status_code == 303
    assert [each.role for each in has(fresh, ben, "hugo")] == ["home/Owner"]
    assert not has(fresh, ann, "hugo")
    assert api("GET", "/api/v1/sites").json()["items"] == []


def test_nobody_hands_over_what_is_not_theirs(fresh: Served, ann: Person) -> None:
    ben = guest(fresh)
    accepted(ben, Api(ann, fresh).invite().json()["link"])
    api = Api(ben, fresh)
    refused = api("POST", f"{API}/transfers", site="hugo", email="eve@example.com")
    assert (refused.status_code, refused.json()["code"]) == (403, "role.insufficient")
    assert api("POST", f"{API}/transfers", site="zola", email="eve@example.com").status_code == 404
    inner = Api(ann, fresh)("POST", f"{API}/transfers", site="hugo/flat", email="eve@example.com")
    assert inner.json()["code"] == "transfer.site"


def test_members_of_an_organisation_have_its_roles(fresh: Served, ann: Person) -> None:
    api, ben = Api(ann, fresh), guest(fresh)
    acme = api("POST", "/api/v1/organisations", name="Acme").json()
    assert (acme["standing"], [each["standing"] for each in acme["members"]]) == ("admin", ["admin"])
    given_ = api("POST", f"{API}/grants", party=acme["id"], role="Guest", on="hugo")
    assert given_.json()["party"]["kind"] == "organisation"
    accepted(ben, api.invite(role="member", on=acme["id"]).json()["link"])
    theirs = Api(ben, fresh)
    assert [each["key"] for each in theirs("GET", "/api/v1/sites").json()["items"]] == ["hugo"]
    (role,) = theirs("GET", API).json()["items"][0]["roles"]
    assert role["through"] == [{"id": acme["id"], "kind": "organisation", "name": "Acme"}]
    assert theirs.invite(role="admin", on=acme["id"]).json()["code"] == "member.insufficient"
    mine = f"/api/v1/organisations/{acme['id']}/members"
    assert theirs("DELETE", f"{mine}/{ann.user.id}").json()["code"] == "member.insufficient"
    assert api("DELETE", f"{mine}/{ann.user.id}").json()["code"] == "organisation.adminless"
    assert api("DELETE", f"{mine}/{ben.user.id}").status_code == 204
    assert theirs("GET", "/api/v1/sites").json()["items"] == []
    assert theirs("GET", f"/api/v1/organisations/{acme['id']}").json()["code"] == "organisation.unknown"
    assert theirs("GET", "/api/v1/organisations").json()["items"] == []
    assert api("DELETE", f"/api/v1/organisations/{acme['id']}").status_code == 204
    assert len(api("GET", f"{API}/grants").json()["items"]) == 1


def test_an_app_says_who_is_in_an_organisation_only_where_it_reaches_as_far(fresh: Served, ann: Person) -> None:
    api = Api(ann, fresh)
    acme = api("POST", "/api/v1/organisations", name="Acme").json()["id"]
    assert api("POST", f"{API}/grants", party=acme, role="Owner", on="hugo").status_code == 200
    narrow = Api(ann, fresh, "twin:read twin:share")
    assert narrow.invite(role="member", on=acme).json()["code"] == "organisation.beyond"
    assert api.invite(role="member", on=acme).status_code == 201
    assert api.invite(role="king", on=acme).json()["code"] == "member.standing"
    assert api("POST", "/api/v1/organisations", name="  ").json()["code"] == "organisation.name"


def test_the_account_shows_who_has_access_and_does_what_its_forms_say(fresh: Served, ann: Person) -> None:
    ben = guest(fresh)
    ann.sign_in()
    shown = ann.get("/account/access")
    assert "You are Owner of" in shown.text
    made = _sent(ann, shown, "invite", email="ben@example.com", role="Guest", on="hugo")
    link = made.text.partition("<code>")[2].partition("</code>")[0]
    accepted(ben, link)
    assert has(fresh, ben, "hugo")
    shown = ann.get("/account/access")
    assert f"{ben.user.id} is Guest of" in shown.text
    _sent(ann, shown, "take", party=ben.user.id, role="home/Guest", on=fresh.engine.id("hugo"))
    assert not has(fresh, ben, "hugo")
    stuck = _sent(ann, shown, "take", party=ann.user.id, role="home/Owner", on=fresh.engine.id("hugo"))
    assert stuck.status_code == 409
    assert "would be left without anybody" in stuck.text
    offered = _sent(ann, shown, "transfer", site=fresh.engine.id("hugo"), email="ben@example.com")
    assert "Pass this link on" in offered.text
    (waiting,) = fresh.engine.authority.invitations.list()
    _sent(ann, ann.get("/account/access"), "revoke", invitation=waiting.id)
    assert fresh.engine.authority.invitations.list() == []
    teams = ann.get("/account/organisations")
    _sent(ann, teams, "create", name="Acme <b>", at="/account/organisations")
    teams = ann.get("/account/organisations")
    assert "Acme &lt;b&gt;" in teams.text
    assert ben.get("/account/organisations").text.count("Acme") == 0
    assert opened(fresh).get("/account/access").status_code == 303


def _sent(
    person: Person, shown: httpx2.Response, do: str, *, at: str = "/account/access", **said: str
) -> httpx2.Response:
    """Send what a form of a page would."""
    proof = shown.text.partition('name="proof" value="')[2].partition('"')[0]
    return person.http.post(at, data={"proof": proof, "do": do, **said})


def _id(served: Served, path: str, party: str, role: str) -> str:
    from api import cursors

    return cursors.encode(served.engine.id(path), party, role)

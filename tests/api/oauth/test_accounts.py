"""Sign-in, the choice of a password, and what a user let apps do."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.oauth.conftest import bearer
from tests.api.oauth.people import PASSWORD, App, Person

WRONG = "The e-mail address or the password is wrong."


def test_a_wrong_password_and_an_unknown_user_read_the_same(ada: Person) -> None:
    page = ada.get("/login")
    answers = [
        ada.send(page, email=email, password=password)
        for email, password in (
            (ada.email, "wrong wrong wrong"),
            ("nobody@example.com", PASSWORD),
            ("", ""),
            ("x", "\x00"),
        )
    ]
    assert {each.status_code for each in answers} == {401}
    texts = {re.sub(r'name="email" type="email" value="[^"]*"', "", each.text) for each in answers}
    assert len(texts) == 1
    assert WRONG in texts.pop()


def test_who_guesses_is_slowed_down_and_the_right_password_does_not_help(served: Served, ada: Person) -> None:
    page = ada.get("/login")
    for email in (ada.email, "nobody@example.com"):
        statuses = [ada.send(page, email=email, password="wrong wrong wrong").status_code for _ in range(11)]
        assert statuses == [401] * 10 + [429], email
    late = ada.send(page, email=ada.email, password=PASSWORD)
    assert late.status_code == 429
    assert re.search(r"Try again in \d+ seconds", late.text)
    bob = Person(served, "bob@example.com")
    assert bob.sign_in().status_code == 303


def test_one_machine_cannot_try_everybody(served: Served, ada: Person) -> None:
    page = ada.get("/login")
    statuses = [ada.send(page, email=f"{number}@example.com", password="x").status_code for number in range(52)]
    assert statuses == [401] * 50 + [429] * 2


def test_a_link_lets_a_user_choose_a_password_once(served: Served) -> None:
    users = served.engine.authority.users
    if "new@example.com" in {each.email for each in users.list()}:
        users.link("new@example.com")
    else:
        users.add("new@example.com", "New")
    _, link = users.link("new@example.com")
    address = f"/account/password?link={link}"
    with httpx2.Client(base_url=served.url) as http:
        person = object.__new__(Person)
        person.http = http
        page = person.get(address)
        assert 'value="new@example.com"' in page.text
        short = person.send(page, password="short")
        assert (short.status_code, "12 to 256 characters" in short.text) == (400, True)
        done = person.send(page, password="a password of my own")
        assert done.headers["location"].startswith("/login")
        assert person.send(page, password="another password").status_code == 404
        assert person.get(address).status_code == 404
        signed_in = person.send(person.get("/login"), email="new@example.com", password="a password of my own")
        assert signed_in.headers["location"] == "/account"


def test_a_new_password_ends_the_sessions_of_who_knew_the_old_one(served: Served, ada: Person) -> None:
    ada.sign_in()
    assert ada.get("/account").status_code == 200
    _, link = served.engine.authority.users.link(ada.email)
    served.engine.authority.choose_password(link, PASSWORD)
    assert ada.get("/account").status_code == 303


def test_the_account_lists_what_was_let_in_and_ends_it_at_once(served: Served, app: App, ada: Person) -> None:
    for known in served.engine.authority.authorizations.of_user(ada.user.id):
        served.engine.authority.end(ada.user.id, known.client)
    tokens = app.tokens(ada, "hugo")
    page = ada.get("/account")
    assert "Comfort may" in page.text
    assert "See the sites it was given" in page.text
    assert "in: Hugo." in page.text
    assert "Zola" not in page.text
    assert app.sites(tokens["access_token"]) == ["hugo"]
    assert ada.send(page).headers["location"] == "/account"
    assert "No app may act for you." in ada.get("/account").text
    answer = app.http.get("/api/v1/sites", headers=bearer(tokens["access_token"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid")
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert ada.get(app.address()).status_code == 200


def test_a_disabled_user_is_out_everywhere_at_once(served: Served, app: App) -> None:
    person = Person(served, "gone@example.com")
    tokens = app.tokens(person, "hugo")
    authority = served.engine.authority
    authority.disable_user(person.email, disabled=True)
    assert person.get("/account").status_code == 303
    assert person.sign_in().status_code == 401
    assert app.http.get("/api/v1/sites", headers=bearer(tokens["access_token"])).status_code == 401
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    authority.disable_user(person.email, disabled=False)
    assert person.sign_in().status_code == 303
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    authority.remove_user(person.email)
    assert person.get("/account").status_code == 303


def test_signing_out_ends_the_session(ada: Person, served: Served) -> None:
    ada.sign_in()
    cookie = ada.http.cookies["twin"]
    page = ada.get("/account")
    form = page.text[page.text.rindex("<form") :]
    proof = form.partition('name="proof" value="')[2][:64]
    assert ada.http.post("/logout", data={"proof": proof}).headers["location"] == "/login"
    with httpx2.Client(base_url=served.url, cookies={"twin": cookie}) as old:
        assert old.get("/account").status_code == 303


class Outline(HTMLParser):
    """What a page says to who cannot see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("address", ["/login", "/account", "/device", "consent"])
def test_pages_can_be_read_aloud_and_used_with_a_keyboard(app: App, ada: Person, address: str) -> None:
    if address != "/login":
        ada.sign_in()
    page = ada.get(app.address(prompt="consent") if address == "consent" else address)
    outline = Outline(page.text)
    assert outline.all("html")[0]["lang"] == "en"
    assert len(outline.all("h1")) == len(outline.all("main")) == len(outline.all("title")) == 1
    labelled = {each["for"] for each in outline.all("label") if "for" in each}
    for field in outline.all("input"):
        if field["type"] not in {"hidden", "checkbox"}:
            assert field["id"] in labelled
            assert field["autocomplete"]
    boxes = page.text.count('type="checkbox"')
    assert page.text.count("<label><input") == boxes
    assert bool(boxes) == bool(outline.all("legend"))
    assert not {tag for tag, _ in outline.tags} & {"script", "img", "iframe", "link"}
    assert not [name for _, attributes in outline.tags for name in attributes if name.startswith("on")]

"""A person with a browser, and an app that sends them here: what a test needs to walk through a sign-in."""

from __future__ import annotations

import itertools
import re
import ssl
from base64 import urlsafe_b64encode
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from twin.access.applications import CODE, DEVICE, REFRESH, Application

if TYPE_CHECKING:
    from tests.api.conftest import Served

PASSWORD = "correct horse battery"
BACK = "https://app.example/back"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE = "openid email twin:read"
_TLS = ssl.create_default_context()
"""One for all: each would read every certificate of the machine, and none is needed here."""
_numbers = itertools.count()


OPEN: list[httpx2.Client] = []
"""Every browser and every app of a test, closed after it."""


def opened(served: Served) -> httpx2.Client:
    client = httpx2.Client(base_url=served.url, verify=_TLS)
    OPEN.append(client)
    return client


class Person:
    """A user with a browser of their own: cookies are kept, redirects are looked at, forms are filled in."""

    def __init__(self, served: Served, email: str, sites: tuple[str, ...] = ("hugo", "zola")) -> None:
        authority = served.engine.authority
        known = {user.email: user for user in authority.users.list()}
        if email not in known:
            known[email], link = authority.users.add(email, email.partition("@")[0].title())
            authority.choose_password(link, PASSWORD)
        self.user = known[email]
        self.email = email
        served.engine.holdings[self.user.id] = frozenset(map(served.engine.id, sites))
        self.http = opened(served)

    def get(self, address: str) -> httpx2.Response:
        return self.http.get(address)

    def send(self, shown: httpx2.Response, **said: str | list[str]) -> httpx2.Response:
        """Fill in the first form of a page and send it."""
        action = re.search(r'<form method="post" action="([^"]*)">(.*?)</form>', shown.text)
        assert action is not None, shown.text
        carried = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', action[2])
        fields = {unescape(name): unescape(value) for name, value in carried}
        return self.http.post(unescape(action[1]), data={**fields, **said})

    def sign_in(self, shown: httpx2.Response | None = None, password: str = PASSWORD) -> httpx2.Response:
        """Sign in, where a redirect leads or from the start."""
        page = self.get("/login" if shown is None else shown.headers["location"])
        return self.send(page, email=self.email, password=password)

    def follow(self, shown: httpx2.Response) -> httpx2.Response:
        """Where a redirect leads."""
        assert shown.status_code == 303, shown.text
        return self.get(shown.headers["location"])

    def consent(self, address: str) -> httpx2.Response:
        """The page that asks, having signed in if need be."""
        shown = self.get(address)
        if shown.status_code == 303 and shown.headers["location"].startswith("/login"):
            shown = self.follow(self.sign_in(shown))
        return shown

    def allow(self, shown: httpx2.Response, *sites: str, **said: str) -> httpx2.Response:
        """Pick sites (by id) and allow."""
        return self.send(shown, answer="allow", site=list(sites), **said)


class App:
    """An app: what it registered, and what it asks."""

    def __init__(self, served: Served, title: str = "Comfort", **more: Any) -> None:
        self.served = served
        fields = {"grants": frozenset({CODE, REFRESH, DEVICE}), "redirect_uris": (BACK,), "proof": "secret", **more}
        scopes = fields.pop("scopes", "openid profile email twin:read twin:write").split()
        name = f"app {next(_numbers)}"
        self.id, self.secret = served.engine.clients.add(name, scopes, None, Application(title=title, **fields))
        self.http = opened(served)

    @property
    def basic(self) -> tuple[str, str] | None:
        return (self.id, self.secret) if self.secret else None

    def query(self, **changes: str | None) -> str:
        said: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": BACK,
            "scope": SCOPE,
            "state": "s/t a&te",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return urlencode({name: value for name, value in said.items() if value is not None})

    def address(self, **changes: str | None) -> str:
        return f"/oauth/authorize?{self.query(**changes)}"

    def post(self, endpoint: str, **said: str) -> httpx2.Response:
        public = {} if self.secret else {"client_id": self.id}
        return self.http.post(f"/oauth/{endpoint}", data={**public, **said}, auth=self.basic)

    def redeem(self, code: str, **changes: str) -> httpx2.Response:
        said = {"grant_type": CODE, "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER, **changes}
        return self.post("token", **said)

    def refresh(self, token: str, **more: str) -> httpx2.Response:
        return self.post("token", grant_type=REFRESH, refresh_token=token, **more)

    def tokens(self, person: Person, *sites: str, **changes: str | None) -> dict[str, Any]:
        """All the way through, as a person who allows it for some sites (by key)."""
        shown = person.consent(self.address(**changes))
        if shown.status_code != 303:
            shown = person.allow(shown, *map(self.served.engine.id, sites))
        answer = self.redeem(answered(shown)["code"])
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def sites(self, token: str) -> list[str]:
        """The sites that a token sees."""
        answer = self.http.get("/api/v1/sites", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return [each["key"] for each in answer.json()["items"]]


def answered(shown: httpx2.Response, back: str = BACK) -> dict[str, str]:
    """What an app is told at its address."""
    assert shown.status_code == 303, shown.text
    location = shown.headers["location"]
    assert location.startswith(f"{back}?"), location
    fields = parse_qsl(urlsplit(location).query, strict_parsing=True)
    found = dict(fields)
    assert len(found) == len(fields)
    return found

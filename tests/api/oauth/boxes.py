"""A box from the factory, and the person who lets it in."""

from __future__ import annotations

import itertools
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.api.oauth.people import Person, opened
from twin.access.applications import DEVICE, MACHINE
from twin.access.assets import ClaimCode
from twin.access.declaring import Declaration, asset_in, declare
from twin.access.possession import TYPE, hashed

if TYPE_CHECKING:
    from tests.api.conftest import Served

ISSUER = "http://twin.test"
KEY_ENDPOINT = f"{ISSUER}/oauth/commissioning/key"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_numbers = itertools.count()


class Factory:
    """A box that knows its serial, its claim code and a key that it made; declared, unless a test says otherwise."""

    def __init__(self, served: Served, kind: str = "gateway", *, declared: bool = True, **said: str) -> None:
        self.served = served
        self.serial = said.pop("serial", f"BX-{next(_numbers)}")
        self.code = "7KQM-2FXH-9RTB"
        self.key = ECKey.generate_key("P-256")
        self.http = opened(served)
        self.client_id = ""
        if declared:
            self.declare(kind, **said)

    def declare(self, kind: str, **said: str) -> None:
        engine = self.served.engine
        made = Declaration(serial=self.serial, type=kind, **said)
        self.served.on_loop(lambda: engine.change(*declare(engine.mirror, engine.ontology, made)))
        engine.authority.assets.keep([ClaimCode(self.asset, self.serial, self.code)])

    @property
    def asset(self) -> str:
        found = asset_in(self.served.engine.mirror, self.serial, "")
        assert found is not None
        return found.id

    def ask(self, **changes: str) -> httpx2.Response:
        said = {"client_id": "commissioning", "serial": self.serial, "claim_code": self.code, **changes}
        return self.http.post("/oauth/device_authorization", data={key: value for key, value in said.items() if value})

    def begin(self) -> dict[str, Any]:
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def poll(self, device_code: str, **more: str) -> httpx2.Response:
        said = {"client_id": "commissioning", "grant_type": DEVICE, "device_code": device_code, **more}
        return self.http.post("/oauth/token", data=said)

    def proof(self, about: str, key: Any = None, **changes: Any) -> str:
        claims = {"aud": KEY_ENDPOINT, "ath": hashed(about), **changes}
        return jwt.encode({"alg": "ES256", "typ": TYPE}, claims, key or self.key, algorithms=["ES256"])

    def swap(self, token: str, key: Any = None, **changes: Any) -> httpx2.Response:
        own = key or self.key
        said = {"jwk": own.as_dict(private=False), "proof": self.proof(token, own), **changes}
        answer = self.http.post(
            "/oauth/commissioning/key", json=said, headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        if answer.status_code == 201:
            self.client_id = answer.json()["client_id"]
        return answer

    def statement(self, new: Any, key: Any = None, **changes: Any) -> str:
        return self.signed(key, aud=KEY_ENDPOINT, jkt=new.thumbprint(), **changes)

    def rekey(self, new: Any, statement: str | None = None) -> httpx2.Response:
        said = self.statement(new) if statement is None else statement
        return self.swap("", new, client_assertion=said, proof=self.proof(said, new))

    def signed(self, key: Any = None, **changes: Any) -> str:
        at = int(time.time())
        who = {"iss": self.client_id, "sub": self.client_id, "aud": ISSUER}
        claims = {**who, "iat": at, "exp": at + 60, "jti": str(uuid.uuid4()), **changes}
        return jwt.encode({"alg": "ES256"}, claims, key or self.key, algorithms=["ES256"])

    def ask_token(self, key: Any = None) -> httpx2.Response:
        said = {"grant_type": MACHINE, "client_assertion_type": ASSERTION, "client_assertion": self.signed(key)}
        return self.http.post("/oauth/token", data=said)

    def token(self) -> str:
        answer = self.ask_token()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def let_in(self, person: Person, place: str = "hugo/box") -> str:
        """All the way to the token that buys a key."""
        asked = self.begin()
        assert "is let in" in give(person, typed(person, asked["user_code"]), self.served, place).text
        bought = self.poll(asked["device_code"])
        assert bought.status_code == 200, bought.text
        return str(bought.json()["access_token"])

    def commission(self, person: Person, place: str = "hugo/box") -> dict[str, Any]:
        """All the way to a key."""
        answer = self.swap(self.let_in(person, place))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


def typed(person: Person, user_code: str) -> httpx2.Response:
    """The page after the code was typed."""
    return person.send(person.consent("/device"), user_code=user_code)


def give(person: Person, shown: httpx2.Response, served: Served, place: str, **said: str) -> httpx2.Response:
    """Pick the site, if it is asked for, and the place."""
    if 'name="site" required' in shown.text:
        shown = person.send(shown, answer="site", site=served.engine.id(place.partition("/")[0]))
    return person.send(shown, answer="allow", place=served.engine.id(place), **said)


def offered(shown: httpx2.Response) -> list[str]:
    """The words of what there is to pick."""
    return [each for each in re.findall(r"<option [^>]*>([^<]*)</option>", shown.text) if each != "Choose …"]

"""A gateway from the factory, as its own program: it is let in once by a person, then publishes with a key of its own.

    CLAIM_CODE=7KQM-2FXH-9RTB python examples/gateway.py http://127.0.0.1:8080 --serial BX-1 --state box \
        --point temperature=21.5

The first time it shows a code: open the address that it prints, sign in, and give it its place. What it is, and its
key, it keeps in the state directory; from then on it needs nobody. ``--rotate`` gives it another key first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from joserfc import jwt
from joserfc.jwk import ECKey

from twin.mqtt.client import Client

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECONDS = 30


class Refused(Exception):
    """The twin said no; the text is what it said."""


class Box:
    """What the box knows: at first its serial, in the end its key and which client it is."""

    def __init__(self, twin: str, serial: str, state: Path) -> None:
        self.serial = serial
        self.state = state
        self.twin = answered(Request(f"{twin}/.well-known/oauth-authorization-server"))  # noqa: S310 - its owner says which

    @property
    def facts(self) -> dict[str, Any]:
        """What the twin said that it is; empty before it was let in."""
        kept = self.state / "box.json"
        found: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
        return found

    @property
    def key(self) -> ECKey:
        """Its key, made the first time; it never leaves the box."""
        kept = self.state / "key.json"
        if not kept.exists():
            self.keep("key.json", ECKey.generate_key("P-256").as_dict(private=True))
        return ECKey.import_key(json.loads(kept.read_text()))

    def keep(self, name: str, what: object) -> None:
        """Keep something so that it is there whole, or as it was, whenever the power fails; for nobody else to read."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.state / f"{name}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(what, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.state / name)

    # The first time

    def commission(self, claim_code: str) -> None:
        """Ask to be let in, wait for a person, and swap what they allowed for a client of its own."""
        who = {"client_id": self.twin["commissioning_client_id"]}
        said = {**who, "serial": self.serial, "claim_code": claim_code}
        asked = self.post(self.twin["device_authorization_endpoint"], form=said)
        print(f"open {asked['verification_uri']} and type {asked['user_code']}", flush=True)
        token = self.let_in(who, asked)
        self.keep("box.json", self.swap(self.key, token=token))

    def let_in(self, who: dict[str, str], asked: dict[str, Any]) -> str:
        """Poll as the twin asks it to, no faster, until somebody has answered."""
        wait = asked["interval"]
        while True:
            time.sleep(wait)
            try:
                said = {**who, "grant_type": DEVICE, "device_code": asked["device_code"]}
                return str(self.post(self.twin["token_endpoint"], form=said)["access_token"])
            except Refused as error:
                if str(error) not in {"authorization_pending", "slow_down"}:
                    raise
                wait += 5 * (str(error) == "slow_down")

    def swap(self, key: ECKey, **shown: str) -> dict[str, Any]:
        """Give a key, with the proof that it is ours, for the one thing that is shown: a token, or a statement."""
        endpoint = self.twin["commissioning_key_endpoint"]
        about = urlsafe_b64encode(sha256("".join(shown.values()).encode()).digest()).rstrip(b"=").decode()
        proof = signed(key, {"aud": endpoint, "ath": about}, "commissioning+jwt")
        body = {"jwk": key.as_dict(private=False), "proof": proof}
        token = shown.pop("token", "")
        return self.post(endpoint, json_=body | shown, token=token)

    # From then on

    def rotate(self) -> None:
        """Another key, which the one of before speaks for."""
        new = ECKey.generate_key("P-256")
        endpoint = self.twin["commissioning_key_endpoint"]
        statement = self.assertion(endpoint, jkt=new.thumbprint())
        self.keep("next.json", new.as_dict(private=True))  # should the answer be lost, the next start tries both
        facts = self.swap(new, client_assertion=statement)
        (self.state / "next.json").replace(self.state / "key.json")
        self.keep("box.json", facts)

    def token(self) -> str:
        """An access token, by its key; by the one that it was about to change to, where that has come about."""
        said = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION}
        endpoint = self.twin["token_endpoint"]
        try:
            return str(self.post(endpoint, form=said | {"client_assertion": self.assertion()})["access_token"])
        except Refused:
            if not (self.state / "next.json").exists():
                raise
        (self.state / "next.json").replace(self.state / "key.json")
        return str(self.post(endpoint, form=said | {"client_assertion": self.assertion()})["access_token"])

    def assertion(self, audience: str = "", **more: str) -> str:
        """private_key_jwt (RFC 7523), good once and for a minute."""
        at, who = int(time.time()), self.facts["client_id"]
        claims = {"iss": who, "sub": who, "aud": audience or self.twin["issuer"], "iat": at, "exp": at + 60}
        return signed(self.key, {**claims, "jti": str(uuid.uuid4()), **more}, "JWT")

    async def publish(self, points: dict[str, Any], times: int, every: float) -> None:
        """Say the same of every device, again and again. A new token is got before each connection."""
        address = urlsplit(self.facts["mqtt"])
        async with Client(address.hostname or "", address.port or 1883, self.serial, self.token) as client:
            for number in range(times):
                await asyncio.sleep(every if number else 0)
                said = {name: {"present_value": value} for name, value in points.items()}
                at = datetime.now(UTC).isoformat()
                for topic in self.facts["topics"]:
                    message = {"timestamp": at, "version": "1.5.2", "points": said}
                    await client.publish(topic, json.dumps(message).encode())
                await client.drain()
            print(json.dumps({"published": client.tally.acknowledged, "refused": client.tally.refused}), flush=True)

    def post(self, url: str, *, form: Any = None, json_: Any = None, token: str = "") -> dict[str, Any]:
        """What the twin answers, or `Refused`."""
        data = urlencode(form).encode() if form else json.dumps(json_).encode()
        headers = {} if form else {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return answered(Request(url, data, headers))  # noqa: S310 - where the twin says


def answered(request: Request) -> dict[str, Any]:
    """The JSON that comes back; `Refused` where the twin says no."""
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.loads(answer.read())
    except HTTPError as error:
        raise Refused(json.loads(error.read())["error"]) from error
    return found


def signed(key: ECKey, claims: dict[str, Any], typ: str) -> str:
    """A JWT that only who has the key can make."""
    return jwt.encode({"alg": "ES256", "typ": typ}, claims, key)


def main() -> None:
    """Be let in if need be, then publish."""
    asks = argparse.ArgumentParser(description="A gateway from the factory; its claim code is in CLAIM_CODE.")
    asks.add_argument("twin", help="where the twin is: http://127.0.0.1:8080")
    asks.add_argument("--serial", required=True)
    asks.add_argument("--state", type=Path, required=True, help="directory for its key, and for what it is")
    asks.add_argument("--point", action="append", default=[], metavar="NAME=JSON", help="what it says of each device")
    asks.add_argument("--times", type=int, default=1)
    asks.add_argument("--every", type=float, default=10.0, help="seconds")
    asks.add_argument("--rotate", action="store_true", help="take another key first")
    said = asks.parse_args()
    box = Box(said.twin, said.serial, said.state)
    try:
        if not box.facts:
            box.commission(os.environ["CLAIM_CODE"])
        if said.rotate:
            box.rotate()
        points = {name: json.loads(value) for name, _, value in (each.partition("=") for each in said.point)}
        if points:
            asyncio.run(box.publish(points, said.times, said.every))
    except Refused as error:
        raise SystemExit(f"the twin refuses: {error}") from error


if __name__ == "__main__":
    main()

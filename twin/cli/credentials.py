"""How commands that act as a client get in: where the twin answers, who they are, and a token when they need one."""

from __future__ import annotations

import asyncio
import base64
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from twin.errors import BackendError, InvalidValue, Unauthenticated

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Access", "ClientId", "Mqtt", "Server", "access"]

_SECONDS = 30
_UNAUTHORISED = 401

Server = Annotated[str | None, typer.Option("--server", help="URL of the API; by default the demo's in --data.")]
Mqtt = Annotated[
    str | None, typer.Option("--mqtt", metavar="HOST:PORT", help="The MQTT endpoint; by default the demo's.")
]
ClientId = Annotated[
    str | None,
    typer.Option("--client-id", envvar="TWIN_CLIENT_ID", help="The client; its secret comes from TWIN_CLIENT_SECRET."),
]


@dataclass(frozen=True, slots=True)
class Access:
    """Where a twin answers, and the client that asks."""

    server: str
    host: str
    port: int
    client_id: str
    secret: str = field(repr=False)

    async def token(self) -> str:
        """A fresh access token.

        Raises:
            Unauthenticated: the twin refuses the client. BackendError: it does not answer.
        """
        return await asyncio.to_thread(self._token)

    def _token(self) -> str:
        metadata = self._open(f"{self.server}/.well-known/oauth-authorization-server")
        basic = base64.b64encode(
            f"{urllib.parse.quote(self.client_id)}:{urllib.parse.quote(self.secret)}".encode()
        ).decode()
        form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
        endpoint = str(metadata["token_endpoint"])
        answer = self._open(endpoint, {"Authorization": f"Basic {basic}"}, form)
        return str(answer["access_token"])

    def get(self, path: str, **query: str) -> Any:
        """What the REST API answers, with a token of this client."""
        url = f"{self.server}{path}?{urllib.parse.urlencode(query)}"
        return self._open(url, {"Authorization": f"Bearer {self._token()}"})

    def _open(self, url: str, headers: dict[str, str] | None = None, form: bytes | None = None) -> Any:
        request = urllib.request.Request(url, form, headers or {})  # noqa: S310 - `access` lets http and https in only
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - as above
                return orjson.loads(response.read())
        except urllib.error.HTTPError as error:
            body = error.read().decode(errors="replace")[:300]
            if error.code == _UNAUTHORISED:
                raise Unauthenticated(
                    f"{self.server} refuses the client {self.client_id}",
                    code="client.refused",
                    help="check TWIN_CLIENT_ID and TWIN_CLIENT_SECRET; twin client rotate makes a new secret",
                ) from error
            raise BackendError(f"{url} answered {error.code}: {body}", code="server.refused") from error
        except (OSError, ValueError) as error:
            raise BackendError(
                f"{self.server} does not answer: {error}", code="server.unreachable", help="is the twin running there?"
            ) from error


def access(data: Path, server: str | None, mqtt: str | None, client_id: str | None) -> Access:
    """From options and the environment; what is not given is the demo's that runs on ``data``.

    Raises:
        InvalidValue: something is not given and no demo has left it there.
    """
    demo = _demo(data)
    host, _, port = (mqtt or demo.get("mqtt", "").removeprefix("mqtt://")).rpartition(":")
    base = server or demo.get("issuer", "")
    secret = os.environ.get("TWIN_CLIENT_SECRET", "") if client_id else demo.get("client_secret", "")
    client = client_id or demo.get("client_id", "")
    if not (base and host and port.isdigit() and client and secret):
        raise InvalidValue(
            f"which twin, and as whom? There is no demo in {data}",
            code="access.missing",
            help="start one (twin demo), or give --server URL --mqtt HOST:PORT --client-id ID and TWIN_CLIENT_SECRET",
        )
    if not base.startswith(("http://", "https://")):
        raise InvalidValue(f"{base!r} is no URL", code="server.invalid", help="write --server http://127.0.0.1:8080")
    return Access(base.rstrip("/"), host, int(port), client, secret)


def _demo(data: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = orjson.loads((data / "demo.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found

"""From an issuer's name to its keys: what a server may answer, and what it may not bring about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.issuing import EC, LOGIN, RSA, issuer, jwks
from twin.access.issuers.discovery import discovered, keys_of
from twin.access.issuers.fetching import LARGEST, SECONDS, fetch, unreachable
from twin.errors import BackendError

OIDC, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


def published(documents: dict[str, Any], url: str = LOGIN, more: str = "", asked: list[str] | None = None) -> Any:
    """The keys of an issuer whose documents are these."""

    def get(place: str) -> bytes:
        if asked is not None:
            asked.append(place)
        if place not in documents:
            raise unreachable(place, "it answered 404")
        found = documents[place]
        return found if isinstance(found, bytes) else json.dumps(found).encode()

    return keys_of(issuer(more, url=url), get)


def metadata(url: str = LOGIN, keys: object = f"{LOGIN}/jwks") -> dict[str, Any]:
    return {"issuer": url, "jwks_uri": keys}


def test_keys_are_found_by_the_metadata() -> None:
    found = published({f"{LOGIN}{OIDC}": metadata(), f"{LOGIN}/jwks": jwks(RSA, EC)})
    assert set(found) == {("r1", "RS256"), ("e1", "ES256")}


def test_metadata_may_be_those_of_rfc_8414() -> None:
    realm, asked = f"{LOGIN}/realms/x", list[str]()
    found = published({f"{LOGIN}{OAUTH}/realms/x": metadata(realm), f"{LOGIN}/jwks": jwks(EC)}, realm, asked=asked)
    assert set(found) == {("e1", "ES256")}
    assert asked[0] == f"{realm}{OIDC}"


def test_a_slash_at_the_end_is_part_of_a_name() -> None:
    documents = {f"{LOGIN}{OIDC}": metadata(f"{LOGIN}/"), f"{LOGIN}/jwks": jwks(EC)}
    assert published(documents, f"{LOGIN}/")
    with pytest.raises(BackendError, match="is the metadata of") as caught:
        published(documents)
    assert "slash" in str(caught.value.help)


def test_metadata_may_be_somewhere_else() -> None:
    elsewhere = "https://sts.example/meta"
    more = f'discovery = "{elsewhere}"'
    assert published({elsewhere: metadata(), f"{LOGIN}/jwks": jwks(EC)}, more=more)


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ({}, "issuer.unreachable"),
        ({f"{LOGIN}{OIDC}": metadata("https://evil.example")}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": metadata("")}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": metadata(keys="http://keys.example/jwks")}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": metadata(keys="file:///etc/passwd")}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": metadata(keys=["https://keys.example"])}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": [metadata()]}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": b"<html>"}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": metadata()}, "issuer.unreachable"),
        ({f"{LOGIN}{OIDC}": metadata(), f"{LOGIN}/jwks": b"<html>"}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": metadata(), f"{LOGIN}/jwks": {"keys": []}}, "issuer.invalid"),
        ({f"{LOGIN}{OIDC}": metadata(), f"{LOGIN}/jwks": jwks(RSA, use="enc")}, "issuer.invalid"),
    ],
)
def test_what_is_not_as_it_must_be(documents: dict[str, Any], code: str) -> None:
    with pytest.raises(BackendError) as caught:
        published(documents)
    assert caught.value.code_ == code
    assert caught.value.help


class Answers(BaseHTTPRequestHandler):
    """A server that answers as its path says."""

    def do_GET(self) -> None:
        self.protocol_version = "HTTP/1.1"
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
        elif self.path == "/broken":
            self.send_error(500)
        else:
            body = b"x" * (LARGEST + 1) if self.path == "/large" else b"good"
            self.send_response(204 if self.path == "/none" else 200)
            self.send_header("Content-Length", str(len(body) + (self.path == "/short")))
            self.end_headers()
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        thread = Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def test_a_document_is_fetched(server: str) -> None:
    assert fetch(f"{server}/good") == b"good"


@pytest.mark.parametrize(
    ("path", "says"),
    [("/moved", "redirects are not followed"), ("/broken", "500"), ("/large", "larger"), ("/none", "204")],
)
def test_what_is_not_a_document_of_that_place(server: str, path: str, says: str) -> None:
    with pytest.raises(BackendError, match=says) as caught:
        fetch(f"{server}{path}")
    assert caught.value.code_ == "issuer.unreachable"


def test_a_document_that_never_ends_is_given_up(server: str) -> None:
    ticks = iter([0.0, SECONDS + 1])
    with pytest.raises(BackendError, match="longer than"):
        fetch(f"{server}/good", clock=lambda: next(ticks))


@pytest.mark.parametrize("url", ["http://login.example/x", "file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", ""])
def test_nothing_is_fetched_in_the_open(url: str) -> None:
    with pytest.raises(BackendError, match="neither https"):
        fetch(url)


def test_nobody_there_is_said(server: str) -> None:
    with pytest.raises(BackendError, match="cannot be had"):
        fetch("http://127.0.0.1:1/x")
    with pytest.raises(BackendError, match="cannot be had"):
        fetch(server.replace("http:", "https:"))  # no TLS there


def test_where_the_keys_are_is_told_alone() -> None:
    assert discovered(issuer(), lambda _: json.dumps(metadata()).encode()) == f"{LOGIN}/jwks"

"""A person's browser: the cookie by which it is known again, and the proof that a form was ours and theirs.

Two things must hold before a form counts: the browser says that it came from a page of ours (Sec-Fetch-Site, Origin),
where it says anything, and the form carries a value that only a page made for this very cookie and purpose has.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from api.context import engine_of
from api.engine import Engine
from api.oauth.forms import fields_of, form_of
from twin.access.browsers import BROWSER_SECONDS
from twin.access.opaque import draw
from twin.access.sessions import SESSION_SECONDS, SignedIn

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from twin.access.authority import Authority

__all__ = ["Browser", "browser_of", "forget", "know_again", "network_of", "remember", "visited"]

_OURS = frozenset({"same-origin", "none"})
_KNOWN = "-known"


class Browser(msgspec.Struct, frozen=True):
    """A request of a browser's, read completely, and who is signed in with it."""

    engine: Engine
    secret: str
    """Of its cookie: that of a session, or of a visit before anybody signed in."""
    signed_in: SignedIn | None
    query: str
    fields: tuple[tuple[str, str], ...]
    address: str
    genuine: bool
    """Whether it says that it came from a page of ours, if it says anything."""
    known: str = ""
    """By what it is known again, signed in or not (`twin.access.browsers`)."""

    @property
    def authority(self) -> Authority:
        """Where sessions and all else is kept."""
        return self.engine.authority

    def said(self, name: str) -> str:
        """A field of its form; empty when it is not there, or there twice."""
        found = [value for each, value in self.fields if each == name]
        return found[0] if len(found) == 1 else ""

    def asked(self, name: str) -> str:
        """The same of its query."""
        found = [value for each, value in fields_of(self.query) if each == name]
        return found[0] if len(found) == 1 else ""

    def proof(self, purpose: str) -> str:
        """What a form for that purpose carries."""
        return hmac.new(self.secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    def proves(self, purpose: str) -> bool:
        """Whether its form is one that we made for it and for that purpose."""
        offered = self.said("proof").encode()
        return bool(self.secret) and self.genuine and hmac.compare_digest(offered, self.proof(purpose).encode())


async def browser_of(request: Request) -> Browser:
    """Read a request completely, and look up who is signed in."""
    engine = engine_of(request)
    secret = request.cookies.get(_cookie(engine.authority.pages), "")
    signed_in = await engine.in_pool(lambda: engine.authority.sessions.find(secret))
    form = await form_of(request)
    return Browser(
        engine=engine,
        secret=secret,
        signed_in=signed_in,
        query=form.query,
        fields=form.fields,
        address=network_of(request),
        genuine=_genuine(request, engine.authority.pages),
        known=request.cookies.get(_cookie(engine.authority.pages) + _KNOWN, ""),
    )


def visited(browser: Browser) -> Browser:
    """The browser with a cookie, if need be a new one: a form before the sign-in is bound to it."""
    return browser if browser.secret else msgspec.structs.replace(browser, secret=draw())


def remember(response: Response, browser: Browser, secret: str) -> Response:
    """Have the browser show a secret from now on: to us alone, to no script, and not with forms of other sites."""
    return _kept(response, browser, "", secret, SESSION_SECONDS)


def know_again(response: Response, browser: Browser, secret: str) -> Response:
    """The same with what it is to be known again by, once nobody is signed in with it any more."""
    return _kept(response, browser, _KNOWN, secret, BROWSER_SECONDS)


def forget(response: Response, browser: Browser) -> Response:
    """Have the browser show nothing any more."""
    secure = browser.authority.pages.startswith("https:")
    response.delete_cookie(_cookie(browser.authority.pages), path="/", secure=secure, httponly=True, samesite="lax")
    return response


def _kept(response: Response, browser: Browser, suffix: str, secret: str, seconds: int) -> Response:
    secure = browser.authority.pages.startswith("https:")
    name = _cookie(browser.authority.pages) + suffix
    response.set_cookie(name, secret, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def _cookie(pages: str) -> str:
    """``__Host-``: no other host and no page without TLS can have set it, where there is TLS."""
    return "__Host-twin" if pages.startswith("https:") else "twin"


def _genuine(request: Request, pages: str) -> bool:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", pages)
    here = {urlsplit(pages).netloc, request.headers.get("host", "")}
    return site in _OURS and urlsplit(origin).netloc in here


def network_of(request: Request) -> str:
    """Whom a throttle counts together: an address, or the network of 64 bits that one subscriber has."""
    host = request.client.host if request.client else ""
    if ":" not in host:
        return host
    from ipaddress import ip_address, ip_network

    try:
        return str(ip_network((int(ip_address(host)) >> 64 << 64, 64)))
    except ValueError:
        return host

"""The authorization endpoint (RFC 6749 section 3.1): an app sends a person here, and they answer."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from api.oauth.asking import Asking, Misdirected, Refused, answered, read
from api.oauth.forms import fields_of
from api.oauth.pages.consent import answer, carried, fresh, offer, questions
from api.oauth.pages.html import form, page, paragraph, redirect
from api.oauth.pages.signin import to_sign_in
from twin.access.authority import Asked
from twin.times import now

if TYPE_CHECKING:
    from starlette.responses import Response

    from api.oauth.pages.browser import Browser
    from api.oauth.pages.consent import Offer
    from twin.access.sessions import SignedIn

__all__ = ["authorize", "decide"]

_MARK = "&signed_in="
_SECOND = 1_000_000


def authorize(browser: Browser) -> Response:
    """Ask for a sign-in, ask the person, or answer at once where they have answered the same before."""
    query, _, mark = browser.query.partition(_MARK)
    try:
        asking = read(browser.authority, fields_of(query))
        return _authorized(browser, asking, query, mark)
    except Misdirected as error:
        return _misdirected(error)
    except Refused as error:
        return redirect(error.location(browser.authority.issuer))


def decide(browser: Browser) -> Response:
    """Take the person's answer. The request is checked anew: nothing that the form carries is believed."""
    query = browser.said("request")
    if not browser.proves(f"consent {query}"):
        return page("Allow an app", problem="The form was too old: go back to the app and start again.", status=403)
    try:
        asking = read(browser.authority, fields_of(query))
        if browser.signed_in is None:
            return to_sign_in(f"/oauth/authorize?{query}")
        return _decided(browser, asking, query, browser.signed_in)
    except Misdirected as error:
        return _misdirected(error)
    except Refused as error:
        return redirect(error.location(browser.authority.issuer))


def _authorized(browser: Browser, asking: Asking, query: str, mark: str) -> Response:
    signed_in = browser.signed_in
    if signed_in is None or (_stale(asking, signed_in) and not _again(browser, signed_in, query, mark)):
        if "none" in asking.prompt:
            raise _refused(asking, "login_required", "nobody is signed in, or not recently enough")
        return to_sign_in(f"/oauth/authorize?{query}")
    offered = offer(browser, signed_in, asking.client, asking.scopes)
    known = _answered_before(asking, offered)
    if known is not None:
        return _granted(browser, asking, known)
    if "none" in asking.prompt:
        raise _refused(asking, "consent_required", "the user has to be asked")
    return _consent_page(browser, asking, offered, query)


def _stale(asking: Asking, signed_in: SignedIn) -> bool:
    """Whether the app wants the password shown again."""
    if asking.prompt & {"login", "select_account"}:
        return True
    return asking.max_age is not None and now() - signed_in.at > asking.max_age * _SECOND


def _again(browser: Browser, signed_in: SignedIn, query: str, mark: str) -> bool:
    """Whether they have shown it for this very request. The address with the mark stays in the browser's history, so
    it is good for a while only.
    """
    made = browser.proof(f"signed in for {query}")
    return fresh(signed_in) and hmac.compare_digest(mark.encode(), made.encode())


def _answered_before(asking: Asking, offered: Offer) -> Asked | None:
    """The same as the person answered before. An app that anybody could pass for is asked about each time."""
    earlier = offered.earlier
    if earlier is None or "consent" in asking.prompt or not asking.client.application.assured:
        return None
    sites = earlier.sites & offered.sites.keys()
    if offered.widens(sites) or (offered.about and not sites):
        return None
    return Asked(
        user=earlier.user,
        client=earlier.client,
        scopes=offered.scopes,
        sites=sites,
        signed_in=offered.signed_in.at,
    )


def _consent_page(browser: Browser, asking: Asking, offered: Offer, query: str, problem: str = "") -> Response:
    title = asking.client.application.title
    parts = (*carried(browser, f"consent {query}", request=query), *questions(offered))
    return page(
        f"Allow {title}?",
        paragraph(f"Your answer goes to {_place(asking.redirect_uri)}."),
        form("/oauth/consent", *parts),
        problem=problem,
        status=400 if problem else 200,
        leads_to=asking.redirect_uri,
    )


def _decided(browser: Browser, asking: Asking, query: str, signed_in: SignedIn) -> Response:
    offered = offer(browser, signed_in, asking.client, asking.scopes)
    if browser.said("answer") != "allow":
        _take(browser, asking)
        raise _refused(asking, "access_denied", "the user did not allow it")
    found = answer(browser, offered)
    if found.asked is None:
        return _consent_page(browser, asking, offered, query, found.problem)
    return _granted(browser, asking, found.asked)


def _granted(browser: Browser, asking: Asking, asked: Asked) -> Response:
    _take(browser, asking)
    authority = browser.authority
    granted = authority.authorized(msgspec.structs.replace(asked, nonce=asking.nonce))
    code = authority.authorizations.begin(granted, redirect_uri=asking.redirect_uri, challenge=asking.challenge)
    return redirect(answered(asking.redirect_uri, asking.state, authority.issuer, {"code": code}))


def _take(browser: Browser, asking: Asking) -> None:
    """A pushed request is answered once."""
    if asking.pushed and not browser.authority.pushed.take(asking.pushed):
        raise Misdirected("The request was answered already: go back to the app and start again.")


def _refused(asking: Asking, error: str, why: str) -> Refused:
    return Refused(error, why, redirect_uri=asking.redirect_uri, state=asking.state)


def _misdirected(error: Misdirected) -> Response:
    return page("This link does not work", problem=error.why, status=400)


def _place(address: str) -> str:
    parts = urlsplit(address)
    return parts.netloc or f"the program that has {parts.scheme}: on this device"

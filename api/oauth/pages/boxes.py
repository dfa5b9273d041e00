"""Letting a box in that has no browser (RFC 8628 section 3.3): a person types the code that it shows, and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from api.oauth.pages.consent import answer, carried, offer, questions
from api.oauth.pages.html import Markup, button, field, form, page, paragraph, text
from api.oauth.pages.places import placing, purpose
from api.oauth.pages.signin import to_sign_in
from twin.errors import TooMany

if TYPE_CHECKING:
    from starlette.responses import Response

    from api.oauth.pages.browser import Browser
    from api.oauth.pages.consent import Offer
    from api.oauth.pages.places import Placing
    from twin.access.device_codes import DeviceAsked
    from twin.access.sessions import SignedIn

__all__ = ["answer_box", "box_page"]

_TITLE = "Connect a device"
_UNKNOWN = "No device shows that code, or it was answered already: check it, or start again on the device."


def box_page(browser: Browser) -> Response:
    """Where the code is typed; a link that has it only fills it in, so nobody answers without having read it."""
    code = browser.asked("user_code")
    if browser.signed_in is None:
        return to_sign_in("/device" + (f"?user_code={quote(code, safe='')}" if code else ""))
    return _typing(browser, code)


def answer_box(browser: Browser) -> Response | Placing:
    """Show what the box asks for, and take the answer; or whose answer it is that gives a box its place."""
    if browser.signed_in is None:
        return to_sign_in("/device")
    code = browser.said("user_code")
    if browser.proves("device"):
        return _asked(browser, browser.signed_in, code)
    if browser.proves(f"device {code}"):
        return _answered(browser, browser.signed_in, code)
    if browser.proves(purpose(code)):
        return placing(browser, browser.signed_in, code) or _typing(browser, code, _UNKNOWN, 404)
    return _typing(browser, code, "The form was too old: please try again.", 403)


def _asked(browser: Browser, signed_in: SignedIn, code: str) -> Response | Placing:
    try:
        browser.authority.guess_code(signed_in.user.id)
    except TooMany as error:
        return _typing(browser, code, f"Too many tries: {error.help}.", 429)
    found = _found(browser, signed_in, code)
    if found is not None:
        return _questions(browser, *found)
    return placing(browser, signed_in, code) or _typing(browser, code, _UNKNOWN, 404)


def _answered(browser: Browser, signed_in: SignedIn, code: str) -> Response:
    found = _found(browser, signed_in, code)
    if found is None:
        return _typing(browser, code, _UNKNOWN, 404)
    shown, offered = found
    codes = browser.authority.device_codes
    if browser.said("answer") != "allow":
        codes.deny(shown.user_code)
        return page(_TITLE, paragraph("The device was not let in."))
    said = answer(browser, offered)
    if said.asked is None:
        return _questions(browser, shown, offered, said.problem)
    if not codes.approve(shown.user_code, browser.authority.authorized(said.asked)):
        return _typing(browser, code, _UNKNOWN, 404)
    return page(_TITLE, paragraph("The device is let in. You can close this page, and go on there."))


def _found(browser: Browser, signed_in: SignedIn, code: str) -> tuple[DeviceAsked, Offer] | None:
    shown = browser.authority.device_codes.asked(code)
    client = None if shown is None else browser.authority.clients.find(shown.client)
    if shown is None or client is None:
        return None
    return shown, offer(browser, signed_in, client, shown.scopes & client.scopes)


def _typing(browser: Browser, code: str, problem: str = "", status: int = 200) -> Response:
    parts = (
        *carried(browser, "device"),
        field("user_code", "Code that the device shows", value=code, hint="Eight letters, such as WDJB-MJHT."),
        button("Go on"),
    )
    return page(_TITLE, form("/device", *parts), problem=problem, status=status)


def _questions(browser: Browser, shown: DeviceAsked, offered: Offer, problem: str = "") -> Response:
    code = shown.user_code
    parts = (*carried(browser, f"device {code}", user_code=code), *questions(offered))
    return page(
        f"Allow {offered.client.application.title}?",
        Markup(
            f'<p>A device shows <strong class="code">{text(code)}</strong>. Go on only if it is yours, in front of '
            "you, and shows this very code: who sent you the code gets what you allow.</p>"
        ),
        form("/device", *parts),
        problem=problem,
        status=400 if problem else 200,
    )

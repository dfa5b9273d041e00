"""Sign-in, sign-out, and the choice of a password."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from api.oauth.pages.browser import Browser, forget, know_again, remember, visited
from api.oauth.pages.html import button, field, form, hidden, page, paragraph, redirect
from twin.access.passwords import LONGEST, SHORTEST
from twin.errors import InvalidValue, NotFound, TooMany, Unauthenticated

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["choose_password", "password_page", "sign_in", "sign_in_page", "sign_out", "signed_in_again", "to_sign_in"]

_PAGES = ("/oauth/authorize", "/device", "/account")
_HOME = "/account"


def to_sign_in(onward: str) -> Response:
    """On to the sign-in, and after it onward."""
    return redirect(f"/login?next={quote(onward, safe='')}")


def sign_in_page(browser: Browser, problem: str = "", status: int = 200, email: str = "", onward: str = "") -> Response:
    """The form. ``onward`` is one of our own pages, whatever the address says (no open redirector)."""
    browser, onward = visited(browser), onward or _onward(browser.asked("next"))
    parts = (
        hidden("proof", browser.proof("login")),
        hidden("next", onward),
        field("email", "E-mail address", "email", value=email, completes="username"),
        field("password", "Password", "password", completes="current-password"),
        button("Sign in"),
    )
    return remember(page("Sign in", form("/login", *parts), problem=problem, status=status), browser, browser.secret)


def sign_in(browser: Browser) -> Response:
    """Check what was typed. Who is unknown and who is wrong read the same, and take the same time."""
    onward, email = _onward(browser.said("next")), browser.said("email")
    if not browser.proves("login"):
        return sign_in_page(browser, "The form was too old: please try again.", 403, email, onward)
    authority = browser.authority
    try:
        user = authority.sign_in(email, browser.said("password"), browser.address, browser.known)
    except (Unauthenticated, TooMany) as error:
        status = 429 if isinstance(error, TooMany) else 401
        return sign_in_page(browser, f"{_sentence(error.message)} {_sentence(error.help)}", status, email, onward)
    secret = authority.sessions.open(user, browser.secret)
    shown = remember(redirect(signed_in_again(browser, secret, onward)), browser, secret)
    return know_again(shown, browser, authority.known_again(user, browser.known))


def signed_in_again(browser: Browser, secret: str, onward: str) -> str:
    """Where to go on; a request that asked for a sign-in of its own is told that there was one."""
    if not onward.startswith("/oauth/authorize?"):
        return onward
    query = onward.partition("?")[2]
    fresh = Browser(browser.engine, secret, None, "", (), "", genuine=True)
    return f"{onward}&signed_in={fresh.proof(f'signed in for {query}')}"


def sign_out(browser: Browser) -> Response:
    """End the session."""
    if not browser.proves("account"):
        return page("Sign out", paragraph("The form was too old: go back and try again."), status=403)
    browser.authority.sessions.close(browser.secret)
    return forget(redirect("/login"), browser)


def password_page(browser: Browser, problem: str = "", status: int = 200) -> Response:
    """The form behind a link; looking at it does not use the link up."""
    browser, link = visited(browser), browser.said("link") or browser.asked("link")
    user = browser.authority.users.linked(link)
    if user is None:
        return page("Choose a password", problem="This link does not work any more. Ask for a new one.", status=404)
    parts = (
        hidden("proof", browser.proof("password")),
        hidden("link", link),
        field("email", "E-mail address", "email", value=user.email, completes="username"),
        field(
            "password",
            "New password",
            "password",
            completes="new-password",
            hint=f"{SHORTEST} to {LONGEST} characters: a few words that do not belong together are easy to remember.",
        ),
        button("Keep it"),
    )
    shown = page("Choose a password", form("/account/password", *parts), problem=problem, status=status)
    return remember(shown, browser, browser.secret)


def choose_password(browser: Browser) -> Response:
    """Keep what was chosen."""
    if not browser.proves("password"):
        return password_page(browser, "The form was too old: please try again.", 403)
    try:
        browser.authority.choose_password(browser.said("link"), browser.said("password"))
    except InvalidValue as error:
        return password_page(browser, f"{_sentence(error.message)} {_sentence(error.help)}", 400)
    except NotFound:
        return password_page(browser)
    return to_sign_in(_HOME)


def _onward(address: str) -> str:
    """One of our own pages, or the account."""
    # A browser is sent there by a header: ASCII, in one line.
    parts = urlsplit(address) if address.isascii() and address.isprintable() and "\\" not in address else urlsplit("")
    ours = not parts.scheme and not parts.netloc and parts.path in _PAGES
    return address if ours else _HOME


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."

"""The page behind an invitation: sign in with the address it is for, or choose a password; then accept, or decline.

Whoever has the link sees the same, whether or not the address has an account; what is offered is shown to who is signed
in with the address, and to nobody else.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from api import inviting
from api.oauth.pages.browser import know_again, remember, visited
from api.oauth.pages.consent import carried
from api.oauth.pages.html import button, choice, field, form, hidden, page, paragraph, redirect
from api.oauth.pages.people import principal_of
from api.oauth.pages.signin import to_sign_in
from api.texts import text_in
from twin.access.passwords import LONGEST, SHORTEST
from twin.errors import Conflict, InvalidValue, NotFound, TooMany, Unauthenticated
from twin.times import rfc3339

if TYPE_CHECKING:
    from starlette.responses import Response

    from api.oauth.pages.browser import Browser
    from twin.access.invitations import Invitation

__all__ = ["answer_invitation", "invitation_page", "join"]

_TITLE = "Invitation"
_DEAD = (
    "This invitation does not work for you: it was answered or taken back, has run out, or is for another address. "
    "Sign in with the address that it was made for, or ask for a new one."
)
_OLD = "The form was too old: please open the link again."


async def invitation_page(browser: Browser) -> Response:
    """What is offered, for who is signed in; else the way in. Looking does not use the link up."""
    secret, engine = browser.asked("link"), browser.engine
    invitations = browser.authority.invitations
    if browser.signed_in is None:
        if not secret:
            return to_sign_in("/account")
        known = await engine.in_pool(partial(invitations.behind, secret))
        return _dead() if known is None else _way_in(browser, secret)
    user = browser.signed_in.user
    if secret:
        found = await engine.in_pool(partial(invitations.open, secret, user))
    else:
        waiting = await inviting.waiting(engine, user.id)
        found = next((each for each in waiting if each.id == browser.asked("id")), None)
    return _dead() if found is None else await _question(browser, found)


def join(browser: Browser) -> Response:
    """Sign in who was invited, with the account that they have or make now."""
    secret, email = browser.said("link"), browser.said("email")
    if not browser.proves("join"):
        return _way_in(browser, secret, _OLD, 403, email)
    authority = browser.authority
    try:
        user = authority.join(secret, email, browser.said("password"), browser.address)
    except NotFound:
        return _dead()
    except (Unauthenticated, TooMany, InvalidValue) as error:
        status = {Unauthenticated: 401, TooMany: 429}.get(type(error), 400)
        return _way_in(browser, secret, f"{error.message}: {error.help}", status, email)
    opened = authority.sessions.open(user, browser.secret)
    shown = remember(redirect(f"/account/invitation?link={quote(secret, safe='')}"), browser, opened)
    return know_again(shown, browser, authority.known_again(user, browser.known))


async def answer_invitation(browser: Browser) -> Response:
    """Take the answer."""
    if browser.signed_in is None:
        return to_sign_in("/account")
    user, identity = browser.signed_in.user, browser.said("invitation")
    if not browser.proves(f"invitation {identity}"):
        return page(_TITLE, problem=_OLD, status=403)
    engine, principal = browser.engine, principal_of(user.id)
    try:
        if browser.said("answer") != "accept":
            await inviting.decline(engine, user, identity, principal)
            return page(_TITLE, paragraph("You have declined."))
        found = await inviting.accept(engine, user, identity, browser.said("party"), principal)
    except NotFound:
        return _dead()
    except Conflict as error:
        return page(_TITLE, problem=f"{error.message}: {error.help}", status=409)
    return redirect(await engine.in_pool(partial(_onward, browser, found)) or "/account/access")


def _dead() -> Response:
    return page(_TITLE, problem=_DEAD, status=404)


def _way_in(browser: Browser, secret: str, problem: str = "", status: int = 200, email: str = "") -> Response:
    browser = visited(browser)
    parts = (
        hidden("proof", browser.proof("join")),
        hidden("link", secret),
        field("email", "E-mail address that the invitation is for", "email", value=email, completes="username"),
        field(
            "password",
            "Password",
            "password",
            completes="current-password",
            hint=f"Yours, if you have an account here. If you have none, choose one now: {SHORTEST} to {LONGEST} "
            "characters; a few words that do not belong together are easy to remember.",
        ),
        button("Go on"),
    )
    words = paragraph(
        "Somebody has invited you to this building twin. What it is about is shown when you are signed in."
    )
    shown = page(_TITLE, words, form("/account/invitation/join", *parts), problem=problem, status=status)
    return remember(shown, browser, browser.secret)


async def _question(browser: Browser, found: Invitation) -> Response:
    signed_in, engine = browser.signed_in, browser.engine
    assert signed_in is not None  # noqa: S101 - asked by the caller
    by = await engine.in_pool(partial(_inviter, browser, found))
    leads_to = await engine.in_pool(partial(_onward, browser, found))
    parties = inviting.as_whom(engine, signed_in.user, found)
    options = {each.id: each.name for each in parties}
    whom = (
        choice("party", "For whom", options, picked=parties[0].id)
        if len(options) > 1
        else hidden("party", parties[0].id)
    )
    return page(
        _TITLE,
        paragraph(f"You are signed in as {signed_in.user.name} ({signed_in.user.email})."),
        paragraph(f"{by} {_offer(browser, found)}"),
        *([paragraph(f"It ends on {rfc3339(found.until)}.")] if found.until is not None else []),
        form(
            "/account/invitation",
            *carried(browser, f"invitation {found.id}", invitation=found.id),
            whom,
            button("Accept", "answer", "accept"),
            button("Decline", "answer", "decline"),
        ),
        leads_to=leads_to,
    )


def _offer(browser: Browser, found: Invitation) -> str:
    """What is offered, in words; of things that are not theirs yet, nothing but the title."""
    mirror = browser.engine.mirror
    target = mirror.get(found.entity)
    if target is None:
        return "offers you something that is not there any more."
    title = text_in(target.title) or target.key
    site = mirror.get(target.site)
    where = title if site is None or site is target else f"{title}, in {text_in(site.title) or site.key}"
    if found.what == "transfer":
        return f"offers you to take over {where}: it would be yours, and theirs no more."
    if found.what == "member":
        return f"invites you into the organisation {title}, as {found.role}: you would have all of its roles."
    role = browser.engine.ontology.of(target.site).roles.get(found.role)
    named = found.role if role is None else text_in(role.title) or role.short
    may = "" if role is None else f" It allows: {', '.join(sorted(role.may))}."
    return f"invites you to be {named} of {where}.{may}"


def _inviter(browser: Browser, found: Invitation) -> str:
    user = browser.authority.users.find(found.by)
    if user is not None:
        return f"{user.name} ({user.email})"
    client = browser.authority.clients.find(found.by) if found.by else None
    return "Who runs this twin" if client is None else client.application.title


def _onward(browser: Browser, found: Invitation) -> str:
    """Where the app wants the answer to lead, if that is still one of its own addresses."""
    client = browser.authority.clients.find(found.client) if found.redirect else None
    return found.redirect if client is not None and found.redirect in client.application.redirect_uris else ""

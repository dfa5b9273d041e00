"""What every page that lets an app in has in common: who asks, for what, where; and what the person answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from api.oauth.pages.html import Markup, button, field, hidden, items, paragraph, text
from api.texts import text_in
from twin.access.authority import Asked
from twin.access.authorizations import Authorization
from twin.access.clients import Client
from twin.access.principals import IDENTITY_SCOPES, SCOPES
from twin.access.sessions import SignedIn
from twin.errors import TooMany, Unauthenticated
from twin.times import now

if TYPE_CHECKING:
    from api.oauth.pages.browser import Browser
    from twin.access.users import User

__all__ = [
    "FRESH_SECONDS",
    "Answer",
    "Offer",
    "answer",
    "carried",
    "fresh",
    "offer",
    "questions",
    "scope_words",
    "site_titles",
    "wrong_password",
]

FRESH_SECONDS = 300
"""How long after a sign-in more may be let in without the password."""
_SECOND = 1_000_000


class Offer(msgspec.Struct, frozen=True):
    """What a person may let an app do."""

    client: Client
    scopes: frozenset[str]
    sites: dict[str, str]
    """The titles of the sites that they may pick, by id, in the order of their titles."""
    earlier: Authorization | None
    """What they let it do before."""
    signed_in: SignedIn

    @property
    def about(self) -> frozenset[str]:
        """The scopes that are about sites."""
        return self.scopes & SCOPES.keys()

    def widens(self, sites: frozenset[str]) -> bool:
        """Whether the app could do more than it can."""
        if self.earlier is None:
            return True
        return not (self.scopes <= self.earlier.scopes and sites <= self.earlier.sites)


class Answer(msgspec.Struct, frozen=True):
    """What the person answered: what is granted, or why the question is asked again."""

    asked: Asked | None
    problem: str = ""


def fresh(signed_in: SignedIn) -> bool:
    """Whether the person has shown the password a moment ago."""
    return now() - signed_in.at <= FRESH_SECONDS * _SECOND


def offer(browser: Browser, signed_in: SignedIn, client: Client, scopes: frozenset[str]) -> Offer:
    """What a user may let an app do now."""
    held = browser.authority.sites_of(signed_in.user.id)
    sites = held if client.sites is None else held & client.sites
    before = browser.authority.authorizations.of_user(signed_in.user.id)
    earlier = next((each for each in before if each.client == client.client_id), None)
    return Offer(client, scopes, site_titles(browser, sites), earlier, signed_in)


def questions(offered: Offer) -> tuple[Markup, ...]:
    """The form's fields: what the app asks, the sites to pick, the password where it is due, and two buttons."""
    application, user = offered.client.application, offered.signed_in.user
    who = "This app registered itself: nobody who runs this twin has looked at it." if application.registered else ""
    parts = [
        paragraph(f"You are signed in as {user.name} ({user.email})."),
        items(f"{application.title} asks to", scope_words(offered.scopes)),
    ]
    if who:
        parts.append(paragraph(who))
    if offered.about:
        parts.append(_sites(offered))
    if not fresh(offered.signed_in):
        parts.append(
            field(
                "password", "Your password, as you let it do more than before", "password", completes="current-password"
            )
        )
    if not offered.about or offered.sites:
        parts.append(button("Allow", "answer", "allow"))
    # A form that is turned down needs no password; browsers check what is required unless told otherwise.
    parts.append(Markup('<button type="submit" name="answer" value="deny" formnovalidate>Do not allow</button>'))
    return tuple(parts)


def answer(browser: Browser, offered: Offer) -> Answer:
    """What is granted by a form that says allow: requested, the client's, the user's, and picked."""
    sites = frozenset(value for name, value in browser.fields if name == "site") & offered.sites.keys()
    if offered.about and not sites:
        return Answer(None, "Pick at least one site, or do not allow it.")
    user = offered.signed_in.user
    if offered.widens(sites) and not fresh(offered.signed_in) and (problem := wrong_password(browser, user)):
        return Answer(None, problem)
    return Answer(
        Asked(
            user=user.id,
            client=offered.client.client_id,
            scopes=offered.scopes,
            sites=sites,
            signed_in=offered.signed_in.at,
        )
    )


def wrong_password(browser: Browser, user: User) -> str:
    """Why the password that a form brings will not do; empty: it is the user's."""
    try:
        browser.authority.sign_in(user.email, browser.said("password"), browser.address, browser.known)
    except Unauthenticated:
        return "The password is wrong."
    except TooMany as error:
        return f"Too many tries: {error.help}."
    return ""


def scope_words(scopes: frozenset[str]) -> list[str]:
    """Scopes as people read them, from the one table that has them."""
    return [words for table in (SCOPES, IDENTITY_SCOPES) for name, words in table.items() if name in scopes]


def site_titles(browser: Browser, sites: frozenset[str]) -> dict[str, str]:
    """The titles of sites, by id; of those that are gone or not built yet, none."""
    found = {each: browser.engine.mirror.get(each) for each in sites}
    titles = {
        each: text_in(entity.title) or entity.key
        for each, entity in found.items()
        if entity is not None and not entity.hidden
    }
    return dict(sorted(titles.items(), key=lambda item: (item[1].casefold(), item[0])))


def _sites(offered: Offer) -> Markup:
    if not offered.sites:
        return paragraph("There is no site that you could let it touch.")
    picked = frozenset(offered.sites) if len(offered.sites) == 1 else frozenset[str]()
    if offered.earlier is not None:
        picked = offered.earlier.sites
    boxes = "".join(
        f'<label><input type="checkbox" name="site" value="{text(each)}"{" checked" if each in picked else ""}> '
        f"{text(title)}</label>"
        for each, title in offered.sites.items()
    )
    return Markup(f"<fieldset><legend>Sites that it may touch</legend>{boxes}</fieldset>")


def carried(browser: Browser, purpose: str, **values: str) -> tuple[Markup, ...]:
    """What a form of this browser carries along."""
    return (hidden("proof", browser.proof(purpose)), *(hidden(name, value) for name, value in values.items()))
